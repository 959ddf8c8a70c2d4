"""A halt that the database did not take is a wish: kept in a file and in Redis until it is a row (``recording``).

Either of the two is enough. The file is written through to the disk and read by everybody on this machine; the key
in Redis by everybody else too. A runner obeys a wish as it obeys a row.
"""

import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings
from redis import RedisError

from core.units import Ms
from infra import logs
from infra.redis import Db, quick_client
from risk.access.people import Actor

KEY: Final = "halt:wishes"  # a hash: id to wish

log = logs.get("risk")


class Wish(msgspec.Struct, frozen=True):
    """One press of HALT, with all its row needs.

    Units:
        market_id: ``None`` for everything.
        at_ms:     when it was pressed, by the clock.
    """

    wish_id: str
    market_id: str | None
    code: str
    detail: str
    by: str
    role: str
    address: str
    user_id: int | None
    at_ms: Ms


class Kept(msgspec.Struct, frozen=True):
    """Where a wish is kept; each ``None``, or why it is not kept there."""

    no_file: str | None
    no_redis: str | None

    @property
    def nowhere(self) -> bool:
        return self.no_file is not None and self.no_redis is not None


def wish(*, market_id: str | None, code: str, detail: str, by: Actor, at: Ms) -> Wish:
    """A new wish, not kept yet."""
    return Wish(
        wish_id=uuid.uuid4().hex,
        market_id=market_id,
        code=code,
        detail=detail,
        by=by.name,
        role=by.role.value,
        address=by.address,
        user_id=None if by.user is None else by.user.pk,
        at_ms=at,
    )


def folder() -> Path:
    """Where the files lie: ``STATE_DIR/var/halts``."""
    path: Path = settings.POLYLOLY.var_dir / "halts"
    return path


def keep(wanted: Wish) -> Kept:
    """Keep a wish in both places. Nothing is raised: whoever halts has nobody to raise it to."""
    text = msgspec.json.encode(wanted)
    no_file = no_redis = None
    try:
        _write(folder() / f"{wanted.wish_id}.json", text)
    except OSError as error:
        no_file = str(error)
        log.error("halt not kept in a file", error=no_file, event_type="error")
    try:
        quick_client(Db.BUS).hset(KEY, wanted.wish_id, text)
    except (RedisError, OSError) as error:
        no_redis = str(error)
        log.error("halt not kept in Redis", error=no_redis, event_type="error")
    return Kept(no_file, no_redis)


def _write(path: Path, text: bytes) -> None:
    """Write a file that is there as a whole or not at all, also after a power cut."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}")
    with fresh.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    entry = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def kept() -> list[Wish]:
    """Every wish that is kept, earliest first. What cannot be read is logged and left where it is."""
    found = {wanted.wish_id: wanted for wanted in (*_in_files(), *_in_redis())}
    return sorted(found.values(), key=lambda wanted: (wanted.at_ms, wanted.wish_id))


def kept_here() -> bool:
    """Whether this machine has the file of one. A look at the disk, no more."""
    return any(folder().glob("*.json"))


def _in_files() -> list[Wish]:
    texts = []
    for path in folder().glob("*.json"):
        try:
            texts.append((str(path), path.read_bytes()))
        except FileNotFoundError:
            continue  # somebody has just written it down
        except OSError as error:
            log.error("kept halt not read", path=str(path), error=str(error), event_type="error")
    return [read for place, text in texts if (read := _read(place, text)) is not None]


def _in_redis() -> list[Wish]:
    try:
        texts = quick_client(Db.BUS).hgetall(KEY)
    except (RedisError, OSError) as error:
        log.warning("kept halts not read from Redis", error=str(error))
        return []
    return [read for name, text in texts.items() if (read := _read(repr(name), text)) is not None]


def _read(place: str, text: bytes | str) -> Wish | None:
    try:
        return msgspec.json.decode(text, type=Wish)
    except msgspec.DecodeError as error:
        log.error("kept halt not understood", place=place, error=str(error), event_type="error")
        return None


def forget(wish_ids: Iterable[str]) -> None:
    """Let go of wishes that are rows now. What stays behind is let go by the next who reads it."""
    names = list(wish_ids)
    for name in names:
        try:
            (folder() / f"{name}.json").unlink(missing_ok=True)
        except OSError as error:
            log.error("file of a recorded halt not removed", error=str(error), event_type="error")
    if not names:
        return
    try:
        quick_client(Db.BUS).hdel(KEY, *names)
    except (RedisError, OSError) as error:
        log.warning("recorded halt not removed from Redis", error=str(error))
