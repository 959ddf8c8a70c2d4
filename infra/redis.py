"""Connections to Redis. One server, one database a purpose; embedded by default (``infra.services``)."""

import asyncio
import hashlib
import os
from enum import IntEnum
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import redis as sync_redis
import redis.asyncio as asyncio_redis
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

# A unix socket's path has 108 bytes on Linux and 104 on macOS, the final zero included.
SOCKET_PATH_BYTES_MAX: Final = 100
TIMEOUT_S: Final = 5
QUICK_S: Final = 0.5


class Db(IntEnum):
    CELERY = 0
    BUS = 1  # bus, leases, heartbeats, login links
    METRICS = 2
    BOARD = 3
    CHANNELS = 4


def socket_path(state_dir: Path) -> Path:
    """Where the embedded server of this state directory listens: inside it, or under /tmp when that is too long."""
    inside = state_dir / "var" / "redis" / "redis.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_BYTES_MAX:
        return inside
    digest = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    return Path(f"/tmp/polyloly-{os.getuid()}-{digest}") / "redis.sock"  # noqa: S108 made 0700, owner checked


def base_url() -> str:
    """``REDIS_URL``, else the embedded server's socket."""
    configured: str | None = settings.POLYLOLY.redis_url
    return configured or f"unix://{socket_path(settings.POLYLOLY.state_dir)}"


def url_of(base: str, db: int) -> str:
    """The URL of one database as redis-py and channels_redis read it."""
    if base.startswith("unix://"):
        return f"{base}?db={int(db)}"
    return f"{base.rstrip('/')}/{int(db)}"


def broker_url_of(base: str, db: int = Db.CELERY) -> str:
    """The same as Celery's transport reads it."""
    if base.startswith("unix://"):
        return f"redis+socket://{base.removeprefix('unix://')}?virtual_host={int(db)}"
    return url_of(base, db)


def url(db: int) -> str:
    return url_of(base_url(), db)


_clients: dict[str, sync_redis.Redis] = {}
_quick_clients: dict[str, sync_redis.Redis] = {}
_async_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio_redis.Redis]] = (
    WeakKeyDictionary()
)


def client(db: int) -> sync_redis.Redis:
    """A pooled client, one a database and process, safe from any thread. Answers are bytes."""
    address = url(db)
    if address not in _clients:
        _clients[address] = sync_redis.Redis.from_url(
            address, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
    return _clients[address]


def impatient_client(db: int, *, timeout_s: float) -> sync_redis.Redis:
    """A client of the caller's own that never retries: for leases and lights, where late is as bad as never."""
    return sync_redis.Redis.from_url(
        url(db), socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
    )


def quick_client(db: int) -> sync_redis.Redis:
    """As ``client``, for what goes on without Redis: it waits half a second for an answer and never tries again."""
    address = url(db)
    if address not in _quick_clients:
        _quick_clients[address] = impatient_client(db, timeout_s=QUICK_S)
    return _quick_clients[address]


def async_client(db: int) -> asyncio_redis.Redis:
    """A pooled client of the running event loop. Answers are bytes. ``close_async`` ends all of the loop's."""
    clients = _async_clients.setdefault(asyncio.get_running_loop(), {})
    address = url(db)
    if address not in clients:
        clients[address] = asyncio_redis.Redis.from_url(
            address, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
    return clients[address]


def impatient_async_client(db: int, *, timeout_s: float) -> asyncio_redis.Redis:
    """As ``impatient_client``. The caller closes it."""
    return asyncio_redis.Redis.from_url(
        url(db), socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=AsyncRetry(NoBackoff(), 0)
    )


async def close_async() -> None:
    """Close the running loop's clients; the last thing a loop does."""
    for held in _async_clients.pop(asyncio.get_running_loop(), {}).values():
        await held.aclose()


def as_text(answer: bytes | str) -> str:
    """An answer as text, whichever way redis-py types it."""
    return answer.decode() if isinstance(answer, bytes) else answer
