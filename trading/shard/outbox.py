"""Write before the wire: approved orders wait here until their row is committed, then leave.

One task, and rows and orders keep the order in which they were approved. What waits at one time is written by one
commit: the last order of a frame does not wait for the disk once for each one before it. The queue is bounded by
what the judge approves (5 a second, 5 open a market); a full one is a refusal, never a wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from django.db import DatabaseError, close_old_connections, connections

from core.answers import RejectCode
from core.book import Trust
from core.engine import Engine
from core.intents import Place
from core.risk import Approved
from core.units import Ms
from infra import aio, checkpoints, clock, logs
from infra.lease import Lease
from infra.pen import Pen
from trading import services
from trading.errors import FenceLost, OrderNotWritten
from trading.runner import Prepared, Runner, came_between

BOUND: Final = 256
WRITE_WITHIN_MS: Final = 5_000
CLOSE_WITHIN_MS: Final = 1_000
CONNECTION_CHECK_S: Final = 5.0
STOPPING: Final = "the shard is stopping"

GROUP_MAX: Final = 16

log = logs.get("trading")

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

    ``told`` is done when ``tell`` has had the answer; given up, it never has. ``over`` is set when the thread is done,
    whoever still waits. Orders leave in the very call that says so: a task that was woken for it would come a turn of
    the loop later.
    """

    def __init__(
        self, group: list[Waiting], tell: "Callable[[Writing, Sequence[Failure | None]], None]"
    ) -> None:
        self.left = deque(group)  # those that nothing was told of yet
        self.over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.told: asyncio.Future[None] = self._loop.create_future()
        self._tell = tell
        self._unsealed = deque(group)

    def committing(self) -> None:
        """On the pen's thread: from here on it waits for the disk, and the loop has the processor to itself."""
        self._loop.call_soon_threadsafe(self._seal)

    def _seal(self) -> None:
        """One a turn: where the disk is quick the first order leaves before the last is sealed."""
        if self._unsealed and not self.over.is_set():
            waiting = self._unsealed.popleft()
            waiting.runner.gateway.seal(waiting.approved.intent.key)
            self._loop.call_soon(self._seal)

    def written(self, answer: "Sequence[Failure | None] | Exception") -> None:
        """What became of them."""
        self.over.set()
        if self.told.done():
            return  # nobody waits any more
        try:
            if isinstance(answer, Exception):
                raise answer
            self._tell(self, answer)
        except Exception as error:  # noqa: BLE001 task edge: it is the outbox's, which waits for us
            self.told.set_exception(error)
        else:
            self.told.set_result(None)


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
        self._waiting: asyncio.Queue[tuple[Runner, Approved]] = asyncio.Queue(BOUND)

    def send(self, runner: Runner, approved: Approved, now: Ms) -> None:
        """Take an approved order; it leaves once its row is there."""
        try:
            self._waiting.put_nowait((runner, approved))
        except asyncio.QueueFull:
            runner.not_sent(approved, f"{BOUND} orders already wait for their rows", now)

    async def run(self) -> None:
        """Write and send until cancelled. What has not left by then is told as never sent."""
        # A thread and a connection of their own: a row waits for no other query of the shard.
        self._pen = Pen("order rows")
        keeping = asyncio.create_task(self._keep_connection())
        try:
            while True:
                group = [await self._waiting.get()]
                while len(group) < GROUP_MAX and not self._waiting.empty():
                    group.append(self._waiting.get_nowait())
                await self._write_and_send(self._prepared(group))
        finally:
            keeping.cancel()
            while not self._waiting.empty():
                runner, approved = self._waiting.get_nowait()
                runner.not_sent(approved, STOPPING, clock.now_ms())
            closed = self._asked(connections.close_all)
            self._pen.end()
            await aio.stopped_within(closed, CLOSE_WITHIN_MS)

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
        writing = Writing(group, self._told)
        write = self._writer(group, writing.committing)
        try:
            async with asyncio.timeout(WRITE_WITHIN_MS / 1000):
                self._pen.ask(write, writing.written)
                await writing.told
        except asyncio.CancelledError:
            # The thread writes on whatever we do: orders are closed after their rows are there, or stay PENDING.
            await aio.stopped_within(writing.over, WRITE_WITHIN_MS)
            raise
        except (DatabaseError, TimeoutError) as error:
            self._told(writing, [error] * len(writing.left))
        finally:
            for waiting in writing.left:
                waiting.ends(STOPPING)

    def _told(self, writing: Writing, written: Sequence[Failure | None]) -> None:
        for failure in written:
            waiting = writing.left.popleft()
            if failure is None:
                self._send_written(waiting)
            else:
                self._not_written(waiting, failure)

    def _send_written(self, waiting: Waiting) -> None:
        """Its row is there; what came meanwhile may forbid it still, an order of its own group too.

        The runner looks at halts, breakers and windows itself.
        """
        why = self._not_now(waiting.runner.engine, waiting.approved.intent)
        if why is None:
            waiting.runner.gateway.seal(waiting.approved.intent.key)
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

    async def _keep_connection(self) -> None:
        """After a database restart a held connection fails for ever; an order must not be the one to find out."""
        while True:
            # Behind a row that hangs waits one look, not one every few seconds.
            await self._asked(_connect).wait()
            await asyncio.sleep(CONNECTION_CHECK_S)

    def _asked(self, work: Callable[[], None]) -> asyncio.Event:
        """Set when the pen is done with it, however it went: what fails here the next order says."""
        over = asyncio.Event()
        self._pen.ask(work, lambda _: over.set())
        return over

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


def _connect() -> None:
    """The journal follows every order with rows of its own, and does the checkpoints."""
    close_old_connections()
    checkpoints.leave_to_others()
