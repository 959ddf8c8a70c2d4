"""The breaker's table is total and says what it is meant to say; what counts, counts in a row."""

from itertools import product

import pytest

from core.breaker import MOVES, Breaker, BreakerMoved, Code, Happening, KeptBreaker, Move, State, Trip
from core.ids import IntentKey
from core.units import Ms
from tests.builders import MARKET, T0, at, limits

# Every move by name; what is not here stays. Written out a second time on purpose.
NAMED = {
    (State.CLOSED, Happening.REJECTED): Move.COUNT,
    (State.CLOSED, Happening.CANCEL_FAILED): Move.COUNT,
    (State.CLOSED, Happening.ANSWERED_SLOWLY): Move.OPEN,
    (State.CLOSED, Happening.ACCEPTED): Move.FORGET,
    (State.CLOSED, Happening.CANCELLED): Move.FORGET,
    (State.OPEN, Happening.WAITED): Move.TRY,
    (State.OPEN, Happening.RESUMED): Move.CLOSE,
    (State.HALF_OPEN, Happening.REJECTED): Move.OPEN,
    (State.HALF_OPEN, Happening.CANCEL_FAILED): Move.OPEN,
    (State.HALF_OPEN, Happening.ANSWERED_SLOWLY): Move.OPEN,
    (State.HALF_OPEN, Happening.ACCEPTED): Move.CLOSE,
    (State.HALF_OPEN, Happening.RESUMED): Move.CLOSE,
}
TROUBLES = (Happening.REJECTED, Happening.CANCEL_FAILED, Happening.ANSWERED_SLOWLY)
KEY = IntentKey("paper:main|0xmarket|pair_arb|1")


@pytest.mark.parametrize(("state", "happening"), list(product(State, Happening)))
def test_every_pair_is_a_named_move_or_stays(state: State, happening: Happening) -> None:
    assert MOVES[state][happening] is NAMED.get((state, happening), Move.STAY)


def happens(breaker: Breaker, *happenings: Happening, now: Ms = T0) -> list[BreakerMoved]:
    moves = [breaker.happen(happening, "so it was", limits(), now) for happening in happenings]
    return [moved for moved in moves if moved is not None]


def an_open_one(code: Happening = Happening.ANSWERED_SLOWLY) -> Breaker:
    breaker = Breaker(MARKET)
    happens(breaker, code)
    return breaker


def a_half_open_one() -> Breaker:
    breaker = an_open_one()
    assert breaker.pass_time(limits(), at(300_000)) is not None
    return breaker


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(Happening.REJECTED, Code.REJECTS), (Happening.CANCEL_FAILED, Code.CANCELS)],
)
def test_the_third_of_a_trouble_in_a_row_opens_it(trouble: Happening, code: Code) -> None:
    breaker = Breaker(MARKET)

    assert happens(breaker, trouble, trouble) == []
    (moved,) = happens(breaker, trouble)

    assert (moved.was, moved.now, moved.trip.code) == (State.CLOSED, State.OPEN, code)
    assert moved.trip.until_ms == at(300_000)
    assert "3 " in moved.trip.detail
    assert "in a row" in moved.trip.detail


def test_one_slow_answer_opens_it() -> None:
    (moved,) = happens(Breaker(MARKET), Happening.ANSWERED_SLOWLY)

    assert (moved.now, moved.trip.code, moved.trip.tripped) == (State.OPEN, Code.SLOW_ANSWER, 1)


def test_an_order_taken_breaks_a_row_of_rejects_and_not_one_of_failed_cancels() -> None:
    breaker = Breaker(MARKET)
    happens(breaker, *[Happening.REJECTED, Happening.CANCEL_FAILED] * 2, Happening.ACCEPTED)

    assert happens(breaker, Happening.REJECTED) == []
    (moved,) = happens(breaker, Happening.CANCEL_FAILED)

    assert moved.trip.code is Code.CANCELS


def test_a_cancel_carried_out_breaks_a_row_of_failed_ones_and_not_one_of_rejects() -> None:
    breaker = Breaker(MARKET)
    happens(breaker, *[Happening.REJECTED, Happening.CANCEL_FAILED] * 2, Happening.CANCELLED)

    assert happens(breaker, Happening.CANCEL_FAILED) == []
    (moved,) = happens(breaker, Happening.REJECTED)

    assert moved.trip.code is Code.REJECTS


