"""Write before the wire: approved orders wait here until their row is committed, then leave.

One task, and rows and orders keep the order in which they were approved. What waits at one time is written by one
commit: the last order of a frame does not wait for the disk once for each one before it. The queue is bounded by
what the judge approves (5 a second, 5 open a market); a full one is a refusal, never a wait.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple, TypeVar

from django.db import DatabaseError, close_old_connections, connections

from core.answers import RejectCode
from core.book import Trust
from core.engine import Engine
from core.intents import Place
from core.risk import Approved
from core.units import Ms
from infra import aio, clock, logs
from infra.lease import Lease
from trading import services
from trading.errors import FenceLost, OrderNotWritten
from trading.runner import Prepared, Runner, came_between

BOUND: Final = 256
WRITE_WITHIN_MS: Final = 5_000
CLOSE_WITHIN_S: Final = 1.0
CONNECTION_CHECK_S: Final = 5.0
STOPPING: Final = "the shard is stopping"

GROUP_MAX: Final = 16
# Turns of the loop that a request takes from ``place`` to the socket: its bytes go before the next order's turn.
TURNS: Final = 4

log = logs.get("trading")

T = TypeVar("T")
Failure = OrderNotWritten | DatabaseError | TimeoutError


class Waiting(NamedTuple):
    """A prepared order that waits for its row."""

    runner: Runner
    approved: Approved
    prepared: Prepared

    def ends(self, why: str) -> None:
        """It never left."""
        self.runner.not_sent(self.approved, why, clock.now_ms())

    def fails(self, why: str) -> None:
        """It never left, and that is an error: the database did not take its row."""
        code = RejectCode.NOT_WRITTEN
        self.runner.not_sent(self.approved, why, clock.now_ms(), code=code)


class Writing:
    """Rows on their way to the disk: asked for on the loop, written on the pen's thread.

    ``answer`` is what became of them; ``over`` is set when the thread is done, whoever still waits. Both are set by one
    call into the loop: a future of the executor, shielded, would take the loop two turns more.
    """

    def __init__(self, group: list[Waiting]) -> None:
        self._group = group
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Sequence[Failure | None]] = self._loop.create_future()
        self.over = asyncio.Event()
        self._sealed = False

    def over_on_pen(self, done: "Future[Sequence[Failure | None]]") -> None:
        """On the pen's thread: this is what became of them."""
        self._loop.call_soon_threadsafe(self._settle, done)

    def committing(self) -> None:
        """On the pen's thread: from here on it waits for the disk, and the loop has the processor to itself."""
        self._loop.call_soon_threadsafe(self._seal)

    def _seal(self) -> None:
        if not self._sealed:
            self._sealed = True
            for waiting in self._group:
                waiting.runner.gateway.seal(waiting.approved.intent.key)

    def _settle(self, done: "Future[Sequence[Failure | None]]") -> None:
        self.over.set()
        if self.answer.done():
            return  # nobody waits any more
        failed = done.exception()
        if failed is None:
            self.answer.set_result(done.result())
        else:
            self.answer.set_exception(failed)


