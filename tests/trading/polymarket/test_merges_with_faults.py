"""The keeper's work, a real wallet and a relayer that loses, fails, stalls and is killed beside: each merge once."""

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Final

import pytest
from asgiref.sync import sync_to_async

from core.units import usdc
from feeds import services as feeds
from feeds.listings import Protocol
from simulator.exchange.orders import Version
from simulator.faults.catalogue import Fault, Name
from simulator.faults.switchboard import FAULTS
from simulator.sheets import Sheet
from tests.feeds.builders import a_listing, described
from tests.simulator.chain.venues import Venue
from tests.trading.polymarket.wallets import KINDS, TEN, a_wallet
from trading import services
from trading.gateways.polymarket.wallet.wallet import Wallet
from trading.models import Account, AccountMode, WalletAction, WalletKind, WalletState
from trading.wallet.work import Quota, WalletWork

pytestmark = pytest.mark.django_db(transaction=True)

MERGES: Final = 6
TURNS_MAX: Final = 600
RATE: Final = 350
FAULTY: Final = (
    Name.DROP_BEFORE,
    Name.DROP_AFTER_ACCEPT,
    Name.ERROR_BEFORE,
    Name.ERROR_AFTER,
    Name.RATE_LIMIT,
)


class Keepers:
    """One keeper after the other; each knows only the rows."""

    def __init__(self, venue: Venue, wallet: Wallet, account: Account) -> None:
        self._venue, self._wallet, self._account = venue, wallet, account
        self.work: WalletWork

    async def next(self) -> None:
        name = f"wallet:{self._wallet.address}"
        self.work = WalletWork(
            self._wallet,
            account_id=self._account.pk,
            fence_name=name,
            fence=await sync_to_async(services.take_fence)(name),
            quota=Quota(),
            now=lambda: self._venue.world.now_ms,
        )


@pytest.fixture
async def wallet(venue: Venue) -> AsyncIterator[Wallet]:
    async with a_wallet(venue) as opened:
        yield opened


@pytest.mark.parametrize(
    ("faults", "seed"),
    [*(((name,), 1) for name in FAULTY), (FAULTY, 1), (FAULTY, 2)],
    ids=lambda said: "+".join(said) if isinstance(said, tuple) else str(said),
)
async def test_each_merge_is_carried_out_once(
    venue: Venue, wallet: Wallet, faults: Sequence[Name], seed: int
) -> None:
    sheets = [venue.sheet(version, neg_risk=neg_risk) for version, neg_risk in KINDS]
    account = await sync_to_async(planned)(venue, wallet, sheets)
    before = venue.chain.cash(wallet.address)
    keepers, dice = Keepers(venue, wallet, account), Random(seed)
    await keepers.next()
    for name in faults:
        rate = RATE // len(faults) + 50
        venue.app[FAULTS].switch_on(Fault(name, rate, seed))

    for _ in range(TURNS_MAX):
        await keepers.work.turn()
        venue.pass_ms(500)
        if dice.random() < 0.05:
            await keepers.next()
        if await ended():
            break
    struck = sum(venue.app[FAULTS].tallies[name].done for name in faults)
    venue.app[FAULTS].switch_off()

    states = [row.state async for row in WalletAction.objects.order_by("pk")]
    assert states == [WalletState.CONFIRMED] * MERGES
    assert [venue.held(wallet.address, sheet) for sheet in sheets] == [(0, 0)] * len(sheets)
    assert venue.chain.cash(wallet.address) == before + MERGES * TEN
    assert struck > 3, "too little went wrong to show anything"


async def ended() -> bool:
    return not await WalletAction.objects.exclude(state=WalletState.CONFIRMED).aexists()


def planned(venue: Venue, wallet: Wallet, sheets: Sequence[Sheet]) -> Account:
    """Markets with pairs, known to discovery, and merges of all that is held, in parts."""
    account = services.open_account(
        mode=AccountMode.REHEARSAL,
        name=wallet.address.lower(),
        start_cash=usdc("10000"),
        at_ms=venue.world.now_ms,
    )
    for number, sheet in enumerate(sheets):
        protocol = Protocol.V2 if sheet.terms.version is Version.V2 else Protocol.V1
        listing = a_listing(
            number + 1,
            market_id=sheet.terms.market_id,
            neg_risk=sheet.terms.neg_risk,
            protocol=protocol,
        )
        feeds.save_listings([described(listing)], heard_ms=venue.world.now_ms)
        venue.give_pairs(wallet.address, sheet, MERGES // len(sheets) * TEN)
    for number in range(MERGES):
        sheet = sheets[number % len(sheets)]
        services.plan_wallet_action(
            account_id=account.pk,
            action_id=f"merge-{number}",
            market_id=sheet.terms.market_id,
            kind=WalletKind.MERGE,
            yes=TEN,
            no=TEN,
            payout=None,
            at_ms=venue.world.now_ms,
        )
    return account
