"""The loop around the engine: time first, then the event, then its orders; and what stops when a step fails."""

from collections.abc import Callable

import pytest

from core import events as ev
from core.engine import Engine, Step
from core.events import FeeSchedule
from core.ids import FillId, MarketId
from core.intents import Resync
from core.risk import Approved
from core.units import Ms, Prob, Usdc, shares, usdc
from tests.builders import (
    BUY,
    MARKET,
    NO,
    OTHER,
    T0,
    YES,
    a_book,
    a_deposit,
    a_listing,
    a_place,
    a_setup,
    a_signal,
    an_order_id,
    at,
)
from tests.fakes import RememberingGateway
from trading.runner import STEP_FAILED, Runner, concerned, send_at_once

BAD_FEE = FeeSchedule(Prob(50_000), 20, Prob(0))  # cannot be computed: pricing a leg with it raises


class Record:
    """A witness that keeps everything."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.steps: list[Step] = []
        self.failures: list[tuple[ev.Event, Exception]] = []

    def saw(self, event: ev.Event, step: Step) -> None:
        self.events.append(event)
        self.steps.append(step)

    def failed(self, event: ev.Event, error: Exception) -> None:
        self.failures.append((event, error))


class Listening(Engine):
    """The engine, with a list of what it was told and when."""

    def __init__(self) -> None:
        super().__init__(a_setup(), entries=[a_deposit()], sequences={})
        self.heard: list[str] = []

    def step(self, event: ev.Event) -> Step:
        self.heard.append(f"{type(event).__name__} {event.heard_ms - T0}")
        return super().step(event)


class Stage:
    """A runner with a gateway that remembers."""

    def __init__(self, send: Callable[[Runner, Approved, Ms], None] = send_at_once) -> None:
        self.gateway = RememberingGateway()
        self.record = Record()
        self.resyncs: list[Resync] = []
        self.engine = Listening()
        self.runner = Runner(self.engine, self.gateway, self.record, send=send, resync=self.resyncs.append)

    def book(self, market: MarketId = MARKET, *, now: int = T0) -> None:
        for snapshot in a_book(now=now, market=market):
            self.runner.take(snapshot)

    def placed(self, market: MarketId = MARKET) -> list[str]:
        return [a.intent.outcome.value for a in self.gateway.placed if a.intent.market_id == market]


def a_quoted_stage() -> Stage:
    stage = Stage()
    stage.runner.take(a_listing())
    stage.book()
    for approved in list(stage.gateway.placed):
        key = approved.intent.key
        stage.runner.take(ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, T0))
    return stage


def test_approved_orders_leave_and_are_known_as_sent_before_they_do() -> None:
    stage = a_quoted_stage()

    assert stage.placed() == ["yes", "no"]
    assert [type(event).__name__ for event in stage.record.events].count("OrderSent") == 2


def test_it_ticks_each_second_and_speaks_in_the_order_of_time() -> None:
    stage = a_quoted_stage()
    key = stage.gateway.placed[0].intent.key
    stage.engine.heard.clear()
    stage.gateway.due = [(at(1_500), ev.CancelFailed(key, "late", at(1_500)))]

    stage.runner.pass_time(at(2_000))

    assert stage.engine.heard == ["Tick 1000", "CancelFailed 1500", "Tick 2000"]


def test_the_gateway_sees_the_market_before_the_engine() -> None:
    stage = a_quoted_stage()

    assert isinstance(stage.gateway.observed[0], ev.MarketListed)
    assert len(stage.gateway.observed) == 3


def test_an_hour_without_events_is_one_tick_and_no_answer_is_lost() -> None:
    stage = a_quoted_stage()
    key = stage.gateway.placed[0].intent.key
    stage.gateway.due = [(at(90_500), ev.CancelFailed(key, "late", at(90_500)))]
    stage.engine.heard.clear()

    stage.runner.pass_time(at(3_600_000))

    assert "CancelFailed 90500" in stage.engine.heard
    before = stage.engine.heard[: stage.engine.heard.index("CancelFailed 90500")]
    assert before[-1] == "Tick 90000", "told when it was due, not after the gap"
    assert len(stage.engine.heard) < 10


@pytest.mark.parametrize(
    ("event", "market"),
    [
        (ev.Tick(T0), None),
        (a_signal(), None),
        (ev.Halted(None, "x", T0), None),
        (ev.Halted(MARKET, "x", T0), MARKET),
        (a_listing(), MARKET),
        (ev.CancelFailed(a_place().key, "x", T0), MARKET),
    ],
)
def test_an_event_concerns_its_market_or_none(event: ev.Event, market: MarketId | None) -> None:
    assert concerned(event) == market


def test_a_step_that_fails_stops_its_market_and_withdraws_what_rests() -> None:
    stage = a_quoted_stage()
    key = stage.gateway.placed[0].intent.key

    status, evidence = ev.FillStatus.CONFIRMED, ev.Evidence.VENUE
    stage.runner.take(
        ev.FillSeen(FillId("f"), key, shares("1"), usdc("0.48"), Usdc(0), status, evidence, T0, T0)
    )

    stage.runner.take(ev.FillSettled(FillId("f"), ev.FillStatus.FAILED, T0))  # what is final stays

    assert stage.engine.desks[MARKET].halted == STEP_FAILED
    assert stage.engine.halted is None
    assert {cancel.key for cancel in stage.gateway.cancelled} == {a.intent.key for a in stage.gateway.placed}
    assert len(stage.record.failures) == 1


def two_markets_one_of_which_cannot_be_priced() -> Stage:
    """``MARKET`` raises whenever its naked leg is priced; ``OTHER`` is in order and comes after it."""
    stage = a_quoted_stage()
    stage.runner.take(a_listing(OTHER))
    stage.book(OTHER)
    desk = stage.engine.desks[MARKET]
    order = stage.gateway.placed[0].intent
    desk.listing = a_listing(fees=BAD_FEE)
    paid = usdc("24.5")
    desk.pair.filled(FillId("f"), YES, BUY, order.shares, paid, Usdc(0), ev.FillStatus.CONFIRMED, T0)
    return stage


def test_a_market_that_fails_on_a_tick_does_not_stop_the_others() -> None:
    stage = two_markets_one_of_which_cannot_be_priced()

    stage.runner.pass_time(at(1_000))

    assert stage.engine.halted is None
    assert stage.engine.desks[MARKET].halted == STEP_FAILED
    assert stage.engine.desks[OTHER].halted is None
    assert stage.engine.day.valued is not None
    assert stage.engine.day.valued.at_ms == at(1_000), "the tick was finished without it"
    assert {cancel.market_id for cancel in stage.gateway.cancelled} == {MARKET}


def test_a_failed_market_fails_once_and_not_each_second() -> None:
    stage = two_markets_one_of_which_cannot_be_priced()

    for second in range(1, 6):
        stage.runner.pass_time(at(second * 1_000))

    assert len(stage.record.failures) == 1


def test_what_a_failing_step_had_decided_before_is_still_carried_out() -> None:
    """The orders were on the engine's table: without this they would count as exposure for ever, never sent."""
    stage = two_markets_one_of_which_cannot_be_priced()
    for outcome in (YES, NO):
        (order,) = [o for o in stage.engine.desks[OTHER].orders.open() if o.place.outcome is outcome]
        stage.runner.take(ev.OrderRejected(order.place.key, ev.RejectCode.OTHER, "no", T0))
    first = dict(stage.engine.desks)
    stage.engine.desks.clear()
    stage.engine.desks.update({OTHER: first[OTHER], MARKET: first[MARKET]})
    before = len(stage.placed(OTHER))

    stage.runner.pass_time(at(6_000))

    assert len(stage.record.failures) == 1
    assert len(stage.placed(OTHER)) == before + 2
    assert len(stage.engine.desks[OTHER].orders.open()) == 2


