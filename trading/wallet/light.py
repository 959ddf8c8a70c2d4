"""The light of a wallet: who holds it, and whether trading with it is safe. Written by its keeper, read by everybody.

A light goes out by itself when its keeper stops writing. A shard trades with a wallet only after it saw the light
say that it is held: until then another trader's orders may be there, and they are not ours to cancel.
"""

import asyncio
from enum import StrEnum
from typing import Final

import msgspec
from redis import RedisError

from core.units import Ms
from infra import aio, logs, redis

TTL_MS: Final = 5000
LOOK_MS: Final = 100
BEAT_KEPT_MS: Final = 60_000

log = logs.get("wallet")


class Hold(StrEnum):
    CHECKING = "checking"  # asking whether another trader uses the wallet, setting approvals
    HELD = "held"
    REFUSED = "refused"  # another trader uses it, or it cannot be used; ``why`` says


class WalletLight(msgspec.Struct, frozen=True):
    """What a keeper says of its wallet.

    Units:
        since_ms: when ``hold`` became what it is, by the clock.
        beat_ms:  the last heartbeat that the venue took; ``None`` before the first.
    """

    hold: Hold
    why: str
    fence: int
    since_ms: Ms
    beat_ms: Ms | None


def key_of(wallet: str) -> str:
    return f"wallet:{wallet}"


async def publish(wallet: str, light: WalletLight) -> None:
    """Keep the light on for five seconds. Raises ``redis.RedisError``."""
    client = redis.async_client(redis.Db.BUS)
    await client.set(key_of(wallet), msgspec.json.encode(light), px=TTL_MS)


async def put_out(wallet: str) -> None:
    """Say at once that nobody holds it any more. Raises ``redis.RedisError``."""
    await redis.async_client(redis.Db.BUS).delete(key_of(wallet))


async def keep_beat(wallet: str, next_id: str) -> None:
    """Remember which heartbeat comes next, for who holds the wallet after us. Raises ``redis.RedisError``."""
    await redis.async_client(redis.Db.BUS).set(f"heart:{wallet}", next_id, px=BEAT_KEPT_MS)


async def kept_beat(wallet: str) -> str | None:
    """Which heartbeat comes next, if this stack beat a moment ago. Raises ``redis.RedisError``."""
    text = await redis.async_client(redis.Db.BUS).get(f"heart:{wallet}")
    return None if text is None else redis.as_text(text)


def read(wallet: str) -> WalletLight | None:
    """``None`` while no keeper writes. Raises ``redis.RedisError``."""
    return _decoded(redis.client(redis.Db.BUS).get(key_of(wallet)))


async def until_held(wallet: str, stop: asyncio.Event) -> bool:
    """Wait until the wallet is held; false when told to stop before. Says in the log what it waits for."""
    said: str | None = None
    while True:
        try:
            light = _decoded(await redis.async_client(redis.Db.BUS).get(key_of(wallet)))
            why = "no keeper runs" if light is None else f"{light.hold.value}: {light.why}"
        except RedisError as error:
            light, why = None, f"Redis does not answer: {error}"
        if light is not None and light.hold is Hold.HELD:
            return True
        if why != said:
            said = why
            log.info("waiting for the wallet", wallet=wallet, why=why, event_type="startup")
        if await aio.stopped_within(stop, LOOK_MS):
            return False


def _decoded(text: bytes | str | None) -> WalletLight | None:
    return None if text is None else msgspec.json.decode(text, type=WalletLight)
