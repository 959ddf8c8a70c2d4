"""Events between processes, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis import Redis

from core.events import Event, Halted, Tick
from core.units import Ms
from infra import bus
from infra.redis import close_async


def a_tick(heard_ms: int) -> Tick:
    return Tick(heard_ms=Ms(heard_ms))


async def collect(topic: str, count: int, after: str | None = None) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(5):
        async for event in bus.subscribe(topic, after=after):
            found.append(event)
            if len(found) == count:
                break
    return found


@pytest.fixture(autouse=True)
async def loop_ends_clean() -> AsyncIterator[None]:
    yield
    await close_async()


@pytest.mark.usefixtures("redis")
async def test_a_subscriber_hears_what_is_published_after_it_came() -> None:
    bus.publish("control", a_tick(1))
    listener = asyncio.create_task(collect("control", 2))
    await asyncio.sleep(0)
    while not listener.done():
        await bus.async_publish("control", a_tick(2))
        await asyncio.wait({listener}, timeout=0.05)

    assert await listener == [a_tick(2), a_tick(2)]


@pytest.mark.usefixtures("redis")
async def test_all_that_is_kept_can_be_read_again_in_order() -> None:
    said: list[Event] = [a_tick(n) for n in range(250)]
    for event in said:
        bus.publish("control", event)

    assert await collect("control", 250, after="0") == said


@pytest.mark.usefixtures("redis")
async def test_topics_do_not_mix() -> None:
    bus.publish("matches", a_tick(1))
    bus.publish("control", a_tick(2))

    assert await collect("control", 1, after="0") == [a_tick(2)]


async def test_a_word_nobody_understands_is_passed_over(redis: Redis) -> None:
    redis.xadd(bus.key_of("control"), {"event": b"gibberish"})
    bus.publish("control", Halted(market_id=None, reason="manual_halt", heard_ms=Ms(3)))

    heard = await collect("control", 1, after="0")

    assert [type(event) for event in heard] == [Halted]


def test_a_stream_keeps_its_last_thousand(redis: Redis) -> None:
    for n in range(1_300):
        bus.publish("control", a_tick(n))

    assert redis.xlen(bus.key_of("control")) <= bus.EVENTS_KEPT + 200
