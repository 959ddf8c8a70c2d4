"""Back-off has a cap, waits have an end, work is never left running."""

import asyncio
from contextlib import suppress
from itertools import islice
from random import Random

import pytest

from infra import aio


def test_back_off_doubles_up_to_its_cap() -> None:
    waits = list(islice(aio.back_off(Random(1), first_ms=100, cap_ms=800), 8))

    ceilings = [100, 200, 400, 800, 800, 800, 800, 800]
    assert all(top // 2 <= wait <= top for wait, top in zip(waits, ceilings, strict=True))


def test_back_off_is_not_the_same_for_everybody() -> None:
    one, other = (list(islice(aio.back_off(Random(seed)), 5)) for seed in (1, 2))

    assert one != other


async def test_a_wait_ends_early_when_stopped() -> None:
    stop = asyncio.Event()

    assert not await aio.stopped_within(stop, 1)
    stop.set()
    assert await aio.stopped_within(stop, 60_000)


async def test_work_that_fails_fails_its_owner() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await aio.until_stopped(work(), stop=asyncio.Event(), grace_ms=10)


async def test_work_may_finish_within_its_grace() -> None:
    stop = asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        await stop.wait()
        await asyncio.sleep(0)
        done.append("flushed")

    stop.set()
    await aio.until_stopped(work(), stop=stop, grace_ms=1_000)

    assert done == ["flushed"]


async def test_repeated_work_stops_between_two_turns() -> None:
    stop = asyncio.Event()
    turns: list[int] = []

    async def act() -> None:
        turns.append(len(turns))
        if len(turns) == 3:
            stop.set()

    await aio.every(1, act, stop=stop)

    assert turns == [0, 1, 2]


async def test_a_cancel_that_vanished_in_what_is_repeated_still_ends_the_repeating() -> None:
    """As redis-py was seen to lose it while it connects; the shard's task group then waited for ever."""
    begun = asyncio.Event()

    async def lose_cancel() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    repeating = asyncio.create_task(aio.every(1, lose_cancel, stop=asyncio.Event()))
    await begun.wait()
    repeating.cancel()

    async with asyncio.timeout(5):
        await asyncio.wait({repeating})
    assert repeating.cancelled()


async def test_a_timeout_inside_what_is_repeated_does_not_end_the_repeating() -> None:
    stop, rounds = asyncio.Event(), iter(range(2))

    async def run_out_of_time() -> None:
        if next(rounds):
            stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()

    async with asyncio.timeout(5):
        await aio.every(1, run_out_of_time, stop=stop)

    assert next(rounds, None) is None
