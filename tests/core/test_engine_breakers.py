"""A market's breaker in the engine: what opens it, what it stops, and how it comes back."""

from core import events as ev
from core.absent import Past
from core.breaker import BreakerMoved, Code, KeptBreaker, Trip
from core.breaker import State as Breaking
from core.engine import Step
from core.intents import OrderKind
from core.risk import Rule
from core.strategies.view import Gate
from core.trading import State
from core.units import price
from tests.builders import MARKET, NO, OTHER, YES, a_listing, an_order_id, at
from tests.core.engine_scenes import a_naked_market, a_quoted_market
from tests.fakes import Play


def answered(play: Play, step: Step, code: ev.RejectCode | None = ev.RejectCode.OTHER) -> list[Step]:
    """Send every order of a step; refuse it, or without a code let it go unanswered."""
    after = []
    for approved in step.approved:
        key = approved.intent.key
        play.hear(ev.OrderSent(key, an_order_id(key), play.now))
        if code is not None:
            after.append(play.hear(ev.OrderRejected(key, code, "not like this", play.now)))
    return after


def a_refused_market(play: Play | None = None) -> Play:
    """The venue refused three orders in a row."""
    play = play or Play()
    answered(play, play.book())
    answered(play, play.tick())
    assert moves(play)[-1].now is Breaking.OPEN
    return play


def a_half_open_market() -> tuple[Play, Step]:
    """The five minutes are over; the step that half-opened it."""
    play = a_refused_market()
    play.tick(299_000)
    play.book()
    return play, play.tick()


def moves(play: Play) -> list[BreakerMoved]:
    return play.notes(BreakerMoved)


def test_three_orders_refused_in_a_row_stop_a_market_and_no_other() -> None:
    play = Play(markets=[a_listing(), a_listing(OTHER, match=None)])
    a_refused_market(play)

    assert not play.book().approved
    assert not play.tick(60_000).approved
    assert len(play.book(market=OTHER).approved) == 2
    (moved,) = moves(play)
    assert (moved.market_id, moved.trip.code) == (MARKET, Code.REJECTS)
    assert "other: not like this" in moved.trip.detail


def test_a_stopped_market_says_why_at_the_first_gate() -> None:
    play = a_refused_market()
    play.book()

    decided = play.desk.last_decision
    assert decided is not None
    assert decided.gate is Gate.TRADING
    assert decided.gates[0].word.startswith("breaker open: 3 rejects in a row")


def test_prices_that_were_there_first_stop_nothing() -> None:
    play = Play()
    step = play.book()
    for _ in range(3):
        answered(play, step, ev.RejectCode.POST_ONLY_WOULD_CROSS)
        play.wait(4_000)
        play.book()
        step = play.tick()

    assert len(step.approved) == 2
    assert moves(play) == []


def test_opening_it_withdraws_what_rests() -> None:
    play = a_quoted_market()
    gone = play.quote(NO)
    step = play.hear(play.closed(gone.place.key))
    for _ in range(2):
        answered(play, step)
        step = play.tick()

    (last,) = answered(play, step)

    assert [cancel.key for cancel in last.cancels] == [play.quote(YES).place.key]


def test_an_answer_that_does_not_come_stops_a_market() -> None:
    play = Play()
    answered(play, play.book(), None)

    play.tick(5_000)
    assert moves(play) == []
    play.tick()

    (moved,) = moves(play)
    assert moved.trip.code is Code.SLOW_ANSWER


def test_a_naked_leg_is_not_completed_past_an_open_breaker() -> None:
    """It binds what reduces, too: that order would meet the same trouble."""
    play = a_naked_market()
    play.confirm_cancels(play.hear(ev.FeedLost((MARKET,), "socket closed", play.now)))
    play.hear(ev.FeedBack((MARKET,), play.now))
    answered(play, play.book(), None)
    play.tick(6_000)
    assert moves(play)[-1].now is Breaking.OPEN
    for order in play.open():
        play.confirm_cancels(
            play.hear(ev.OrderRejected(order.place.key, ev.RejectCode.OTHER, "no", play.now))
        )

    play.tick(250_000)

    assert play.desk.state is State.BUILDING_PAIR
    assert not play.book().approved
    play.tick(50_000)
    step = play.book()
    assert [approved.intent.kind for approved in step.approved] == [OrderKind.TAKE]


