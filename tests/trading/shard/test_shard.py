"""A whole shard against the simulator: it trades, stops in order, and begins again where it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from core.ids import Outcome
from core.ledger import EntryKind
from core.lifecycle import CLOSED, Status
from core.units import Ms
from feeds.discovery import Discovery
from feeds.sources.polymarket.gamma_client import GammaClient
from infra import aio, bus, clock
from infra.lease import single_runner
from infra.loops import Loop
from infra.redis import close_async
from risk import services as risk
from risk.models import Runner
from simulator import server
from tests.trading.stages import SHARD_WITHIN_S, Venue, a_venue, mid_evening, until
from trading import selectors, services
from trading.models import Account, Order, StepFailure
from trading.shard import shard

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
NAME: Final = "shard:0"
SPEED: Final = Fraction(20)
OPEN: Final = ("pending", "sent", "live", "delayed", "partial", "cancelling", "unknown")


@pytest.fixture
async def venue(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Venue]:
    """The simulator at twenty times the pace of life, its markets found by discovery."""
    mid_evening(monkeypatch, SPEED)
    async with a_venue(seed=11) as served:
        chosen = {"port": served.port - 1, "record": False, "state_dir": tmp_path, "quote_in_play": True}
        settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)
        client = GammaClient(f"http://{server.HOST}:{served.port}", chance=Random(1))
        found = await Discovery(client, venue="simulator", every_ms=0).round()
        await client.close()
        assert found.new > 0
        stop = asyncio.Event()
        evening = asyncio.create_task(server.run_world(served.app, stop))
        yield served
        stop.set()
        await evening
    await close_async()
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def a_running_shard() -> AsyncIterator[Loop]:
    """A shard at work; at the end of the body it is told to stop and has stopped."""
    with single_runner(NAME) as lease:
        assert lease is not None
        loop = Loop(NAME, lease)
        work = asyncio.create_task(shard.run(loop, 0))
        try:
            yield loop
            assert not work.done() or work.exception() is None, work.exception()
        finally:
            loop.stop.set()
            async with asyncio.timeout(15):
                await work


async def some_order_rests() -> bool:
    return await Order.objects.filter(status="live").aexists()


async def something_is_held() -> bool:
    account = await Account.objects.afirst()
    return account is not None and bool(await sync_to_async(selectors.open_positions)(account.pk))


@pytest.mark.usefixtures("venue")
async def test_a_stopped_shard_leaves_no_order_open() -> None:
    async with a_running_shard():
        await until(some_order_rests)

    left = [(row.status, row.reason) async for row in Order.objects.filter(status__in=OPEN)]
    assert left == []
    assert {row.status async for row in Order.objects.all()} <= {
        Status.MATCHED.value,
        *(status.value for status in CLOSED),
    }
    assert not await StepFailure.objects.aexists()
    assert (await Runner.objects.aget(name=NAME)).left is not None


@pytest.mark.usefixtures("venue")
async def test_a_shard_opened_again_holds_what_it_held() -> None:
    async with a_running_shard():
        await until(something_is_held)
    account = await Account.objects.aget()
    positions = await sync_to_async(selectors.open_positions)(account.pk)
    cash = await sync_to_async(selectors.entries_sum)(account.pk)
    used = await sync_to_async(selectors.last_sequences)(account.pk)

    with single_runner(NAME) as lease:
        assert lease is not None
        again = await shard._open(Loop(NAME, lease), 0)
        assert again is not None
        await again.close()

    assert again.account == account
    assert again.engine.ledger.cash == cash
    held = {(p.market_id, Outcome(p.outcome)): p.shares for p in again.engine.ledger.positions() if p.shares}
    assert held
    assert len(held) == sum(bool(position.yes) + bool(position.no) for position in positions)
    deposits = [
        e for e in await sync_to_async(selectors.ledger_entries)(account.pk) if e.kind is EntryKind.DEPOSIT
    ]
    assert len(deposits) == 1, "the start cash is paid in once"
    assert await sync_to_async(selectors.last_sequences)(account.pk) == used


@pytest.mark.usefixtures("venue")
async def test_another_taker_of_the_fence_stops_the_shard() -> None:
    async with a_running_shard() as loop:
        await until(some_order_rests)

        await sync_to_async(services.take_fence)(NAME)

        async with asyncio.timeout(SHARD_WITHIN_S):
            await loop.stop.wait()


@pytest.mark.usefixtures("venue")
async def test_a_shard_that_ends_late_leaves_its_successor_enlisted() -> None:
    """It hung until its lease was another's: dismissed, that one would owe no answer to a halt and have no budget, and
    without a board the console says that nobody trades."""
    async with a_running_shard():
        await until(board_is_published)
        await sync_to_async(services.take_fence)(NAME)
        await sync_to_async(risk.enlist_runner)(NAME, at=clock.now_ms())

    assert (await Runner.objects.aget(name=NAME)).left is None
    assert await sync_to_async(selectors.board)() is not None, "fades by itself when nobody follows"


@pytest.mark.usefixtures("venue")
async def test_a_shard_that_begins_under_a_halt_sends_nothing() -> None:
    def halt() -> None:
        risk.halt_trading(
            code=risk.HaltCode.MANUAL, detail="before", by=risk.process("test"), at=clock.now_ms()
        )

    await sync_to_async(halt)()

    async with a_running_shard():
        await until(board_is_published)

    assert not await Order.objects.aexists()


async def board_is_published() -> bool:
    board = await sync_to_async(selectors.board)()
    if board is None:
        return False
    trusted = [row for key, row in board.rows.items() if key.startswith("market:") and row["trusted"]]
    return len(trusted) > 1


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_reader_of_the_bus_ends_by_one_cancel_wherever_it_meets_it(turns: int) -> None:
    """From the third turn of the loop on it is connecting, and redis-py swallows the cancel."""

    async def read() -> None:
        async for _ in bus.subscribe("matches"):
            pass

    reading = asyncio.create_task(aio.ending_surely(read()))
    for _ in range(turns):
        await asyncio.sleep(0)

    reading.cancel()

    done, _ = await asyncio.wait({reading}, timeout=10)
    assert done
    assert reading.cancelled()
    await close_async()


@pytest.mark.parametrize(("into_the_second", "wait_ms"), [(0, 20), (500, 20), (980, 20), (985, 15), (999, 1)])
def test_the_timer_wakes_when_the_second_turns(into_the_second: int, wait_ms: int) -> None:
    clock.start(Fraction(1))

    assert shard.until_the_tick(Ms(1_800_000_000_000 + into_the_second)) == wait_ms