def test_an_order_does_not_leave_when_telling_of_it_failed() -> None:
    held: list[Approved] = []
    stage = Stage(send=lambda runner, approved, now: held.append(approved))
    stage.runner.take(a_listing())
    stage.book()
    desk = stage.engine.desks[MARKET]
    order = desk.orders.get(held[0].intent.key)
    assert order is not None
    stage.runner.not_sent(held[0], "never left", T0)

    stage.runner.sent(held[0], T0)

    assert stage.placed() == [], "SENT cannot follow REJECTED"
    assert desk.halted == STEP_FAILED


def test_an_order_approved_before_its_market_was_halted_does_not_leave() -> None:
    held: list[Approved] = []
    stage = Stage(send=lambda runner, approved, now: held.append(approved))
    stage.runner.take(a_listing())
    stage.book()
    stage.runner.take(ev.Halted(MARKET, "looks wrong", T0))

    for approved in held:
        stage.runner.sent(approved, T0)

    assert stage.placed() == []
    assert stage.engine.desks[MARKET].orders.open() == []


def test_a_failed_market_that_is_resumed_earns_its_trust_anew() -> None:
    stage = two_markets_one_of_which_cannot_be_priced()
    stage.runner.pass_time(at(1_000))
    stage.engine.desks[MARKET].listing = a_listing()

    stage.runner.take(ev.Resumed(MARKET, "looked at", at(1_100)))
    assert stage.engine.desks[MARKET].book.trust.value == "syncing"
    stage.book(now=at(1_200))

    assert stage.engine.desks[MARKET].book.trust.value == "trusted"
    assert stage.engine.desks[MARKET].halted is None
    assert len(stage.record.failures) == 1


def test_resuming_everything_does_not_resume_a_market_that_failed() -> None:
    stage = two_markets_one_of_which_cannot_be_priced()
    stage.runner.pass_time(at(1_000))

    stage.runner.take(ev.Halted(None, "manual_halt", at(1_100)))
    stage.runner.take(ev.Resumed(None, "reset", at(1_200)))

    assert stage.engine.desks[MARKET].halted == STEP_FAILED
    assert len(stage.record.failures) == 1


class Unheard:
    """Nothing the engine has a door for."""

    heard_ms = T0


def test_a_failure_at_no_market_stops_everything() -> None:
    stage = a_quoted_stage()

    stage.runner.take(Unheard())  # type: ignore[arg-type]

    assert stage.engine.halted == STEP_FAILED
    assert len(stage.gateway.cancelled) == 2
