"""Wallets at a simulated venue, and what tests ask of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.units import SHARE, Shares
from simulator.exchange.orders import Version
from simulator.faults.catalogue import ALWAYS, Fault, Name
from simulator.faults.switchboard import FAULTS
from simulator.sheets import Sheet
from tests.simulator.chain.venues import Signing, Venue, somebody
from trading.gateways.polymarket.wallet.answers import (
    Answer,
    Confirmed,
    Outcome,
    Pending,
    Submitted,
)
from trading.gateways.polymarket.wallet.wallet import Wallet

KINDS = [(Version.V1, False), (Version.V1, True), (Version.V2, False)]
TEN = Shares(10 * SHARE)


@asynccontextmanager
async def a_wallet(
    venue: Venue, who: Signing | None = None, *, signature_type: int = 3
) -> AsyncIterator[Wallet]:
    """A wallet with every approval it needs."""
    owner = who or somebody()
    opened = await Wallet.open(
        private_key=owner.key,
        wallet=venue.chain.wallet_of(owner.eoa, signature_type),
        signature_type=signature_type,
        urls=venue,
    )
    try:
        assert isinstance(await settled(opened, await opened.approve()), Confirmed)
        yield opened
    finally:
        await opened.close()


async def settled(wallet: Wallet, answer: Answer | None) -> Outcome:
    """Ask until a submitted transaction has ended; every question lets half a second pass."""
    assert isinstance(answer, Submitted), answer
    for _ in range(100):
        outcome = await wallet.outcome(answer.transaction_id)
        if not isinstance(outcome, Pending):
            return outcome
    raise AssertionError(f"{answer} never ended")


async def merge(wallet: Wallet, sheet: Sheet, shares: Shares = TEN, *, nonce: str | None = None) -> Answer:
    terms = sheet.terms
    return await wallet.merge(
        terms.market_id, shares, neg_risk=terms.neg_risk, version=terms.version, nonce=nonce
    )


async def noted_nonce(wallet: Wallet) -> str:
    nonce = await wallet.nonce()
    assert isinstance(nonce, str)
    return nonce


def fault(venue: Venue, name: Name, target: str = "/submit") -> None:
    venue.app[FAULTS].switch_on(Fault(name, ALWAYS, seed=1, target=target))


def merges_taken(venue: Venue) -> int:
    return sum(one.metadata.startswith("polyloly merge") for one in venue.transactions.relayed.values())
