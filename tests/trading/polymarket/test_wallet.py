"""The wallet against the simulated chain and relayer over loopback, with everything that may be lost on the way."""

import logging
import traceback
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from core.ids import MarketId
from core.units import ONE, SHARE, Price, Shares
from simulator.chain.builder_keys import RELAYER_DOOR
from simulator.exchange.orders import Version
from simulator.faults.catalogue import ALWAYS, Fault, Name
from simulator.faults.switchboard import FAULTS
from simulator.sheets import Sheet
from simulator.world import World
from tests.simulator.chain.venues import Signing, Venue, one_authority, open_venue, somebody
from tests.simulator.evenings import START
from trading.gateways.polymarket import wallet as wallets
from trading.gateways.polymarket.wallet import Wallet, WalletUnusable
from trading.gateways.polymarket.wallet_answers import (
    Answer,
    Confirmed,
    Failed,
    Outcome,
    Pending,
    Refused,
    Submitted,
    Unanswered,
)
from trading.gateways.polymarket.wallet_sdk import config_for

KINDS = [(Version.V1, False), (Version.V1, True), (Version.V2, False)]
TEN = Shares(10 * SHARE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with one_authority(tmp_path_factory.mktemp("authority")):
        yield World(29, START)


@pytest.fixture
async def venue(world: World) -> AsyncIterator[Venue]:
    async with open_venue(world) as opened:
        yield opened


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


async def test_cash_and_shares_are_the_chains(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)

        assert await wallet.cash() == venue.chain.cash(wallet.address) == 9_990_000_000
        assert await wallet.shares(sheet.terms.yes_token) == TEN
        assert await wallet.shares(venue.sheet(Version.V2).terms.no_token) == 0


async def test_only_what_trading_needs_is_approved(venue: Venue) -> None:
    owner = somebody()
    address = venue.chain.wallet_of(owner.eoa, 3)
    wallet = await Wallet.open(private_key=owner.key, wallet=address, signature_type=3, urls=venue)

    missing = await wallet.missing_approvals()
    await settled(wallet, await wallet.approve())

    assert isinstance(missing, tuple)
    assert len(missing) == 12
    assert await wallet.missing_approvals() == ()
    assert await wallet.approve() is None
    config = config_for(venue)
    assert not venue.chain.allowed(address, config.perps_deposit_contract)
    assert not venue.chain.approved_for_all(address, config.auto_redeem_operator)
    await wallet.close()


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
async def test_pairs_of_every_kind_of_market_become_cash(
    venue: Venue, version: Version, neg_risk: bool
) -> None:
    sheet = venue.sheet(version, neg_risk=neg_risk)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        before = venue.chain.cash(wallet.address)

        outcome = await settled(wallet, await merge(wallet, sheet))

    assert isinstance(outcome, Confirmed)
    assert venue.transactions.receipts[outcome.tx_hash].ok
    assert venue.held(wallet.address, sheet) == (0, 0)
    assert venue.chain.cash(wallet.address) == before + TEN


@pytest.mark.parametrize(
    ("version", "payout_yes"), [(Version.V1, ONE), (Version.V2, Price(0)), (Version.V2, Price(ONE // 2))]
)
async def test_a_resolved_market_is_redeemed_whole(venue: Venue, version: Version, payout_yes: Price) -> None:
    sheet = list(venue.sheets(version))[-1]
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        before = venue.chain.cash(wallet.address)
        venue.resolve(sheet, payout_yes)

        answer = await wallet.redeem(sheet.terms.market_id, neg_risk=False, version=version)
        outcome = await settled(wallet, answer)

    assert isinstance(outcome, Confirmed)
    assert venue.chain.cash(wallet.address) == before + TEN
    assert venue.held(wallet.address, sheet) == (0, 0)


async def test_a_merge_of_what_is_not_there_fails_and_uses_no_nonce(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, SHARE)
        nonce = await noted_nonce(wallet)

        outcome = await settled(wallet, await merge(wallet, sheet, nonce=nonce))

        assert isinstance(outcome, Failed)
        assert "reverted" in outcome.reason
        assert await wallet.nonce() == nonce
        assert await wallet.landed_since(nonce, sheet.terms.market_id, TEN) is None


@pytest.mark.parametrize("lost", [Name.ERROR_AFTER, Name.DROP_AFTER_ACCEPT])
async def test_a_merge_whose_answer_is_lost_is_found_and_not_sent_again(venue: Venue, lost: Name) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        nonce = await noted_nonce(wallet)
        fault(venue, lost)

        answer = await merge(wallet, sheet, nonce=nonce)
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)

        assert isinstance(answer, Unanswered)
        assert isinstance(found, str)
        assert isinstance(await settled(wallet, Submitted(found)), Confirmed)
        assert await wallet.nonce() == str(int(nonce) + 1)
    assert venue.held(wallet.address, sheet) == (0, 0)
    assert merges_taken(venue) == 1


async def test_a_merge_that_never_arrived_is_sent_again_with_its_nonce(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        nonce = await noted_nonce(wallet)
        fault(venue, Name.DROP_BEFORE)

        lost = await merge(wallet, sheet, nonce=nonce)
        venue.app[FAULTS].switch_off()
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        again = await settled(wallet, await merge(wallet, sheet, nonce=nonce))

    assert isinstance(lost, Unanswered)
    assert found is None
    assert isinstance(again, Confirmed)
    assert merges_taken(venue) == 1


async def test_the_same_merge_sent_twice_happens_once(venue: Venue) -> None:
    """The first is found by nobody in time; its nonce keeps the second from happening."""
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, Shares(2 * TEN))
        nonce = await noted_nonce(wallet)

        first = await merge(wallet, sheet, nonce=nonce)
        while_busy = await merge(wallet, sheet, nonce=nonce)
        await settled(wallet, first)
        afterwards = await merge(wallet, sheet, nonce=nonce)

    assert isinstance(while_busy, Refused)
    assert while_busy.retry_after_ms is not None
    assert isinstance(afterwards, Unanswered)  # never "no": this nonce was used by the very same merge
    assert venue.held(wallet.address, sheet) == (TEN, TEN)
    assert merges_taken(venue) == 1


async def test_another_merge_of_the_same_market_is_not_mistaken_for_it(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, Shares(2 * TEN))
        earlier = await noted_nonce(wallet)
        taken = await merge(wallet, sheet, nonce=earlier)
        await settled(wallet, taken)
        later = await noted_nonce(wallet)

        assert isinstance(taken, Submitted)
        assert await wallet.landed_since(earlier, sheet.terms.market_id, TEN) == taken.transaction_id
        assert await wallet.landed_since(later, sheet.terms.market_id, TEN) is None
        assert await wallet.landed_since(earlier, MarketId("0x" + "0" * 64), TEN) is None
        assert await wallet.landed_since(earlier, sheet.terms.market_id, Shares(TEN - 1)) is None


async def test_a_quota_says_when_to_come_back(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        fault(venue, Name.RATE_LIMIT)

        assert await merge(wallet, sheet) == Refused(
            "RateLimitError: Request to " + venue.base + "/submit was rate limited", 1_000
        )


async def test_a_relayer_that_stays_silent_is_not_waited_for(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        nonce = await noted_nonce(wallet)
        monkeypatch.setattr(wallets, "CALL_S", 0.3)
        fault(venue, Name.LATE, "/")

        answer = await merge(wallet, sheet, nonce=nonce)
        questions = [
            await wallet.cash(),
            await wallet.nonce(),
            await wallet.outcome("x"),
            await wallet.landed_since(nonce, sheet.terms.market_id, TEN),
        ]
        venue.app[FAULTS].switch_off()
        venue.app[FAULTS].finish()

    assert isinstance(answer, Unanswered | Refused)
    assert all(isinstance(one, Unanswered) for one in questions), questions


async def test_where_nobody_listens_nothing_can_have_happened(world: World) -> None:
    owner = somebody()
    async with open_venue(world) as venue:
        wallet = await Wallet.open(
            private_key=owner.key,
            wallet=venue.chain.wallet_of(owner.eoa, 3),
            signature_type=3,
            urls=venue,
        )
        sheet = venue.sheet(Version.V1)

    answer = await merge(wallet, sheet, nonce="0")
    await wallet.close()

    assert isinstance(answer, Refused)
    assert answer.retry_after_ms is not None


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
async def test_an_eoa_merges_by_itself(venue: Venue, version: Version, neg_risk: bool) -> None:
    owner, sheet = somebody(), venue.sheet(version, neg_risk=neg_risk)
    venue.chain.fund(owner.eoa)
    async with a_wallet(venue, owner, signature_type=0) as wallet:
        venue.give_pairs(owner.eoa, sheet, TEN)
        nonce = await noted_nonce(wallet)

        absent = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        answer = await merge(wallet, sheet, nonce=nonce)
        outcome = await settled(wallet, answer)
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        again = await merge(wallet, sheet, nonce=nonce)

    assert absent is None
    assert isinstance(outcome, Confirmed)
    assert found == outcome.tx_hash
    assert isinstance(again, Refused | Unanswered)
    assert venue.held(owner.eoa, sheet) == (0, 0)


async def test_an_eoa_redeems_one_transaction_after_the_other(venue: Venue) -> None:
    owner, sheet = somebody(), list(venue.sheets(Version.V2))[-1]
    venue.chain.fund(owner.eoa)
    async with a_wallet(venue, owner, signature_type=0) as wallet:
        venue.give_pairs(owner.eoa, sheet, TEN)
        before = venue.chain.cash(owner.eoa)
        venue.resolve(sheet, Price(ONE // 2))

        answer = await wallet.redeem(sheet.terms.market_id, neg_risk=False, version=Version.V2)
        outcome = await settled(wallet, answer)

    assert isinstance(outcome, Confirmed)
    assert venue.held(owner.eoa, sheet) == (0, 0)
    assert venue.chain.cash(owner.eoa) == before + TEN


async def test_a_wallet_of_another_key_is_not_opened(venue: Venue) -> None:
    owner, stranger = somebody(), somebody()

    with pytest.raises(WalletUnusable, match="is not the deposit wallet of"):
        await Wallet.open(
            private_key=owner.key,
            wallet=venue.chain.wallet_of(stranger.eoa, 3),
            signature_type=3,
            urls=venue,
        )
    with pytest.raises(WalletUnusable, match="signature type 2"):
        await Wallet.open(private_key=owner.key, wallet=owner.eoa, signature_type=2, urls=venue)


async def test_a_wallet_that_is_not_deployed_is_not_deployed_by_surprise(venue: Venue) -> None:
    owner = somebody()
    venue.chain.fund(owner.eoa)
    address = venue.chain.wallet_of(owner.eoa, 3)
    venue.chain.wallets[address].deployed = False

    with pytest.raises(WalletUnusable, match="not deployed"):
        await Wallet.open(private_key=owner.key, wallet=address, signature_type=3, urls=venue)

    assert not venue.transactions.relayed


async def test_the_relayers_own_key_opens_it_as_well(venue: Venue) -> None:
    owner, sheet = somebody(), venue.sheet(Version.V1)
    venue.chain.fund(owner.eoa)
    shown = venue.issue_relayer_key(owner.eoa)
    wallet = await Wallet.open(
        private_key=owner.key,
        wallet=venue.chain.wallet_of(owner.eoa, 3),
        signature_type=3,
        urls=venue,
        relayer_key=shown,
    )

    assert isinstance(await settled(wallet, await wallet.approve()), Confirmed)
    venue.give_pairs(wallet.address, sheet, TEN)
    assert isinstance(await settled(wallet, await merge(wallet, sheet)), Confirmed)
    await wallet.close()


async def test_closing_leaves_no_key_behind(venue: Venue) -> None:
    owner = somebody()
    async with a_wallet(venue, owner):
        during = venue.builder_keys(owner.eoa)

    assert (during, venue.builder_keys(owner.eoa)) == (1, 0)


async def test_a_venue_whose_clock_is_off_is_signed_for_by_its_clock(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    venue.app[FAULTS].switch_on(Fault(Name.SKEW, ALWAYS, seed=1, seconds=-400))
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        venue.app[FAULTS].switch_on(Fault(Name.SKEW, ALWAYS, seed=1, seconds=400))

        assert isinstance(await settled(wallet, await merge(wallet, sheet)), Confirmed)
        venue.app[FAULTS].switch_off()


async def test_the_hash_is_known_before_the_end(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        taken = await merge(wallet, sheet)
        assert isinstance(taken, Submitted)

        seen = [await wallet.outcome(taken.transaction_id) for _ in range(12)]

    assert isinstance(seen[0], Pending)
    assert seen[0].tx_hash is not None
    assert {one.tx_hash for one in seen if isinstance(one, Pending | Confirmed)} == {seen[0].tx_hash}
    assert isinstance(seen[-1], Confirmed)


async def test_no_secret_is_shown_by_anything_that_goes_wrong(
    venue: Venue, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in words, not in shapes, not in logs and not in a traceback."""
    caplog.set_level(logging.DEBUG)
    owner, sheet = somebody(), venue.sheet(Version.V1)
    shown: list[str] = []
    async with a_wallet(venue, owner) as wallet:
        shown += [repr(wallet), *everything_in(wallet)]
        for name in (Name.ERROR_BEFORE, Name.ERROR_AFTER, Name.DROP_BEFORE, Name.RATE_LIMIT):
            fault(venue, name, "/")
            shown += [repr(await merge(wallet, sheet)), repr(await wallet.cash())]
            shown += [repr(await wallet.landed_since("0", sheet.terms.market_id, TEN))]
        venue.app[FAULTS].switch_off()
        secrets = [*builder_secrets(venue, owner), *signatures(venue)]
    for wrong in wrongly_opened(venue, owner):
        shown.append(await failure_of(wrong))
    shown += [caplog.text, *capsys.readouterr()]

    key = owner.key.get_secret_value().removeprefix("0x")
    for secret in (key, key[:-1], *secrets):
        assert len(secret) > 16
        assert not [text for text in shown if secret.lower() in text.lower()]


def everything_in(thing: object) -> list[str]:
    """What a debugger or an error report would show of an object and its parts."""
    parts = vars(thing).values() if hasattr(thing, "__dict__") else ()
    return [repr(thing), str(thing), *(repr(part) for part in parts)]


def builder_secrets(venue: Venue, owner: Signing) -> list[str]:
    found = venue.app[RELAYER_DOOR].builders_of(owner.eoa)
    return [secret for key in found for secret in (key.secret, key.passphrase)]


def signatures(venue: Venue) -> list[str]:
    return [one.signature.removeprefix("0x") for one in venue.transactions.relayed.values() if one.signature]


def wrongly_opened(venue: Venue, owner: Signing) -> Iterator[Coroutine[Any, Any, Wallet]]:
    """Ways to open a wallet that fail at different depths."""
    key = owner.key.get_secret_value()
    address = venue.chain.wallet_of(owner.eoa, 3)
    nowhere = Venue(venue.app, "http://127.0.0.1:9")
    for private_key, urls in ((key[:-1], venue), (key[:-1] + "g", venue), (key, nowhere)):
        yield Wallet.open(private_key=SecretStr(private_key), wallet=address, signature_type=3, urls=urls)
    yield Wallet.open(private_key=owner.key, wallet=owner.eoa, signature_type=3, urls=venue)


async def failure_of(opening: Coroutine[Any, Any, Wallet]) -> str:
    with pytest.raises(WalletUnusable) as caught:
        await opening
    return "".join(traceback.format_exception(caught.value))
