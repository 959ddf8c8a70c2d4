"""What the answers to orders mean to their market's breaker."""

from dataclasses import dataclass, field
from typing import Final

import pytest

from core.answers import AckStatus, CloseReason, RejectCode
from core.breaker import BreakerMoved, Code, State
from core.events import FillSeen, OrderAnswer
from core.guard import Guard
from core.ids import IntentKey
from core.orders import Orders
from core.units import Ms
from tests.builders import MARKET, T0, limits
from tests.core import accounts as say
from tests.core.accounts import a_place

SLOW: Final = 5_001


@dataclass
class Watch:
    """A market's orders and its guard, told the same things."""

    orders: Orders = field(default_factory=lambda: Orders(MARKET))
    guard: Guard = field(default_factory=lambda: Guard(MARKET))
    now: Ms = T0
    moves: list[BreakerMoved] = field(default_factory=list)
    takes_cancels: bool = True

    def send(self, key: str) -> str:
        self.orders.add(a_place(key=key))
        self.hear(say.sent(key, self.now))
        return key

    def hear(self, event: OrderAnswer | FillSeen) -> None:
        order = self.orders.get(event.key)
        assert order is not None
        was = order.status
        self.orders.apply(event)
        self.moves += self.guard.heard(order, was, event, limits=limits(), takes_cancels=self.takes_cancels)

    def wait(self, span_ms: int) -> None:
        self.now = Ms(self.now + span_ms)
        self.moves += self.guard.pass_time(limits(), self.now)

    def reject(self, key: str, code: RejectCode = RejectCode.OTHER) -> None:
        self.hear(say.rejected_for(code, key, self.now))

    def take(self, key: str, status: AckStatus = AckStatus.LIVE) -> None:
        self.hear(say.acked(status, key, self.now))

    def rest(self, key: str) -> None:
        self.send(key)
        self.take(key)

    def fail_cancel(self, key: str) -> None:
        order = self.orders.get(IntentKey(key))
        assert order is not None
        order.cancel_asked(self.now)
        self.hear(say.cancel_failed(key, self.now))

    @property
    def state(self) -> State:
        return self.guard.breaker.state

    def codes(self) -> list[Code]:
        return [moved.trip.code for moved in self.moves if moved.now is State.OPEN]


def keys(count: int) -> list[str]:
    return [f"k{number}" for number in range(count)]


def test_three_rejects_in_a_row_open_it() -> None:
    watch = Watch()
    for key in keys(3):
        watch.send(key)
        watch.reject(key)

    assert watch.codes() == [Code.REJECTS]


@pytest.mark.parametrize(
    "code",
    [
        RejectCode.POST_ONLY_WOULD_CROSS,
        RejectCode.NOT_FILLED,
        RejectCode.RESTARTING,
        RejectCode.POST_ONLY_MODE,
        RejectCode.CANCEL_ONLY,
        RejectCode.TRADING_OFF,
        RejectCode.NOT_SENT,
        RejectCode.NOT_WRITTEN,
    ],
)
def test_what_is_no_fault_of_the_order_neither_counts_nor_breaks_a_row(code: RejectCode) -> None:
    watch = Watch()
    for key in keys(6):
        watch.send(key)
        watch.reject(key, code)
    assert watch.moves == []

    for key in ("a", "b"):
        watch.send(key)
        watch.reject(key)
    watch.send("c")
    watch.reject("c", code)
    assert watch.moves == []
    watch.send("d")
    watch.reject("d")

    assert watch.codes() == [Code.REJECTS]


@pytest.mark.parametrize("first_word", ["ack", "fill", "end"])
def test_the_first_word_about_an_order_is_its_answer_whichever_it_is(first_word: str) -> None:
    watch = Watch()
    for key in ("a", "b"):
        watch.send(key)
        watch.reject(key)
    watch.send("taken")
    said: dict[str, OrderAnswer | FillSeen] = {
        "ack": say.acked(key="taken", at=watch.now),
        "fill": say.fill("10", paid="4.8", key="taken", at=watch.now),
        "end": say.closed(CloseReason.KILLED, key="taken", at=watch.now),
    }

    watch.hear(said[first_word])
    watch.wait(60_000)
    watch.send("c")
    watch.reject("c")

    assert watch.moves == []


@pytest.mark.parametrize("code", [RejectCode.OTHER, RejectCode.POST_ONLY_WOULD_CROSS])
def test_an_answer_that_took_too_long_opens_it_even_a_harmless_refusal(code: RejectCode) -> None:
    watch = Watch()
    watch.send("late")
    watch.now = Ms(watch.now + SLOW)

    watch.reject("late", code)

    assert watch.codes() == [Code.SLOW_ANSWER]
    assert "5001 ms" in watch.moves[0].trip.detail


def test_an_answer_at_the_limit_is_in_time() -> None:
    watch = Watch()
    watch.send("k")
    watch.wait(5_000)

    watch.take("k")

    assert watch.moves == []


def test_a_window_of_the_venue_is_no_slow_answer() -> None:
    watch = Watch()
    watch.send("k")
    watch.now = Ms(watch.now + SLOW)

    watch.reject("k", RejectCode.RESTARTING)

    assert watch.moves == []


def test_an_unknown_order_is_no_answer_and_counts_once_it_is_too_old() -> None:
    watch = Watch()
    watch.send("lost")
    watch.wait(2_000)
    watch.hear(say.unanswered("lost", watch.now))

    watch.wait(3_000)
    assert watch.moves == []
    watch.wait(1_000)
    assert watch.codes() == [Code.SLOW_ANSWER]
    watch.wait(60_000)

    assert len(watch.moves) == 1, "it is told once"


