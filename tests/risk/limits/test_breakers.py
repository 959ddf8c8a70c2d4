"""The rows of breakers: one a time it opened, moved only by who means that time, ended by itself or by people."""

import pytest

from core.breaker import BreakerMoved, Code, KeptBreaker, State, Trip
from core.ids import MarketId
from core.units import Ms
from infra.clock import to_ms
from risk import selectors, services
from risk.errors import NotHalted, ReasonMissing
from risk.limits import breakers
from risk.models import Audit, Breaker
from risk.services import MarketHaltCode
from tests.risk.conftest import MARKET, NOON, OPERATOR, after

pytestmark = pytest.mark.django_db
FIVE_MINUTES = 300_000


def a_trip(tripped: int = 1, *, at: Ms = NOON) -> Trip:
    return Trip(Code.REJECTS, "3 rejects in a row", tripped, opened_ms=NOON, until_ms=Ms(at + FIVE_MINUTES))


def moved(was: State, now: State, *, trip: Trip | None = None, at: Ms = NOON) -> BreakerMoved:
    return BreakerMoved(MarketId(MARKET), was, now, trip or a_trip(), "why it moved", at)


def opened(*, at: Ms = NOON, tripped: int = 1) -> None:
    was = State.CLOSED if tripped == 1 else State.HALF_OPEN
    services.keep_breaker(moved(was, State.OPEN, trip=a_trip(tripped, at=at), at=at))


def half_opened(*, at: Ms) -> None:
    services.keep_breaker(moved(State.OPEN, State.HALF_OPEN, at=at))


def closed(trip: Trip | None = None, *, at: Ms) -> None:
    services.keep_breaker(moved(State.HALF_OPEN, State.CLOSED, trip=trip, at=at))


def test_a_breaker_is_in_force_until_it_closes() -> None:
    opened()
    assert selectors.breakers_in_force() == (KeptBreaker(MarketId(MARKET), State.OPEN, a_trip()),)

    half_opened(at=after(FIVE_MINUTES))
    assert selectors.breakers_in_force() == (KeptBreaker(MarketId(MARKET), State.HALF_OPEN, a_trip()),)

    closed(at=after(301_000))
    assert selectors.breakers_in_force() == ()
    row = Breaker.objects.get()
    assert row.ended is not None
    assert (to_ms(row.ended), row.ended_reason) == (after(301_000), "why it moved")


def test_what_is_written_twice_is_there_once() -> None:
    for _ in range(2):
        opened()
    for _ in range(2):
        half_opened(at=after(FIVE_MINUTES))

    row = Breaker.objects.get()
    assert row.half_open is not None
    assert to_ms(row.half_open) == after(FIVE_MINUTES)


def test_a_trial_that_fails_opens_the_same_row_again() -> None:
    opened()
    half_opened(at=after(FIVE_MINUTES))

    opened(at=after(301_000), tripped=2)

    (kept,) = selectors.breakers_in_force()
    assert (kept.state, kept.trip.tripped) == (State.OPEN, 2)
    assert (kept.trip.opened_ms, kept.trip.until_ms) == (NOON, after(601_000))
    assert Breaker.objects.count() == 1


def test_a_word_about_a_time_that_is_over_moves_nothing() -> None:
    """The journal may be late: what closed the first time must not close the second."""
    opened()
    opened(at=after(301_000), tripped=2)

    half_opened(at=after(301_500))
    closed(a_trip(), at=after(302_000))

    (kept,) = selectors.breakers_in_force()
    assert kept.state is State.OPEN


def test_a_market_that_stops_again_later_has_another_row() -> None:
    opened()
    closed(at=after(301_000))
    later = Trip(Code.SLOW_ANSWER, "an answer took 6000 ms", 1, after(900_000), after(1_200_000))

    services.keep_breaker(moved(State.CLOSED, State.OPEN, trip=later, at=after(900_000)))

    assert Breaker.objects.count() == 2
    assert [kept.trip for kept in selectors.breakers_in_force()] == [later]


def test_resuming_the_market_ends_its_breaker_with_who_and_why_on_record() -> None:
    opened()

    services.resume_market(market_id=MARKET, reason="the tick was wrong", by=OPERATOR, at=after(5_000))

    row = Breaker.objects.get()
    assert row.ended_reason == "resumed by olga: the tick was wrong"
    link = Audit.objects.get()
    assert (link.what, link.target, link.outcome) == ("resume-market", MARKET, "done")
    assert "3 rejects in a row" in link.before["breaker"]
    assert link.after == {"halt": None, "breaker": None}


def test_resuming_a_halted_market_ends_its_breaker_too() -> None:
    opened()
    services.halt_market(
        market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=after(1_000)
    )

    services.resume_market(market_id=MARKET, reason="looked at it", by=OPERATOR, at=after(5_000))

    assert selectors.market_halts() == {}
    assert selectors.breakers_in_force() == ()


def test_a_market_that_nothing_stops_cannot_be_resumed() -> None:
    with pytest.raises(NotHalted, match="not halted, and its breaker is closed"):
        services.resume_market(market_id=MARKET, reason="fine", by=OPERATOR, at=NOON)

    assert Audit.objects.get().outcome == "refused"


def test_closing_a_breaker_by_hand_needs_a_reason() -> None:
    opened()

    with pytest.raises(ReasonMissing):
        services.resume_market(market_id=MARKET, reason=" ", by=OPERATOR, at=after(1))

    assert len(selectors.breakers_in_force()) == 1


def test_a_breaker_that_moved_while_somebody_decided_is_not_ended() -> None:
    opened()
    seen = breakers.breaker_of(MARKET)
    assert seen is not None
    opened(at=after(301_000), tripped=2)

    with pytest.raises(NotHalted, match="moved in this moment"):
        breakers.resume_breaker(seen, reason="fine", by=OPERATOR, at=after(302_000))

    assert len(selectors.breakers_in_force()) == 1


def test_a_runner_is_told_of_the_very_time_that_somebody_ended() -> None:
    opened()
    market, until = MarketId(MARKET), a_trip().until_ms
    assert selectors.resumed_breakers({market: until}) == {}
    services.resume_market(market_id=MARKET, reason="fine", by=OPERATOR, at=after(5_000))

    assert selectors.resumed_breakers({market: until}) == {market: "resumed by olga: fine"}
    assert selectors.resumed_breakers({market: Ms(until + 1)}) == {}
    assert selectors.resumed_breakers({MarketId("0xother"): until}) == {}
    assert selectors.resumed_breakers({}) == {}


def test_a_breaker_that_opens_again_just_after_somebody_ended_it_is_in_force() -> None:
    """The runner had not heard of it yet: it opened for a trouble that nobody has seen."""
    opened()
    services.resume_market(market_id=MARKET, reason="fine", by=OPERATOR, at=after(300_900))

    opened(at=after(301_000), tripped=2)

    (kept,) = selectors.breakers_in_force()
    assert kept.trip.until_ms == after(601_000)
    assert selectors.resumed_breakers({MarketId(MARKET): after(601_000)}) == {}
