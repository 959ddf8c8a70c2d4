"""Who obeys a halt that has no row yet: said in Redis, because the database cannot be asked.

A word, no proof: the proof is the report, and that needs the row.
"""

import threading
from typing import Final

from redis import RedisError

from infra import clock, logs, loops
from infra.redis import Db, as_text, quick_client

TTL_MS: Final = 3_600_000
WAIT_MS: Final = 600
LOOK_S: Final = 0.02
SHARDS: Final = "shard:"

log = logs.get("risk")


def key_of(wish_id: str) -> str:
    return f"halt:obeyed:{wish_id}"


def say(wish_id: str, who: str, words: str) -> None:
    """``who``, a runner or ops, has done something about this wish. Never raises: nobody depends on it."""
    try:
        pipe = quick_client(Db.BUS).pipeline()
        pipe.hset(key_of(wish_id), who, words)
        pipe.pexpire(key_of(wish_id), TTL_MS)
        pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("not said what was done about a kept halt", who=who, error=str(error))


def said(wish_id: str) -> dict[str, str]:
    """What each of them has said; nothing while Redis does not answer."""
    try:
        found = quick_client(Db.BUS).hgetall(key_of(wish_id))
    except (RedisError, OSError) as error:
        log.warning("not known what was done about a kept halt", error=str(error))
        return {}
    return {as_text(name): as_text(words) for name, words in found.items()}


def runners() -> set[str]:
    """The runners whose loop turns, by their lights. Raises ``redis.RedisError``."""
    lights = quick_client(Db.BUS).scan_iter(loops.pulse_key(f"{SHARDS}*"))
    return {as_text(key).removeprefix(loops.pulse_key("")) for key in lights}


def sentences(wish_id: str) -> tuple[str, ...]:
    """What was done about a wish so far, in words."""
    return tuple(f"{who} {words}" for who, words in sorted(said(wish_id).items()))


def words(wish_id: str) -> tuple[str, ...]:
    """A sentence for each runner that turns, waited for half a second and a little."""
    ends = clock.monotonic_ms() + WAIT_MS
    pause = threading.Event()
    try:
        asked = runners()
    except (RedisError, OSError) as error:
        return (f"whether the runners have stopped is not known: {error}",)
    while asked - (answers := said(wish_id)).keys() and clock.monotonic_ms() < ends:
        pause.wait(LOOK_S)
    return tuple(f"{name} {answers.get(name, 'has not said that it stopped')}" for name in sorted(asked))
