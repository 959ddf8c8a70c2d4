"""Write before the wire: approved orders wait here until their row is committed, then leave.

One task, one order after the other, so rows and orders keep the order in which they were approved. The queue
is bounded by what the judge approves (5 a second, 5 open a market); a full one is a refusal, never a wait.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from django.db import DatabaseError, close_old_connections, connections

from core.book import Trust
from core.engine import Engine
from core.intents import Place
from core.risk import Approved
from core.units import Ms
from infra import clock, logs
from infra.lease import Lease
from trading import services
from trading.errors import FenceLost, OrderNotWritten
from trading.runner import Prepared, Runner

BOUND: Final = 256
WRITE_WITHIN_S: Final = 5.0
CLOSE_WITHIN_S: Final = 1.0
CONNECTION_CHECK_S: Final = 5.0
STOPPING: Final = "the shard is stopping"

log = logs.get("trading")


class Outbox:
    """The sender of a shard. ``stop`` is set when another runner has taken the fence."""

    def __init__(
        self, *, account_id: int, fence_name: str, fence: int, lease: Lease, stop: asyncio.Event
    ) -> None:
        self._account_id = account_id
        self._fence_name = fence_name
        self._fence = fence
        self._lease = lease
        self._stop = stop
        # A thread and a connection of their own: a row waits for no other query of the shard.
        self._pen = ThreadPoolExecutor(1, thread_name_prefix="order rows")
        self._waiting: asyncio.Queue[tuple[Runner, Approved]] = asyncio.Queue(BOUND)

    def send(self, runner: Runner, approved: Approved, now: Ms) -> None:
        """Take an approved order; it leaves once its row is there."""
        try:
            self._waiting.put_nowait((runner, approved))
        except asyncio.QueueFull:
            runner.not_sent(approved, f"{BOUND} orders already wait for their rows", now)

    async def run(self) -> None:
        """Write and send until cancelled. What has not left by then is told as never sent."""
        refreshing = asyncio.create_task(self._refresh_connection())
        try:
            while True:
                runner, approved = await self._waiting.get()
                await self._write_and_send(runner, approved)
        finally:
            refreshing.cancel()
            while not self._waiting.empty():
                runner, approved = self._waiting.get_nowait()
                runner.not_sent(approved, STOPPING, clock.now_ms())
            await asyncio.wait({self._on_pen(connections.close_all)}, timeout=CLOSE_WITHIN_S)
            self._pen.shutdown(wait=False)

    async def _write_and_send(self, runner: Runner, approved: Approved) -> None:
        place = approved.intent
        writing: asyncio.Future[None] | None = None
        try:
            writing = self._write(approved, runner.gateway.prepare(approved, clock.now_ms()))
            async with asyncio.timeout(WRITE_WITHIN_S):
                await asyncio.shield(writing)
        except asyncio.CancelledError:
            # The thread writes on whatever we do: the order is closed after its row is there, or it stays PENDING.
            assert writing is not None, "only waiting can be cancelled"
            await asyncio.wait({writing}, timeout=WRITE_WITHIN_S)
            runner.not_sent(approved, STOPPING, clock.now_ms())
            raise
        except FenceLost as error:
            self._stop.set()
            runner.not_sent(approved, str(error), clock.now_ms())
            return
        except OrderNotWritten as error:
            runner.not_sent(approved, str(error), clock.now_ms())
            return
        except (DatabaseError, TimeoutError) as error:
            # The row may be there or not; the order is not on the wire, and that is what counts.
            log.error("order row not written", event_type="error", key=place.key, error=str(error))
            runner.not_sent(approved, f"its row could not be written: {error}", clock.now_ms())
            return
        why = self.forbids(runner.engine, place)
        if why is None:
            runner.sent(approved, clock.now_ms())
        else:
            runner.not_sent(approved, why, clock.now_ms())

    def _write(self, approved: Approved, prepared: Prepared) -> "asyncio.Future[None]":
        return self._on_pen(
            partial(
                services.write_order,
                approved.intent,
                account_id=self._account_id,
                order_id=prepared.order_id,
                unsigned=prepared.unsigned,
                fence_name=self._fence_name,
                fence=self._fence,
                at_ms=clock.now_ms(),
            )
        )

    def _on_pen(self, work: Callable[[], None]) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().run_in_executor(self._pen, work)

    async def _refresh_connection(self) -> None:
        """After a database restart a held connection fails for ever; an order must not be the one to find out."""
        while True:
            await asyncio.sleep(CONNECTION_CHECK_S)
            await self._on_pen(close_old_connections)

    def forbids(self, engine: Engine, place: Place) -> str | None:
        """Why an order must not leave now, whatever was decided before; ``None`` when it may."""
        desk = engine.desk(place.market_id)
        if engine.halted is not None:
            return f"halted meanwhile: {engine.halted}"
        if desk is None or desk.halted is not None:
            return "its market was halted meanwhile"
        if desk.book.trust is not Trust.TRUSTED:
            return f"the book is {desk.book.trust} now"
        if not self._lease.valid():
            return "the lease is no longer ours"
        return STOPPING if self._stop.is_set() else None
