"""What a start takes up of breakers: those not closed, but for markets that were resolved meanwhile."""

import pytest

from core.breaker import BreakerMoved, Code, KeptBreaker, State, Trip
from core.ids import MarketId
from core.limits import NO_BUDGET
from core.units import ONE, Ms
from feeds import services as feeds
from feeds.listings import MarketState
from risk import services as risk
from risk.models import Breaker
from tests.feeds.builders import a_listing, described
from tests.feeds.gamma import NOON, condition
from trading.shard.recovery import open_paper

pytestmark = pytest.mark.django_db
LATER = Ms(NOON + 10_000)


def opened(number: int) -> KeptBreaker:
    market_id = MarketId(condition(number))
    trip = Trip(Code.REJECTS, "3 rejects in a row", 1, opened_ms=NOON, until_ms=Ms(NOON + 300_000))
    risk.keep_breaker(BreakerMoved(market_id, State.CLOSED, State.OPEN, trip, "3 rejects", NOON))
    return KeptBreaker(market_id, State.OPEN, trip)


def test_a_start_takes_up_what_is_open_and_ends_what_is_resolved() -> None:
    over = a_listing(2, state=MarketState.RESOLVED, payout=ONE)
    feeds.save_listings([described(a_listing(1), over)], heard_ms=NOON)
    kept = opened(1)
    opened(2)

    found = open_paper("shard:0", LATER)

    assert found.past.breakers == (kept,)
    row = Breaker.objects.get(market_id=condition(2))
    assert (row.ended is not None, row.ended_reason) == (True, "the market is resolved")


def test_a_start_trades_within_nothing_until_it_has_read_its_budget() -> None:
    assert open_paper("shard:0", LATER).engine.budget == NO_BUDGET
