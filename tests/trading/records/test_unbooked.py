"""A merge or a redemption carried out while nobody was there to book it: it is booked once and asked for once."""

from dataclasses import replace

import pytest

from core import events as ev
from core.engine import Engine
from core.ids import FillId, MarketId, Outcome
from core.intents import Merge, Redeem
from core.ledger import Entry
from core.notes import Booked
from core.units import ONE, Ms, Shares, shares, usdc
from tests.builders import a_listing, a_setup
from tests.trading.conftest import MARKET, NOON, SHARD, a_buy, a_deposit, a_fill, a_place
from trading import services
from trading.models import Account, WalletAction, WalletState
from trading.records.batch import Batch
from trading.shard import recovery
from trading.wallet.watch import wallet_event

pytestmark = pytest.mark.django_db
LATER = Ms(NOON + 60_000)
WALLET = "wallet:0xabc"
MERGED = Merge("x", MARKET, shares("60"), NOON)
REDEEMED = Redeem("x", MARKET, shares("90"), shares("90"), ONE, NOON)


def held(outcome: Outcome) -> Entry:
    fill = a_fill(a_place().key, fill_id=f"f-{outcome}", size="90")
    return replace(a_buy(fill), outcome=outcome, fill_id=FillId(fill.fill_id))


@pytest.mark.parametrize(("action", "left"), [(REDEEMED, "0"), (MERGED, "30")], ids=["redemption", "merge"])
def test_what_was_confirmed_while_we_were_dead_is_not_asked_for_again(
    account: Account, action: Merge | Redeem, left: str
) -> None:
    """The next life resolved the market before it heard of the end: it redeemed, or merged, a second time."""
    pair = [held(outcome) for outcome in Outcome]
    Batch([Booked(tuple(pair)), action], account_id=account.pk, writer="w", entries_before=0).write()
    services.step_wallet_action(
        "x",
        from_states=(WalletState.PLANNED,),
        to=WalletState.CONFIRMED,
        fence_name=WALLET,
        fence=services.take_fence(WALLET),
        at_ms=LATER,
        received=usdc("90"),
    )
    past = recovery._past(account.pk, SHARD, LATER)
    engine = Engine(a_setup(), entries=[a_deposit(), *pair], sequences={}, past=past)

    asked = [
        *engine.step(a_listing(MarketId(MARKET))).wallet_actions,
        *engine.step(ev.MarketResolved(MARKET, ONE, LATER, LATER)).wallet_actions,
    ]
    told = wallet_event(WalletAction.objects.get(), LATER)
    assert told is not None
    booked = engine.step(told)

    assert asked == []
    assert engine.ledger.held(MARKET, Outcome.YES) == shares(left)
    again = [(each.yes, each.no) for each in booked.wallet_actions if isinstance(each, Redeem)]
    rest = Shares(shares(left))
    assert again == ([(rest, rest)] if rest else []), "what is left, once"
