"""A runner's budget and breakers follow their rows: taken at once, acknowledged when kept, closed by people."""

from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from core import events as ev
from core.breaker import BreakerMoved, State
from core.budgets import Whole
from core.engine import Engine, Step
from core.limits import NO_BUDGET, Budget
from core.units import Ms, usdc
from infra import clock
from risk import selectors
from risk import services as risk
from risk.limits import budgets
from tests.builders import MARKET
from tests.trading.stages import Stage, mid_evening
from trading.controls.reins import Reins

pytestmark = pytest.mark.django_db(transaction=True)
SHARD = "shard:0"


class Noting:
    """A witness that keeps breakers' moves as the bookkeeper does, at once."""

    def __init__(self, engine: Engine) -> None:
        self.moves: list[BreakerMoved] = []

    def saw(self, event: ev.Event, step: Step) -> None:
        self.moves += [note for note in step.notes if isinstance(note, BreakerMoved)]

    def failed(self, event: ev.Event, error: Exception) -> None:
        raise error


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    mid_evening(monkeypatch)  # in peak hours half as much rests
    await sync_to_async(risk.enlist_runner)(SHARD, at=clock.now_ms())
    made = Stage(witness=Noting)
    made.engine.budget = NO_BUDGET
    yield made
    await sync_to_async(connections.close_all)()


def part_in_use(stage: Stage) -> Budget | None:
    return stage.engine.budget


async def deal(total: str) -> None:
    whole = Whole(usdc(total), usdc("2000"), usdc("200"), 5, None)
    await sync_to_async(budgets.deal)(whole, limits_number=1, at=clock.now_ms())


async def dealt() -> tuple[int, bool]:
    found = await sync_to_async(selectors.budget_of)(SHARD)
    assert found is not None
    return found.number, found.acked


async def test_a_runner_that_was_dealt_nothing_sends_nothing(stage: Stage) -> None:
    await Reins(stage.runner, name=SHARD).read()
    stage.list_market()
    stage.book()

    assert part_in_use(stage) == NO_BUDGET
    assert stage.keys() == []


async def test_a_budget_is_taken_and_acknowledged_in_one_reading(stage: Stage) -> None:
    await deal("5000")

    await Reins(stage.runner, name=SHARD).read()
    stage.list_market()
    stage.book()

    assert await dealt() == (1, True)
    assert len(stage.keys()) == 2


async def test_a_cut_binds_at_once_and_is_acknowledged_when_what_rests_lies_within_it(stage: Stage) -> None:
    reins = Reins(stage.runner, name=SHARD)
    await deal("5000")
    await reins.read()
    stage.list_market()
    stage.book()
    await deal("30")

    await reins.read()
    assert await dealt() == (2, False)
    part = part_in_use(stage)
    assert part is not None
    assert part.total_exposure == usdc("30")
    stage.runner.take(ev.OrderRejected(stage.keys()[0], ev.RejectCode.OTHER, "no", clock.now_ms()))
    await reins.read()

    assert await dealt() == (2, True)


async def an_open_breaker(stage: Stage) -> BreakerMoved:
    """Quotes that nobody answered for, and the row of it."""
    await deal("5000")
    await Reins(stage.runner, name=SHARD).read()
    stage.list_market()
    stage.book()
    stage.runner.take(ev.Tick(Ms(clock.now_ms() + 7_000)))
    assert isinstance(stage.witness, Noting)
    (moved,) = stage.witness.moves
    return moved


async def test_a_breaker_whose_row_is_still_to_be_written_stays_open(stage: Stage) -> None:
    await an_open_breaker(stage)

    await Reins(stage.runner, name=SHARD).read()

    assert stage.engine.desks[MARKET].guard.breaker.state is State.OPEN


async def test_a_breaker_that_somebody_ended_closes_with_the_next_reading(stage: Stage) -> None:
    moved = await an_open_breaker(stage)
    await sync_to_async(risk.keep_breaker)(moved)
    by = risk.Actor("olga", risk.Role.OPERATOR, "127.0.0.1", None)
    await sync_to_async(risk.resume_market)(market_id=MARKET, reason="fine", by=by, at=clock.now_ms())

    await Reins(stage.runner, name=SHARD).read()

    assert isinstance(stage.witness, Noting)
    assert stage.engine.desks[MARKET].guard.breaker.state is State.CLOSED
    assert stage.witness.moves[-1].reason == "resumed by olga: fine"
