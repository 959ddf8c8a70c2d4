"""Checks of the machine and of what is installed on it: disk, configuration, versions."""

import os
import platform
import re
import shutil
from functools import cache
from importlib import metadata
from typing import Any, Final

import redis as redis_py
from django.conf import settings
from django.db import DatabaseError, connection
from pydantic import ValidationError
from pydantic_settings import SettingsError

from infra import checks
from infra.checks import Area, Check, failed, passed, warned
from infra.redis import Db, client
from polyloly_site import env

SPARE: Final = 4  # times what is needed at least: below, it is time to look
PINNED: Final = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
SHOWN: Final = ("django", "celery", "polymarket-client", "websockets")
# Told to every process by the launcher, not written by a person.
TOLD: Final = frozenset(
    {"wallet_address", "private_key", "private_key_file", "alert_urls", "redis_url", "port", "speed"}
)


def disk() -> Check:
    """Room for database, recordings and log. Without it no order row can be written."""
    free_mb = shutil.disk_usage(settings.POLYLOLY.var_dir).free // 1_048_576
    least_mb = settings.POLYLOLY.alerts.disk_free_min_mb
    detail = f"{free_mb} MB free in {settings.POLYLOLY.var_dir}, {least_mb} needed"
    step = "delete old recordings in var/recordings, or move STATE_DIR to a larger disk"
    if free_mb < least_mb:
        return failed("disk", detail, step)
    if free_mb < SPARE * least_mb:
        return warned("disk", detail, step)
    return passed("disk", detail)


def configuration() -> Check:
    """Would the next start take the files as they are now, and do they say what this process runs with?"""
    running = settings.POLYLOLY
    try:
        now = env.read()
    except ValidationError as error:
        wrong = "; ".join(line.strip() for line in env.complaints(error))
        return failed(
            "configuration", f"the next start would refuse it: {wrong}", "correct it, then look again"
        )
    except SettingsError as error:
        return failed("configuration", f"cannot be read: {error}", "correct it, then look again")
    differing = [
        name for name in type(running).model_fields if name not in TOLD and changed(name, running, now)
    ]
    if differing:
        names = ", ".join(name.upper() for name in differing)
        return warned("configuration", f"changed since the start: {names}", "restart polyloly to take it up")
    return passed(
        "configuration", f"mode {running.mode}, venue {running.venue}, state in {running.state_dir}"
    )


def changed(name: str, running: Any, now: Any) -> bool:  # noqa: ANN401 two settings, of whatever class
    return bool(getattr(running, name) != getattr(now, name))


def versions() -> Check:
    """What runs, and whether it is what the lock says was tested together."""
    differing = [
        f"{name} {found or 'missing'} instead of {wanted}"
        for name, wanted in pinned().items()
        if name in direct() and (found := installed(name)) != wanted
    ]
    if differing:
        return warned("versions", "; ".join(differing), "run make install")
    shown = ", ".join(f"{name} {installed(name)}" for name in SHOWN)
    return passed("versions", f"Python {platform.python_version()}, {shown}, {servers()}")


@cache
def pinned() -> dict[str, str]:
    """By package, what ``requirements.lock`` pins; empty where it is not delivered."""
    try:
        text = (env.ROOT / "requirements.lock").read_text()
    except OSError:
        return {}
    return {found["name"]: found["version"] for found in PINNED.finditer(text)}


@cache
def direct() -> frozenset[str]:
    """The packages that our own ``pyproject.toml`` names; what they pull in is theirs."""
    try:
        text = (env.ROOT / "pyproject.toml").read_text()
    except OSError:
        return frozenset()
    wanted = text.partition("dependencies = [")[2].partition("\n]")[0]
    return frozenset(re.findall(r'^\s*"([a-z0-9._-]+)', wanted, re.MULTILINE))


@cache
def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def servers() -> str:
    """Of database and Redis; which of them does not answer is another check's."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version"
            )
            database = str(cursor.fetchone()[0]).split()[0]
    except DatabaseError:
        database = "unknown"
    try:
        told = client(Db.BUS).info("server")
        redis = str(told.get("valkey_version") or told.get("redis_version"))
    except redis_py.RedisError:
        redis = "unknown"
    return f"{connection.vendor} {database}, Redis {redis}, {os.cpu_count()} cores"


def register() -> None:
    checks.register("configuration", configuration, Area.MACHINE)
    checks.register("disk", disk, Area.MACHINE)
    checks.register("versions", versions, Area.MACHINE)
