"""Long-lived asyncio loops inside Celery tasks: one lease, one stop event, one owner.

Beat asks for every loop each second; a worker that finds the lease taken returns at once. Celery ends a worker by
waiting for its tasks, and an endless ``asyncio.run`` does not hear SIGTERM: the worker's ``worker_shutting_down``
signal sets each loop's stop event instead.
"""

import asyncio
import gc
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from celery.signals import worker_shutting_down
from django.db import close_old_connections, connections
from redis import RedisError

from infra import aio, clock, logs, redis, restarts
from infra.lease import Lease, single_runner

PULSE_MS: Final = 1000
PULSE_TTL_MS: Final = 5000
CONNECTIONS_MS: Final = 5000
# The launcher gives the trader 6 s of the whole stop's 15; a loop not done before is cancelled.
STOP_GRACE_MS: Final = 5000

log = logs.get("loops")


class Loop:
    """What a loop's main coroutine is given.

    stop:  set when the worker ends or the lease is lost; the main coroutine returns soon after.
    lease: ask ``lease.valid()`` before anything that two runners must not both do.
    """

    def __init__(self, name: str, lease: Lease) -> None:
        self.name = name
        self.lease = lease
        self.stop = asyncio.Event()
        self._asyncio = asyncio.get_running_loop()

    def stop_from_any_thread(self) -> None:
        """Set ``stop``. Harmless when the loop is already closed."""
        try:
            self._asyncio.call_soon_threadsafe(self.stop.set)
        except RuntimeError:
            log.info("loop had already ended", loop=self.name)

    def warmed_up(self) -> None:
        """Call once everything long-lived is built: later full collections then skip it (88 ms otherwise)."""
        gc.collect()
        gc.freeze()


class Running:
    """The loops of this process. The shutdown signal comes on the main thread, loops live on pool threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops: set[Loop] = set()
        self.ending = False

    def add(self, loop: Loop) -> None:
        with self._lock:
            self._loops.add(loop)
            if self.ending:
                loop.stop_from_any_thread()

    def discard(self, loop: Loop) -> None:
        with self._lock:
            self._loops.discard(loop)

    def stop_all(self) -> None:
        with self._lock:
            self.ending = True
            for loop in self._loops:
                loop.stop_from_any_thread()


running: Final = Running()


def stop_loops(**_: Any) -> None:
    """The worker was told to end: so are its loops."""
    running.stop_all()


worker_shutting_down.connect(stop_loops)


def run_loop(name: str, main: Callable[[Loop], Awaitable[None]]) -> None:
    """Run ``main`` under the lease ``name`` until it returns, the worker ends, or the lease is lost.

    Returns at once when another holds the lease. For Celery tasks; an exception of ``main`` is raised, and beat
    asks for the loop again a second later.
    """
    if running.ending:
        return
    with single_runner(name) as lease:
        if lease is None:
            return
        log.info("loop started", loop=name, event_type="startup")
        try:
            asyncio.run(_run(name, lease, main))
        finally:
            log.info("loop ended", loop=name, lease_lost=lease.lost.is_set(), event_type="shutdown_step")


async def _run(name: str, lease: Lease, main: Callable[[Loop], Awaitable[None]]) -> None:
    loop = Loop(name, lease)
    lease.when_lost(loop.stop_from_any_thread)
    running.add(loop)
    # Without a context of its own every loop of the process shares one thread for the database.
    async with ThreadSensitiveContext():
        companions = [asyncio.create_task(pulse(loop)), asyncio.create_task(_refresh_connections(loop))]
        try:
            await aio.until_stopped(main(loop), stop=loop.stop, grace_ms=STOP_GRACE_MS)
        finally:
            running.discard(loop)
            await aio.end(*companions)
            await sync_to_async(connections.close_all)()
            await redis.close_async()


def pulse_key(name: str) -> str:
    return f"loop:{name}"


async def pulse(loop: Loop) -> None:
    """Say each second, from the loop itself, that it turns: a light that a hung loop cannot keep on.

    A loop that somebody wants anew ends here in good order; beat asks for it again a second later.
    """
    watch = restarts.Watch(loop.name)
    while True:
        try:
            if await watch.look():
                log.warning("loop told to start anew", loop=loop.name)
                loop.stop.set()
            word = f"{os.getpid()},{clock.monotonic_ms()}"
            await redis.async_client(redis.Db.BUS).set(pulse_key(loop.name), word, px=PULSE_TTL_MS)
        except RedisError as error:
            log.warning("loop light not set", loop=loop.name, error=str(error))
        await asyncio.sleep(PULSE_MS / 1000)


async def _refresh_connections(loop: Loop) -> None:
    """After a database restart a held connection fails for ever: drop it when it is old or broken."""
    while not await aio.stopped_within(loop.stop, CONNECTIONS_MS):
        await sync_to_async(close_old_connections)()
