"""Counts that go away by themselves: in Redis, and in this process alone while Redis does not answer."""

import threading
from typing import Final

from redis import RedisError

from infra import logs
from infra.clock import monotonic_ms
from infra.redis import Db, quick_client

KEPT_MAX: Final = 10_000
PREFIX: Final = "tally:"

log = logs.get("tally")

_here: dict[str, tuple[int, int]] = {}  # name: count, and when it goes away on the monotonic clock
_counting = threading.Lock()


def count(name: str, *, span_s: int) -> int:
    """One more; how many there are now. They go away ``span_s`` real seconds after the first. Each caller gets its own
    number, however many count at once.
    """
    key = PREFIX + name
    try:
        with quick_client(Db.BUS).pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, span_s, nx=True)
            return int(pipe.execute()[0])
    except (RedisError, OSError) as error:
        log.warning("counted here alone, Redis does not answer", error=str(error))
        return _count_here(name, span_s=span_s)


def forget(name: str) -> None:
    """None of them any more."""
    with _counting:
        _here.pop(name, None)
    try:
        quick_client(Db.BUS).delete(PREFIX + name)
    except (RedisError, OSError) as error:
        log.warning("count not forgotten, Redis does not answer", error=str(error))


def take_back(name: str) -> None:
    """One less: it should not have counted."""
    with _counting:
        counted, until = _here.get(name, (0, 0))
        if counted > 0:
            _here[name] = (counted - 1, until)
    try:
        client = quick_client(Db.BUS)
        # A key that went away meanwhile comes back as -1 and for ever: take it away again.
        if client.decr(PREFIX + name) < 0:
            client.delete(PREFIX + name)
    except (RedisError, OSError) as error:
        log.warning("count not taken back, Redis does not answer", error=str(error))


def _count_here(name: str, *, span_s: int) -> int:
    now = monotonic_ms()
    with _counting:
        counted, until = _here.get(name, (0, 0))
        if until <= now:
            _make_room(now)
            counted, until = 0, now + span_s * 1000
        _here[name] = (counted + 1, until)
        return counted + 1


def _make_room(now: int) -> None:
    """Bounded, whoever makes up names: what is over goes first, then what would go soonest."""
    if len(_here) < KEPT_MAX:
        return
    for name in [name for name, (_, until) in _here.items() if until <= now]:
        del _here[name]
    while len(_here) >= KEPT_MAX:
        del _here[min(_here, key=lambda name: _here[name][1])]
