"""Which runners obey a halt that has no row yet: said in Redis, because the database cannot be asked.

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


def say(wish_id: str, runner: str, *, orders_open: int) -> None:
    """``runner`` has stopped for this wish, with so many orders open then. Never raises: nobody depends on it."""
    try:
        pipe = quick_client(Db.BUS).pipeline()
        pipe.hset(key_of(wish_id), runner, orders_open)
        pipe.pexpire(key_of(wish_id), TTL_MS)
        pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("not said that the runner has stopped", runner=runner, error=str(error))


def words(wish_id: str) -> tuple[str, ...]:
    """A sentence for each runner that turns, waited for half a second and a little."""
    ends = clock.monotonic_ms() + WAIT_MS
    pause = threading.Event()
    try:
        client = quick_client(Db.BUS)
        runners = {
            as_text(key).removeprefix(loops.pulse_key(""))
            for key in client.scan_iter(loops.pulse_key(f"{SHARDS}*"))
        }
        said: dict[str, str] = {}
        while runners - said.keys() and clock.monotonic_ms() < ends:
            said = {as_text(name): as_text(count) for name, count in client.hgetall(key_of(wish_id)).items()}
            pause.wait(LOOK_S)
    except (RedisError, OSError) as error:
        return (f"whether the runners have stopped is not known: {error}",)
    return tuple(
        f"{name} has stopped, with {said[name]} orders open then"
        if name in said
        else f"{name} has not said that it stopped"
        for name in sorted(runners)
    )
