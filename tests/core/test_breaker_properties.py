"""At a venue at its worst, in and out of its windows: nothing is approved where a breaker or a window forbids it."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from core import events as ev
from core.breaker import State
from core.engine import Engine, Step
from core.trust import Trust
from core.units import Ms, usdc
from tests.builders import a_setup, limits
from tests.core.wild import Draw, Wild, history
from tests.examples import examples

RESTLESS: Final = limits(
    position=usdc("60"),
    total_exposure=usdc("90"),
    orders_per_s=50,
    order_min=usdc("1"),
    breaker_answer_ms=Ms(3_000),
    breaker_open_ms=Ms(20_000),
)
DRAWS = st.integers(0, 2**32 - 1).map(history)
MODES: Final = tuple(ev.WindowMode)


class Watched(Engine):
    """It looks at itself after every step: what was approved was approved as things stand now."""

    def step(self, event: ev.Event) -> Step:
        step = super().step(event)
        for approved in step.approved:
            breaker = self.desks[approved.intent.market_id].guard.breaker
            assert breaker.state is not State.OPEN
            assert breaker.state is State.CLOSED or breaker.trial == approved.intent.key
            assert self.windows.takes(approved.intent.kind)
        if isinstance(event, ev.Tick | ev.WindowTold):
            paused = {desk.book.trust is Trust.PAUSED for desk in self.desks.values()}
            assert paused == {self.windows.is_shut}
        return step


class Stormy(Wild):
    """The venue also takes no orders now and then, and says so."""

    def __init__(self) -> None:
        super().__init__(a_setup(limits=RESTLESS), "10000")
        self.engine = Watched(a_setup(limits=RESTLESS), entries=[self.deposit], sequences={})
        for listing in self.listed:
            self.hear(listing)

    def act(self, draw: Draw) -> None:
        _, a, b = draw
        if (a + b) % 29 == 0:
            wait = None if a % 2 else Ms(500 * b)
            self.hear(ev.WindowTold(MODES[a % len(MODES)], wait, "wild", self.now))
        super().act(draw)


@settings(max_examples=examples(200), deadline=None)
@given(DRAWS)
def test_nothing_is_approved_past_an_open_breaker_or_into_a_window(draws: list[Draw]) -> None:
    stormy = Stormy()

    for draw in draws:
        stormy.act(draw)


@settings(max_examples=examples(100), deadline=None)
@given(DRAWS)
def test_whatever_happened_everything_comes_back_by_itself(draws: list[Draw]) -> None:
    stormy = Stormy()
    for draw in draws:
        stormy.act(draw)

    stormy.now = Ms(stormy.now + 1_000_000)
    stormy.hear(ev.Tick(stormy.now))
    assert stormy.engine.windows.current is None
    for desk in stormy.engine.desks.values():
        breaker = desk.guard.breaker
        if breaker.state is State.OPEN:
            assert breaker.trip is not None
            assert breaker.trip.until_ms > stormy.now, "it opened for what came since"
