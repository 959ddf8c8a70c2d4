"""A light for every process: a key with a TTL, set each second beside its metrics."""

import json
import os
import secrets
import threading
from dataclasses import dataclass
from typing import Any, Final

from redis import RedisError

from infra import clock, logs, metrics
from infra.redis import Db, client

BEAT_S: Final = 1.0
TTL_MS: Final = 5000
# The word of this process's start: a process id comes again, this does not.
LIFE: Final = secrets.token_hex(6)
# What this process says of itself with each beat; filled once, when it has read its settings.
marks: Final[set[str]] = set()

log = logs.get("heartbeat")


@dataclass(frozen=True, slots=True)
class Alive:
    """A process that spoke within the last five seconds.

    Units:
        since_ms: when it started, by the clock.
        age_ms:   since its last beat, real time.
        life:     the word of its start, which no other process has.
        marks:    what it says of itself.
    """

    process: str
    pid: int
    since_ms: int
    age_ms: int
    life: str
    marks: tuple[str, ...]


class Heart:
    """Beats until ``stop``. A Redis that does not answer costs a beat, never the process."""

    def __init__(self, process: str) -> None:
        self.process = process
        self.since_ms = clock.now_ms()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_over, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Put the light out at once, so that nobody waits for it to fade."""
        self._over.set()
        self._thread.join(timeout=BEAT_S * 2)
        try:
            client(Db.BUS).delete(key_of(self.process))
        except RedisError as error:
            log.info("light not put out, it fades by itself", error=str(error))

    def _beat_until_over(self) -> None:
        while True:
            try:
                beat(self.process, self.since_ms)
                metrics.push(f"{self.process}:{os.getpid()}")
            except RedisError as error:
                log.warning("no heartbeat: Redis does not answer", error=str(error))
            if self._over.wait(BEAT_S):
                return


def key_of(process: str) -> str:
    return f"alive:{process}:{os.getpid()}"


def beat(process: str, since_ms: int) -> None:
    """One beat. Raises ``redis.RedisError``."""
    word = {
        "pid": os.getpid(),
        "since_ms": since_ms,
        "beat_ms": clock.monotonic_ms(),
        "life": LIFE,
        "marks": sorted(marks),
    }
    client(Db.BUS).set(key_of(process), json.dumps(word), px=TTL_MS)


def start(process: str) -> Heart:
    """Begin to beat for this process, on a thread of its own."""
    heart = Heart(process)
    heart.start()
    return heart


def alive() -> list[Alive]:
    """Every process that beats, in order of name. Raises ``redis.RedisError``."""
    redis = client(Db.BUS)
    found = []
    for key in sorted(redis.scan_iter("alive:*", count=100)):
        text = redis.get(key)
        if text is not None:
            found.append(_read(key.decode(), json.loads(text)))
    return found


def _read(key: str, word: dict[str, Any]) -> Alive:
    age_ms = max(0, clock.monotonic_ms() - int(word["beat_ms"]))
    # One of an earlier version, during a change of versions, has neither.
    life, told = str(word.get("life", "")), tuple(str(mark) for mark in word.get("marks", ()))
    return Alive(key.split(":")[1], int(word["pid"]), int(word["since_ms"]), age_ms, life, told)
