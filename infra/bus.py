"""Slow events between processes: Redis Streams. Market data never crosses; it stays where it is traded on.

A stream keeps its last thousand events. A reader that was away for longer misses the rest, so nothing may depend
on the bus alone: a halt is a row as well.
"""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any, Final

from redis import RedisError

from core.events import Event
from infra import aio, codec, logs
from infra.redis import Db, as_text, async_client, client, quick_client

EVENTS_KEPT: Final = 1000
READ_AT_ONCE: Final = 100
# Below the client's own socket timeout, so that a quiet stream is no error.
BLOCK_MS: Final = 1000

log = logs.get("bus")


def key_of(topic: str) -> str:
    return f"bus:{topic}"


def publish(topic: str, event: Event) -> None:
    """Append one event. Raises ``redis.RedisError`` when Redis does not answer."""
    client(Db.BUS).xadd(key_of(topic), {"event": codec.dump(event)}, maxlen=EVENTS_KEPT)


def publish_quickly(topic: str, event: Event) -> None:
    """As ``publish``, and gives up after half a second: for what must not wait for a Redis that hangs."""
    quick_client(Db.BUS).xadd(key_of(topic), {"event": codec.dump(event)}, maxlen=EVENTS_KEPT)


async def async_publish(topic: str, event: Event) -> None:
    """As ``publish``, from a loop."""
    await async_client(Db.BUS).xadd(key_of(topic), {"event": codec.dump(event)}, maxlen=EVENTS_KEPT)


async def subscribe(topic: str, *, after: str | None = None) -> AsyncIterator[Event]:
    """Every event from now on, or after the stream id ``after`` ("0": all that is kept). Ends by cancellation.

    While Redis is away it waits with back-off and then goes on where it was. What cannot be decoded is logged and
    passed over.
    """
    position = after
    waits = aio.back_off(Random())
    while True:
        try:
            if position is None:
                position = await _newest(topic)
            answer = await async_client(Db.BUS).xread(
                {key_of(topic): position}, count=READ_AT_ONCE, block=BLOCK_MS
            )
        except RedisError as error:
            log.warning("bus not read, trying again", topic=topic, error=str(error))
            await asyncio.sleep(next(waits) / 1000)
            continue
        waits = aio.back_off(Random())
        for entry, fields in _entries(answer):
            position = entry
            event = _decoded(topic, fields)
            if event is not None:
                yield event


async def _newest(topic: str) -> str:
    """The id of the last event there is: "$" would skip what arrives between two reads."""
    last: Any = await async_client(Db.BUS).xrevrange(key_of(topic), count=1)
    return as_text(last[0][0]) if last else "0"


def _entries(answer: Any) -> list[tuple[str, dict[bytes, bytes]]]:  # noqa: ANN401 redis-py says no more
    """The entries of one topic, whichever of its two shapes redis-py answers in."""
    if not answer:
        return []
    streams = answer.values() if isinstance(answer, dict) else [pair[1] for pair in answer]
    found: list[tuple[str, dict[bytes, bytes]]] = []
    for stream in streams:
        batch = stream[0] if stream and isinstance(stream[0], list) else stream
        found += [(entry.decode(), fields) for entry, fields in batch]
    return found


def _decoded(topic: str, fields: dict[bytes, bytes]) -> Event | None:
    try:
        return codec.load(fields.get(b"event", b""))
    except codec.Undecodable as error:
        log.error("event on the bus not understood", topic=topic, error=str(error), event_type="error")
        return None
