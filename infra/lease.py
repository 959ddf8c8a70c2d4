"""One runner at a time: a lease in Redis, renewed each second, watched by our own monotonic clock.

The holder believes its own watch, not Redis: when the last good renewal was sent ``TTL`` ago, the lease is lost
even if the broker cannot be asked. The lease only keeps two runners from working side by side for long; what
keeps two of them from writing is the fencing number in the database (``trading.services.take_fence``).
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from redis import Redis, RedisError

from infra import clock, logs
from infra.redis import Db, impatient_client

TTL_MS: Final = 3000
RENEW_MS: Final = 1000
# Short enough that one hanging call leaves time for another before the lease runs out.
CALL_TIMEOUT_S: Final = 0.5

IF_OURS: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return {} end return 0"
RENEW: Final = IF_OURS.format("redis.call('pexpire', KEYS[1], ARGV[2])")
RELEASE: Final = IF_OURS.format("redis.call('del', KEYS[1])")

log = logs.get("lease")


def key_of(name: str) -> str:
    return f"lease:{name}"


class Lease:
    """A held lease. ``lost`` is set once and stays; ``valid`` asks the watch as well.

    ``on_lost`` callbacks run on the renewing thread.
    """

    def __init__(self, name: str, owner: str, redis: "Redis", held_since_ms: int) -> None:
        self.name = name
        self.owner = owner
        self.lost = threading.Event()
        self._redis = redis
        self._good_until_ms = held_since_ms + TTL_MS
        self._over = threading.Event()
        self._on_lost: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._renew_until_over, name=f"lease {name}", daemon=True)

    def valid(self) -> bool:
        """True while nobody else can hold it. Cheap: no call to Redis."""
        return not self.lost.is_set() and clock.monotonic_ms() < self._good_until_ms

    def when_lost(self, call: Callable[[], None]) -> None:
        self._on_lost.append(call)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop renewing and give the lease back, if it is still ours."""
        self._over.set()
        self._thread.join()
        try:
            self._redis.eval(RELEASE, 1, key_of(self.name), self.owner)
        except RedisError as error:
            log.warning("lease not given back, it runs out by itself", lease=self.name, error=str(error))

    def _renew_until_over(self) -> None:
        while not self._over.wait(RENEW_MS / 1000):
            if not self._renew():
                self._lose()
                return

    def _renew(self) -> bool:
        """Renew once, trying again while the watch allows. False: the lease is gone."""
        while not self._over.is_set():
            # The new end counts from before the call: Redis may have started its own count any time after.
            asked_ms = clock.monotonic_ms()
            if asked_ms >= self._good_until_ms:
                log.error("lease ran out before it could be renewed", lease=self.name)
                return False
            try:
                renewed = self._redis.eval(RENEW, 1, key_of(self.name), self.owner, str(TTL_MS))
            except RedisError as error:
                log.warning("lease not renewed, trying again", lease=self.name, error=str(error))
                self._over.wait(0.1)
                continue
            if renewed:
                self._good_until_ms = asked_ms + TTL_MS
                return clock.monotonic_ms() < self._good_until_ms
            log.error("lease belongs to another", lease=self.name)
            return False
        return True

    def _lose(self) -> None:
        self.lost.set()
        for call in self._on_lost:
            call()


@contextmanager
def single_runner(name: str) -> Iterator[Lease | None]:
    """Hold the lease ``name`` for the body, or yield ``None`` when another holds it or Redis does not answer."""
    redis = impatient_client(Db.BUS, timeout_s=CALL_TIMEOUT_S)
    owner = uuid.uuid4().hex
    asked_ms = clock.monotonic_ms()
    try:
        taken = redis.set(key_of(name), owner, nx=True, px=TTL_MS)
    except RedisError as error:
        log.warning("lease not asked for: Redis does not answer", lease=name, error=str(error))
        taken = None
    if not taken:
        redis.close()
        yield None
        return
    lease = Lease(name, owner, redis, asked_ms)
    lease.start()
    try:
        yield lease
    finally:
        lease.end()
        redis.close()
