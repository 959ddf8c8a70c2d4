"""What only the preflight asks of the stack itself: who holds the key, and whether what is written stays."""

import os
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from redis import RedisError

from infra import checks, heartbeat
from infra.checks import Check, failed, passed
from infra.redis import Db, client
from polyloly_site import keys
from trading.health import going_live

KEY: Final = "key"
KEY_OPEN: Final = "key file open to others"
IN_MEMORY: Final = ("", ":memory:")
# Postgres settings without which a committed row may be gone after a crash of the machine.
DURABLE: Final = {"fsync": ("on",), "synchronous_commit": ("on", "local", "remote_write", "remote_apply")}


def register() -> None:
    """Called once, when the app is ready."""
    checks.register_for_money(KEY, key_is_held_by_one)
    checks.register_for_money("sources", sources)
    checks.register_for_money("database kept", database_stays)
    checks.register_for_money("redis kept", redis_stays)
    checks.forgive_no_warning("clock", "workers", "beat", "loops", "migrations")


def mark_key() -> None:
    """Let this process's light say that it holds the key. Called once, when the app is ready."""
    chosen = settings.POLYLOLY
    if chosen.private_key is None:
        return
    heartbeat.marks.add(KEY)
    if chosen.private_key_file is not None and keys.is_open_to_others(chosen.private_key_file):
        heartbeat.marks.add(KEY_OPEN)


def key_is_held_by_one() -> Check:
    """The order worker and nobody else, by what each process says of itself."""
    try:
        alive = heartbeat.alive()
    except RedisError as error:
        return failed(KEY, f"unknown: {error}", "see the redis check")
    holders = sorted({found.process for found in alive if KEY in found.marks})
    if os.environ.get(keys.PROCESS_VARIABLE) == "web" and settings.POLYLOLY.private_key is not None:
        holders.append("web")
    others = [name for name in holders if name != keys.HOLDER]
    if others:
        step = "take PRIVATE_KEY out of the environment of every process but the trader, then restart"
        return failed(KEY, f"held by {', '.join(others)} too", step)
    if not holders:
        return failed(KEY, "no trader holds one", "set PRIVATE_KEY_FILE for the trader and restart it")
    if any(KEY_OPEN in found.marks for found in alive):
        return failed(KEY, "its file can be read by other users of the machine", "chmod 600 the key file")
    return passed(
        KEY, f"held by the trader, not by {', '.join(sorted({f.process for f in alive} - {keys.HOLDER}))}"
    )


def sources() -> Check:
    """What a start is refused for is looked at again: a risk admin may have been let go since."""
    lacking = going_live.missing()
    if lacking:
        return failed("sources", f"missing: {'; '.join(lacking)}", "see the runbook, section Live")
    return passed("sources", going_live.told())


def database_stays() -> Check:
    name = "database kept"
    if connection.vendor == "sqlite":
        return _sqlite_stays(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [sorted(DURABLE)])
            found = dict(cursor.fetchall())
    except DatabaseError as error:
        return failed(name, str(error), "see the database check")
    loose = [f"{each} = {found.get(each)}" for each, good in DURABLE.items() if found.get(each) not in good]
    if loose:
        return failed(name, ", ".join(loose), "set them to on: an order's row must outlive the machine")
    return passed(name, "postgresql, committed rows are on the disk")


def _sqlite_stays(name: str) -> Check:
    file = str(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        synchronous = int(cursor.fetchone()[0])
    if file in IN_MEMORY or "mode=memory" in file:
        return failed(name, "it is in memory", "set DATABASE_URL or STATE_DIR to a disk")
    full = 2
    if synchronous < full:
        return failed(name, f"sqlite, synchronous = {synchronous}", "synchronous must be FULL")
    return passed(name, f"sqlite, {file}, committed rows are on the disk")


def redis_stays() -> Check:
    """Leases and halts that wait for the database outlive a restart of Redis only where it keeps a file."""
    name = "redis kept"
    step = "set appendonly yes, or save points, in its configuration"
    try:
        told = client(Db.BUS).info("persistence")
    except RedisError as error:
        return failed(name, f"unknown: {error}", step)
    if int(told.get("aof_enabled", 0)):
        return passed(name, "append-only file")
    return failed(name, "it keeps no append-only file: what it knows is gone with it", step)
