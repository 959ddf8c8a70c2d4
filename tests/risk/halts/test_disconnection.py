"""When want of a connection stops everything, and when that ends by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.units import Ms
from risk import selectors, services, venue
from risk.halts.disconnection import Connections, Line, Verdict
from risk.services import HaltCode
from risk.venue import Links
from tests.risk.conftest import NOON, OPERATOR, halt
from tests.servers import wait_until

pytestmark = pytest.mark.django_db
S = 1_000


def line(*signs: int, lost_after: int = 30) -> Line:
    """A line watched since second 0, with signs of life at these seconds."""
    made = Line(lost_after * S, 0, 0)
    for second in signs:
        made.hear(second * S)
    return made


@pytest.mark.parametrize(
    ("signs", "second", "verdict"),
    [
        ((), 29, Verdict.UNSURE),
        ((), 30, Verdict.LOST),
        ((5,), 34, Verdict.UNSURE),
        ((5,), 35, Verdict.LOST),
        (tuple(range(0, 61, 5)), 60, Verdict.WELL),
        (tuple(range(0, 60, 5)), 59, Verdict.UNSURE),
        ((40,), 99, Verdict.LOST),
        (tuple(range(40, 96, 5)), 99, Verdict.UNSURE),
        (tuple(range(40, 101, 5)), 100, Verdict.WELL),
        ((*range(40, 80, 5), *range(90, 121, 5)), 120, Verdict.UNSURE),
        ((*range(0, 61, 5),), 71, Verdict.UNSURE),
    ],
)
def test_a_line_is_lost_after_silence_and_well_after_a_minute_without_a_gap(
    signs: tuple[int, ...], second: int, verdict: Verdict
) -> None:
    assert line(*signs).verdict(second * S) is verdict


@dataclass
class World:
    """What the venue and the sources say."""

    frame_age: int | None = 0
    time: bool = False
    sources_age: int | None = 0
    clean: bool = True
    asked: int = 0

    def ask_time(self) -> bool:
        self.asked += 1
        return self.time


@pytest.fixture
def world() -> Iterator[World]:
    said = World()
    before = Links(
        venue.links.withdraw,
        venue.links.frame_age,
        venue.links.time_answers,
        venue.links.sources_age,
        list(venue.links.reconciled),
    )
    venue.register_signs(frame_age=lambda: said.frame_age, time_answers=said.ask_time)
    venue.links.sources_age = lambda: said.sources_age
    venue.links.reconciled[:] = [lambda: said.clean]
    yield said
    for name in ("withdraw", "frame_age", "time_answers", "sources_age"):
        setattr(venue.links, name, getattr(before, name))
    venue.links.reconciled[:] = before.reconciled


class Watching:
    """Looks each second of its own time."""

    def __init__(self, *, temporal: bool = False) -> None:
        self.second = 0
        self._temporal = temporal
        self._connections = Connections(0)

    def until(self, second: int) -> None:
        while self.second < second:
            self.second += 1
            asking = self._connections._time._asking
            if asking is not None:
                wait_until(asking.done, what="the venue's clock is asked")
            at = Ms(NOON + self.second * S)
            self._connections.look(at=at, now=self.second * S, temporal=self._temporal)


def code() -> str | None:
    halt_now = selectors.halt_in_force()
    return None if halt_now is None else halt_now.code


def test_neither_frames_nor_the_clock_for_thirty_seconds_stop_everything(world: World) -> None:
    watching = Watching()
    watching.until(10)
    world.frame_age = None
    watching.until(39)
    assert code() is None

    watching.until(40)

    assert code() == "polymarket_disconnected"


def test_a_quiet_venue_whose_clock_answers_is_there(world: World) -> None:
    world.frame_age, world.time = 90 * S, True
    watching = Watching()

    watching.until(120)

    assert code() is None
    assert world.asked <= 25, "each five seconds"


def test_while_frames_come_the_clock_is_not_asked(world: World) -> None:
    Watching().until(60)

    assert world.asked == 0


def test_it_ends_by_itself_after_a_minute_and_a_clean_reconciliation(world: World) -> None:
    watching = Watching()
    world.frame_age = None
    watching.until(40)
    assert code() == "polymarket_disconnected"
    world.frame_age, world.clean = 0, False
    watching.until(110)
    assert code() == "polymarket_disconnected", "not reconciled"

    world.clean = True
    watching.until(111)

    assert code() is None


def test_a_minute_is_whole_when_the_venue_came_back(world: World) -> None:
    watching = Watching()
    world.frame_age = None
    watching.until(40)
    world.frame_age = 0
    watching.until(100)
    assert code() == "polymarket_disconnected"

    watching.until(101)

    assert code() is None


def test_a_graver_halt_is_neither_pressed_again_nor_lifted(world: World) -> None:
    halt("stay down")
    watching = Watching()
    world.frame_age = None
    watching.until(60)
    world.frame_age = 0
    watching.until(180)

    in_force = selectors.halt_in_force()
    assert in_force is not None
    assert (in_force.code, in_force.pressed) == ("manual_halt", 1)


def test_an_operator_who_presses_meanwhile_keeps_it_halted(world: World) -> None:
    watching = Watching()
    world.frame_age = None
    watching.until(40)
    halt("stay down")
    world.frame_age = 0

    watching.until(180)

    assert code() == "manual_halt"


def test_esports_sources_matter_only_while_temporal_arbitrage_trades(world: World) -> None:
    world.sources_age = None
    Watching(temporal=False).until(180)
    assert code() is None

    Watching(temporal=True).until(60)

    assert code() == "esports_disconnected"


def test_a_source_that_came_back_or_a_strategy_switched_off_ends_it(world: World) -> None:
    services.halt_trading(code=HaltCode.ESPORTS_LOST, detail="none", by=OPERATOR, at=NOON)
    watching = Watching(temporal=True)
    watching.until(59)
    assert code() == "esports_disconnected"

    watching.until(60)

    assert code() is None