class Outbox:
    """The sender of a shard. ``stop`` is set when another runner has taken the fence.

    arming_id: under which orders leave; ``None`` where none is needed.
    """

    def __init__(
        self,
        *,
        account_id: int,
        fence_name: str,
        fence: int,
        lease: Lease,
        stop: asyncio.Event,
        arming_id: int | None = None,
    ) -> None:
        self._account_id = account_id
        self._arming_id = arming_id
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
                group = [await self._waiting.get()]
                while len(group) < GROUP_MAX and not self._waiting.empty():
                    group.append(self._waiting.get_nowait())
                await self._write_and_send(self._prepared(group))
        finally:
            refreshing.cancel()
            while not self._waiting.empty():
                runner, approved = self._waiting.get_nowait()
                runner.not_sent(approved, STOPPING, clock.now_ms())
            await asyncio.wait({self._on_pen(connections.close_all)}, timeout=CLOSE_WITHIN_S)
            self._pen.shutdown(wait=False)

    def _prepared(self, group: list[tuple[Runner, Approved]]) -> list[Waiting]:
        """Those that can be made."""
        ready = []
        for runner, approved in group:
            try:
                ready.append(Waiting(runner, approved, runner.gateway.prepare(approved, clock.now_ms())))
            except OrderNotWritten as error:
                runner.not_sent(approved, str(error), clock.now_ms())
        return ready

    async def _write_and_send(self, group: list[Waiting]) -> None:
        if not group:
            return
        writing = Writing(group)
        self._pen.submit(self._writer(group, writing.committing)).add_done_callback(writing.over_on_pen)
        try:
            async with asyncio.timeout(WRITE_WITHIN_MS / 1000):
                written = await writing.answer
        except asyncio.CancelledError:
            # The thread writes on whatever we do: orders are closed after their rows are there, or stay PENDING.
            await aio.stopped_within(writing.over, WRITE_WITHIN_MS)
            for waiting in group:
                waiting.ends(STOPPING)
            raise
        except (DatabaseError, TimeoutError) as error:
            written = [error] * len(group)
        told = zip(group, written, strict=True)
        try:
            for waiting, failure in told:
                if failure is None:
                    self._send_written(waiting)
                    await _turns(TURNS)
                else:
                    self._not_written(waiting, failure)
        finally:
            # Only when cancelled between two of them: the rows are there, and these will not leave.
            for waiting, _ in told:
                waiting.ends(STOPPING)

    def _send_written(self, waiting: Waiting) -> None:
        """Its row is there; what came meanwhile may forbid it still, an order of its own group too.

        The runner looks at halts, breakers and windows itself.
        """
        why = self._not_now(waiting.runner.engine, waiting.approved.intent)
        if why is None:
            waiting.runner.sent(waiting.approved, clock.now_ms())
        else:
            waiting.ends(why)

    def _not_written(self, waiting: Waiting, failure: Failure) -> None:
        if isinstance(failure, FenceLost):
            self._stop.set()
        if isinstance(failure, OrderNotWritten):
            waiting.ends(str(failure))
            return
        # The row may be there or not; the order is not on the wire, and that is what counts.
        key = waiting.approved.intent.key
        log.error("order row not written", event_type="error", key=key, error=str(failure))
        waiting.fails(f"its row could not be written: {failure}")

    def _writer(
        self, group: list[Waiting], committing: Callable[[], None]
    ) -> Callable[[], Sequence[Failure | None]]:
        now = clock.now_ms()
        return partial(
            services.write_orders,
            [services.NewOrder(each.approved.intent, *each.prepared, now) for each in group],
            account_id=self._account_id,
            fence_name=self._fence_name,
            fence=self._fence,
            arming_id=self._arming_id,
            committing=committing,
        )

    def _on_pen(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._pen, work)

    async def _refresh_connection(self) -> None:
        """After a database restart a held connection fails for ever; an order must not be the one to find out."""
        while True:
            await asyncio.sleep(CONNECTION_CHECK_S)
            await self._on_pen(close_old_connections)

    def forbids(self, engine: Engine, place: Place) -> str | None:
        """Why an order must not leave now, whatever was decided before; ``None`` when it may."""
        return came_between(engine, place) or self._not_now(engine, place)

    def _not_now(self, engine: Engine, place: Place) -> str | None:
        """What only the shard knows: of its streams, its lease, its end."""
        desk = engine.desk(place.market_id)
        if desk is not None and desk.book.trust is not Trust.TRUSTED:
            return f"the book is {desk.book.trust} now"
        if not self._lease.valid():
            return "the lease is no longer ours"
        return STOPPING if self._stop.is_set() else None


async def _turns(count: int) -> None:
    """Let everybody else have this many turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)
