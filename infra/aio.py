"""Owned tasks, bounded waits, capped back-off: what every loop of ours is made of."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from random import Random
from typing import Any, Final, TypeVar

# A first try is quick, the last ones are patient; a venue that comes back after an hour finds us within this.
BACK_OFF_FIRST_MS: Final = 250
BACK_OFF_CAP_MS: Final = 15_000
CANCEL_AGAIN_S: Final = 0.5

T = TypeVar("T")


def back_off(
    chance: Random, *, first_ms: int = BACK_OFF_FIRST_MS, cap_ms: int = BACK_OFF_CAP_MS
) -> Iterator[int]:
    """Waits in ms: doubling up to the cap, each between half and the whole, so that many do not return at once."""
    ceiling = first_ms
    while True:
        yield chance.randint(ceiling // 2, ceiling)
        ceiling = min(cap_ms, ceiling * 2)


async def stopped_within(stop: asyncio.Event, ms: int) -> bool:
    """Wait up to ``ms`` real milliseconds; true as soon as ``stop`` is set."""
    try:
        async with asyncio.timeout(ms / 1000):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def every(
    ms: int | Callable[[], int], act: Callable[[], Awaitable[None]], *, stop: asyncio.Event
) -> None:
    """Call ``act`` at once and then every ``ms`` real milliseconds until ``stop``. Its exceptions end the loop.

    ms: asked for each wait where it is not the same for all.

    A cancel that ``act`` lost on its way ends it too: a task group cancels once, and would wait here for ever.
    """
    me = asyncio.current_task()
    assert me is not None, "a coroutine runs in a task"
    while True:
        await act()
        if me.cancelling():
            raise asyncio.CancelledError
        if await stopped_within(stop, ms if isinstance(ms, int) else ms()):
            return


async def first_of(*works: Coroutine[None, None, T]) -> T:
    """Run all; return or raise what the first to end returns or raises. None is left running."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks until they are gone; what they raise meanwhile is theirs.

    Once is not enough: a cancel that meets redis-py while it connects was seen to vanish (Python 3.11).
    """
    waiting = {task for task in tasks if not task.done()}
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=CANCEL_AGAIN_S)


async def ending_surely(work: Awaitable[None]) -> None:
    """Run a task group's work that talks to Redis. One cancel ends it, however many it takes.

    A group cancels once, and a cancel that meets redis-py while it connects vanishes: the group would wait for ever.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    finally:
        await end(task)
    task.result()


async def until_stopped(work: Awaitable[None], *, stop: asyncio.Event, grace_ms: int) -> None:
    """Run ``work``; once ``stop`` is set give it ``grace_ms`` to end by itself, then cancel it.

    An exception of ``work`` is raised here. The work is never left running.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=grace_ms / 1000)
    finally:
        await end(task, watch)
    if not task.cancelled() or not stop.is_set():
        task.result()
