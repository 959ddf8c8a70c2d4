"""A halt that is no row yet: said on the bus, or kept in a file or in Redis. It holds until the row is there."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from core import events as ev
from infra import aio, clock
from infra.redis import Db, client
from risk import selectors
from risk.errors import HaltKept
from risk.models import HaltReport
from tests.builders import MARKET
from tests.risk.away import the_database_is_away
from tests.trading.posts import a_post, halt, halt_market, rename, say_halt
from tests.trading.stages import until
from trading.controls import halting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("redis")
async def test_a_halt_said_on_the_bus_holds_though_its_row_is_not_there_yet() -> None:
    """The row may wait for another's lock: to take the halt back for that would let orders leave again."""
    async with a_post() as post:
        watching = asyncio.create_task(post.keeper.watch_bus())
        saying = asyncio.create_task(aio.every(50, say_halt, stop=post.stop))
        await post.engine.hears(ev.Halted)
        await aio.end(watching, saying)

        await post.keeper.read()
        await post.keeper.read()

        assert post.engine.halted == "said on the bus"


@pytest.mark.usefixtures("redis")
async def test_a_halt_said_on_the_bus_that_never_becomes_a_row_is_over_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(halting, "HEARD_MS", 0)
    async with a_post() as post:
        watching = asyncio.create_task(post.keeper.watch_bus())
        saying = asyncio.create_task(aio.every(50, say_halt, stop=post.stop))
        await post.engine.hears(ev.Halted)

        await post.engine.hears(ev.Resumed)
        await aio.end(watching, saying)


async def test_a_halt_for_errors_in_a_row_holds_though_its_row_is_not_there_yet() -> None:
    async with a_post() as post:
        post.stage.runner.take(ev.Halted(None, "consecutive_errors", clock.now_ms()))

        await post.keeper.read()

        assert post.engine.halted == "consecutive_errors"


@pytest.fixture
def state(settings: Settings, tmp_path: Path) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})


def halt_kept() -> None:
    with the_database_is_away(), suppress(HaltKept):
        halt("the database is away")


@pytest.mark.usefixtures("state")
async def test_a_halt_the_database_did_not_take_is_obeyed_from_its_file_and_becomes_a_row() -> None:
    """Without Redis: the file alone is there."""
    async with a_post() as post:
        await sync_to_async(halt_kept)()
        assert await sync_to_async(selectors.halt_in_force)() is None

        await post.keeper.read()

        assert post.engine.halted == "manual_halt"
        await until(a_report_is_proven)
        assert post.engine.halted == "manual_halt", "from the file to the row without a gap"
    assert await sync_to_async(selectors.kept_halts)() == []
    assert all(not isinstance(event, ev.Resumed) for event in post.engine.past)


async def a_report_is_proven() -> bool:
    return await HaltReport.objects.filter(proven__isnull=False).aexists()


@pytest.mark.usefixtures("state")
async def test_a_kept_halt_stays_in_force_while_the_rows_cannot_be_read() -> None:
    async with a_post() as post:
        await sync_to_async(halt_kept)()
        await sync_to_async(rename)("risk_haltround", "risk_haltround_away")
        try:
            for _ in range(3):
                await post.keeper.read()

            assert post.engine.halted == "manual_halt"
            assert await sync_to_async(selectors.kept_halts)() != []
        finally:
            await sync_to_async(rename)("risk_haltround_away", "risk_haltround")

        await post.keeper.read()
        await until(a_report_is_proven)


@pytest.mark.usefixtures("state", "redis")
async def test_a_runner_says_in_redis_that_it_obeys_a_halt_without_a_row() -> None:
    async with a_post() as post:
        await sync_to_async(halt_kept)()
        (kept,) = await sync_to_async(selectors.kept_halts)()

        await post.keeper.read()
        await until(a_report_is_proven)

    assert client(Db.BUS).hgetall(f"halt:obeyed:{kept.wish_id}") == {
        b"shard:0": b"has stopped, with 4 orders open then"
    }


@pytest.mark.usefixtures("state")
async def test_a_market_is_stopped_by_its_kept_halt() -> None:
    def halt_market_kept() -> None:
        with the_database_is_away(), suppress(HaltKept):
            halt_market()

    async with a_post() as post:
        await sync_to_async(halt_market_kept)()

        await post.keeper.read()

        assert (post.engine.halted, post.engine.desks[MARKET].halted) == (None, "manual_halt")
        await until(a_report_is_proven)
        assert post.engine.desks[MARKET].halted == "manual_halt"