def test_half_open_one_order_is_let_through_and_no_second() -> None:
    play, step = a_half_open_market()

    assert len(step.approved) == 1
    assert moves(play)[-1].now is Breaking.HALF_OPEN
    assert Rule.BREAKER_OPEN in {refused.rule for refused in step.refusals}
    answered(play, step, None)
    assert not play.tick().approved


def test_the_order_that_is_tried_brings_the_market_back_when_it_is_taken() -> None:
    play, step = a_half_open_market()
    (tried,) = step.approved
    key = tried.intent.key
    answered(play, step, None)

    step = play.hear(ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, play.now))

    assert moves(play)[-1].now is Breaking.CLOSED
    assert [approved.intent.outcome for approved in step.approved] == [tried.intent.outcome.other]


def test_the_order_that_is_tried_keeps_the_market_stopped_when_it_is_refused() -> None:
    play, step = a_half_open_market()

    answered(play, step)

    moved = moves(play)[-1]
    assert (moved.now, moved.trip.tripped, moved.trip.until_ms) == (Breaking.OPEN, 2, play.now + 300_000)
    play.tick(200_000)
    assert not play.book().approved


def test_an_order_that_never_left_was_no_trial() -> None:
    play, step = a_half_open_market()
    (tried,) = step.approved

    never_left = ev.OrderRejected(tried.intent.key, ev.RejectCode.NOT_SENT, "halted meanwhile", play.now)
    step = play.hear(never_left)

    assert len(step.approved) == 1, "another one is tried"
    assert moves(play)[-1].now is Breaking.HALF_OPEN


def test_somebody_who_resumes_the_market_closes_it_at_once() -> None:
    play = a_refused_market()
    play.wait(1_000)
    play.book()

    step = play.hear(ev.BreakerReset(MARKET, "the key was renewed", play.now))

    assert len(step.approved) == 2
    assert (moves(play)[-1].now, moves(play)[-1].reason) == (Breaking.CLOSED, "the key was renewed")


def test_leaving_it_finds_the_state_that_the_ledger_says() -> None:
    play = a_naked_market()
    answered(play, play.tick(), None)
    play.desk.guard.breaker.restore(kept())
    play.desk.state = State.TEMPORAL_ACTIVE

    play.hear(ev.BreakerReset(MARKET, "looked at it", play.now))

    assert play.desk.state is State.BUILDING_PAIR


def kept(state: Breaking = Breaking.OPEN) -> KeptBreaker:
    trip = Trip(Code.REJECTS, "3 rejects in a row", 1, opened_ms=at(-200_000), until_ms=at(100_000))
    return KeptBreaker(MARKET, state, trip)


def test_a_breaker_outlives_the_process() -> None:
    play = Play(past=Past(breakers=(kept(),)))
    assert not play.book().approved

    play.tick(100_000)
    play.book()

    assert moves(play)[-1].was is Breaking.OPEN
    assert len(play.approved()) == 1, "half-open: one order is tried"


def test_one_that_was_half_open_tries_another_order_in_the_next_life() -> None:
    play = Play(past=Past(breakers=(kept(Breaking.HALF_OPEN),)))

    assert len(play.book().approved) == 1


def test_one_that_was_closed_by_a_person_before_its_market_is_listed_stops_nothing() -> None:
    play = Play(markets=[], past=Past(breakers=(kept(),)))
    play.hear(ev.BreakerReset(MARKET, "looked at it", play.now))

    play.hear(a_listing())

    assert len(play.book().approved) == 2


def test_resolution_ends_it() -> None:
    play = a_refused_market()

    play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))

    assert moves(play)[-1].now is Breaking.CLOSED