def test_an_unknown_order_found_in_time_was_answered() -> None:
    watch = Watch()
    watch.send("k")
    watch.hear(say.unanswered("k", watch.now))
    watch.wait(4_000)

    watch.take("k")
    watch.wait(60_000)

    assert watch.moves == []


def test_an_order_that_never_landed_was_never_taken() -> None:
    watch = Watch()
    for key in ("a", "b"):
        watch.send(key)
        watch.reject(key)
    watch.send("gone")
    watch.hear(say.unanswered("gone", watch.now))
    watch.hear(say.closed(CloseReason.NEVER_LANDED, key="gone", at=watch.now))
    watch.send("c")

    watch.reject("c")

    assert watch.codes() == [Code.REJECTS]


def test_orders_held_by_the_taker_delay_are_answered_and_not_yet_taken() -> None:
    """They were taken three times in a row, and thrown out three times."""
    watch = Watch()
    for key in keys(3):
        watch.send(key)
        watch.take(key, AckStatus.DELAYED)
        watch.wait(10_000)
        watch.reject(key)

    assert watch.codes() == [Code.REJECTS]


def test_three_failed_cancels_in_a_row_open_it() -> None:
    watch = Watch()
    for key in keys(3):
        watch.rest(key)
    for key in keys(3):
        watch.fail_cancel(key)

    assert watch.codes() == [Code.CANCELS]


def test_three_failed_cancels_of_one_order_are_three() -> None:
    watch = Watch()
    watch.rest("k")
    for _ in range(3):
        watch.fail_cancel("k")

    assert watch.codes() == [Code.CANCELS]


def test_a_cancel_carried_out_breaks_the_row() -> None:
    watch = Watch()
    for key in keys(4):
        watch.rest(key)
    for key in ("k0", "k1"):
        watch.fail_cancel(key)
    order = watch.orders.get(IntentKey("k2"))
    assert order is not None
    order.cancel_asked(watch.now)
    watch.hear(say.closed(key="k2", at=watch.now))

    watch.fail_cancel("k3")

    assert watch.moves == []


def test_a_cancel_of_what_has_matched_already_fails_rightly() -> None:
    watch = Watch()
    watch.rest("k")
    order = watch.orders.get(IntentKey("k"))
    assert order is not None
    order.cancel_asked(watch.now)
    watch.hear(say.fill("100", key="k", at=watch.now))
    for _ in range(3):
        watch.hear(say.cancel_failed("k", watch.now))

    assert watch.moves == []


def test_a_cancel_that_fails_while_the_venue_takes_none_says_nothing_about_the_market() -> None:
    watch = Watch(takes_cancels=False)
    watch.rest("k")
    for _ in range(3):
        watch.fail_cancel("k")

    assert watch.moves == []


def half_open() -> Watch:
    watch = Watch()
    watch.send("slow")
    watch.wait(SLOW)
    watch.wait(300_000)
    assert watch.state is State.HALF_OPEN
    watch.moves.clear()
    return watch


def tried(watch: Watch, key: str = "trial") -> Watch:
    watch.guard.breaker.try_with(IntentKey(key))
    watch.send(key)
    return watch


def test_the_order_that_is_tried_closes_it_when_it_is_taken() -> None:
    watch = tried(half_open())

    watch.take("trial")

    assert watch.state is State.CLOSED


@pytest.mark.parametrize("trouble", ["rejected", "slow", "unknown"])
def test_the_order_that_is_tried_opens_it_again_when_it_meets_trouble(trouble: str) -> None:
    watch = tried(half_open())

    if trouble == "rejected":
        watch.reject("trial")
    elif trouble == "unknown":
        watch.hear(say.unanswered("trial", watch.now))
    watch.wait(SLOW)

    assert watch.state is State.OPEN
    assert watch.guard.breaker.trip is not None
    assert watch.guard.breaker.trip.tripped == 2


@pytest.mark.parametrize(
    "code", [RejectCode.NOT_SENT, RejectCode.POST_ONLY_WOULD_CROSS, RejectCode.RESTARTING]
)
def test_a_trial_that_says_nothing_makes_room_for_another(code: RejectCode) -> None:
    watch = tried(half_open())

    watch.reject("trial", code)

    assert watch.state is State.HALF_OPEN
    assert watch.guard.breaker.forbids(watch.now) is None


def test_a_trial_held_by_the_taker_delay_decides_when_it_is_through() -> None:
    watch = tried(half_open())

    watch.take("trial", AckStatus.DELAYED)
    assert watch.moves == []
    assert watch.guard.breaker.forbids(watch.now) is not None
    watch.take("trial", AckStatus.MATCHED)

    assert watch.state is State.CLOSED


@pytest.mark.parametrize("late", ["taken", "rejected"])
def test_only_the_order_that_is_tried_decides(late: str) -> None:
    """An answer to an order of before says nothing about now."""
    watch = Watch()
    watch.send("slow")
    watch.send("before")
    watch.hear(say.acked(AckStatus.DELAYED, "before", watch.now))
    watch.wait(SLOW)
    watch.wait(300_000)
    tried(watch)

    if late == "taken":
        watch.take("before")
    else:
        watch.reject("before")

    assert watch.state is State.HALF_OPEN


def test_an_order_of_an_earlier_life_says_nothing() -> None:
    watch = Watch()
    for key in keys(3):
        watch.orders.add(a_place(key=key))
        watch.orders.apply(say.sent(key))
        watch.reject(key)

    assert watch.moves == []
