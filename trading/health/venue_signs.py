"""Whether the venue is there, as the watchdog asks: a runner's last frame, and the venue's own clock."""

from typing import Final

import httpx
from django.conf import settings
from redis import RedisError

from infra import clock, logs
from infra.redis import Db, async_client, quick_client

ANSWER_S: Final = 2.0
TTL_MS: Final = 10_000
KEYS: Final = "venue:heard:"
ANSWERS: Final = frozenset({200, 425})  # 425: it restarts, and says so

log = logs.get("trading")


async def say_heard(shard: str, heard_ms: int | None) -> None:
    """A runner, each second: when it last heard a frame, by the clock. Redis may be down: then nobody knows."""
    if heard_ms is None:
        return
    try:
        await async_client(Db.BUS).set(f"{KEYS}{shard}", str(heard_ms), px=TTL_MS)
    except RedisError as error:
        log.warning("not said when a frame was heard", shard=shard, error=str(error))


def frame_age() -> int | None:
    """Real ms since any runner heard a frame; ``None`` when none says so, or Redis does not answer."""
    try:
        client = quick_client(Db.BUS)
        said = [client.get(key) for key in client.scan_iter(f"{KEYS}*")]
    except (RedisError, OSError) as error:
        log.warning("not known when a frame was heard", error=str(error))
        return None
    heard = [int(text) for text in said if text is not None]
    return int((clock.now_ms() - max(heard)) / clock.speed()) if heard else None


def time_answers() -> bool:
    """Does ``GET /time`` answer, if only that the venue restarts? Two seconds at most."""
    clob = settings.POLYLOLY.urls.clob
    try:
        # A simulator next door is asked directly, whatever proxy the machine has.
        with httpx.Client(timeout=ANSWER_S, trust_env=clob.startswith("https://")) as http:
            return http.get(f"{clob}/time").status_code in ANSWERS
    except httpx.HTTPError as error:
        log.warning("venue's clock not answered", error=f"{type(error).__name__}: {error}")
        return False