def test_open_it_is_moved_by_nothing_but_time_and_people() -> None:
    breaker = an_open_one()

    assert happens(breaker, *TROUBLES, Happening.ACCEPTED, Happening.CANCELLED) == []

    assert breaker.state is State.OPEN


def test_it_stays_open_for_its_whole_time_and_is_half_open_from_then_on() -> None:
    breaker = an_open_one()

    assert breaker.pass_time(limits(), at(299_999)) is None
    moved = breaker.pass_time(limits(), at(300_000))

    assert moved is not None
    assert (moved.was, moved.now) == (State.OPEN, State.HALF_OPEN)
    assert breaker.pass_time(limits(), at(300_001)) is None


@pytest.mark.parametrize("trouble", TROUBLES)
def test_half_open_one_trouble_of_any_kind_opens_it_again(trouble: Happening) -> None:
    breaker = a_half_open_one()

    (moved,) = happens(breaker, trouble, now=at(301_000))

    assert (moved.was, moved.now) == (State.HALF_OPEN, State.OPEN)
    assert (moved.trip.tripped, moved.trip.opened_ms, moved.trip.until_ms) == (2, T0, at(601_000))


def test_half_open_one_order_taken_closes_it_and_the_next_trip_is_a_first_again() -> None:
    breaker = a_half_open_one()

    (closed,) = happens(breaker, Happening.ACCEPTED, now=at(301_000))
    (again,) = happens(breaker, Happening.ANSWERED_SLOWLY, now=at(400_000))

    assert (closed.was, closed.now, closed.trip.opened_ms) == (State.HALF_OPEN, State.CLOSED, T0)
    assert (again.trip.tripped, again.trip.opened_ms) == (1, at(400_000))


@pytest.mark.parametrize("state", [State.OPEN, State.HALF_OPEN])
def test_somebody_may_close_it_at_any_time(state: State) -> None:
    breaker = an_open_one() if state is State.OPEN else a_half_open_one()

    (moved,) = happens(breaker, Happening.RESUMED)

    assert (moved.was, moved.now, moved.reason) == (state, State.CLOSED, "so it was")
    assert breaker.trip is None


def test_rows_begun_before_it_opened_are_forgotten_when_it_closes() -> None:
    breaker = Breaker(MARKET)
    happens(breaker, Happening.REJECTED, Happening.REJECTED, Happening.ANSWERED_SLOWLY, Happening.RESUMED)

    assert happens(breaker, Happening.REJECTED, Happening.REJECTED) == []


def test_it_says_why_and_for_how_long_nothing_may_leave() -> None:
    breaker = an_open_one()

    assert breaker.forbids(at(60_500)) == "the breaker is open for another 240 s: so it was"


def test_half_open_it_lets_one_order_through_until_that_one_was_in_vain() -> None:
    breaker = a_half_open_one()

    assert breaker.forbids(at(300_000)) is None
    breaker.try_with(KEY)
    assert KEY in str(breaker.forbids(at(300_000)))
    breaker.tried_in_vain(IntentKey("another"))
    assert breaker.forbids(at(300_000)) is not None
    breaker.tried_in_vain(KEY)

    assert breaker.forbids(at(300_000)) is None


def test_closed_it_forbids_nothing_and_tries_nothing() -> None:
    breaker = Breaker(MARKET)

    breaker.try_with(KEY)

    assert breaker.forbids(T0) is None
    assert breaker.trial is None


def test_it_goes_on_where_an_earlier_life_of_the_process_was() -> None:
    trip = Trip(Code.REJECTS, "3 rejects in a row", 2, opened_ms=at(-400_000), until_ms=at(200_000))
    breaker = Breaker(MARKET)

    breaker.restore(KeptBreaker(MARKET, State.OPEN, trip))

    assert breaker.forbids(T0) is not None
    half_open = breaker.pass_time(limits(), at(200_000))
    assert half_open is not None
    (again,) = happens(breaker, Happening.REJECTED, now=at(201_000))
    assert (again.trip.tripped, again.trip.opened_ms) == (3, at(-400_000))
