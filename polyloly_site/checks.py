"""The checks that concern no app in particular: database, Redis, migrations, processes, clock."""

import time
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis import RedisError

from infra import checks, clock, heartbeat, loops
from infra.checks import Check, failed, passed, warned
from infra.redis import Db, client

CLOCK_OFF_MS_MAX: Final = 1000
WORKERS: Final = ("web", "trader", "feeds", "ops")
LOOPS: Final = ("shard:0", "feed:discovery")
SIMULATOR_LOOPS: Final = ("feed:matches",)


def database() -> Check:
    began = clock.monotonic_ms()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return failed(
            "database", f"{connection.vendor}: {error}", "start the database or correct DATABASE_URL"
        )
    return passed("database", f"{connection.vendor} answered in {clock.monotonic_ms() - began} ms")


def migrations() -> Check:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return failed("migrations", str(error), "start the database or correct DATABASE_URL")
    if waiting:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in waiting)
        return failed("migrations", f"not applied: {names}", "run manage.py migrate")
    return passed("migrations", "all applied")


def redis() -> Check:
    began = clock.monotonic_ms()
    try:
        client(Db.BUS).ping()
    except RedisError as error:
        return failed(
            "redis", str(error), "start Redis or correct REDIS_URL; manage.py up starts an embedded one"
        )
    return passed("redis", f"answered in {clock.monotonic_ms() - began} ms")


def workers() -> Check:
    """Who shows a light. The simulator is asked for only where it is the venue and one of ours."""
    chosen = settings.POLYLOLY
    ours = chosen.venue == "simulator" and chosen.simulator_url is None
    wanted = (*WORKERS, "simulator") if ours else WORKERS
    try:
        alive = {found.process for found in heartbeat.alive()}
    except RedisError as error:
        return failed("workers", f"unknown: {error}", "see the redis check")
    silent = [name for name in wanted if name not in alive]
    if silent:
        return failed("workers", f"silent: {', '.join(silent)}", "see logs/NAME.out, or run manage.py up")
    return passed("workers", f"{', '.join(wanted)} alive")


def beat() -> Check:
    """It asks for every loop each second: without it nothing that died begins again."""
    return light_of("beat")


def turning() -> Check:
    """Which of the long-lived loops turn: a worker may be alive and its loop may not."""
    wanted = (*LOOPS, *SIMULATOR_LOOPS) if settings.POLYLOLY.venue == "simulator" else LOOPS
    try:
        lit = client(Db.BUS).mget([loops.pulse_key(name) for name in wanted])
    except RedisError as error:
        return failed("loops", f"unknown: {error}", "see the redis check")
    still = [name for name, light in zip(wanted, lit, strict=True) if light is None]
    if still:
        return failed("loops", f"not turning: {', '.join(still)}", "wait 10 s, then read logs/bot.jsonl")
    return passed("loops", f"{', '.join(wanted)} turn")


def light_of(process: str) -> Check:
    """Does one process beat? What a container asks about itself."""
    try:
        alive = [found for found in heartbeat.alive() if found.process == process]
    except RedisError as error:
        return failed(process, f"unknown: {error}", "see the redis check")
    if not alive:
        return failed(process, "silent", f"see logs/{process}.out, or run manage.py up")
    return passed(process, f"process {alive[0].pid}, last beat {alive[0].age_ms} ms ago")


def wall_clock() -> Check:
    """Our clock runs on the monotonic clock, which a suspended machine stops. At speed 1 the two must agree."""
    if clock.speed() != 1:
        return passed("clock", f"simulated, speed {clock.speed()}")
    off_ms = clock.now_ms() - time.time_ns() // 1_000_000
    if abs(off_ms) > CLOCK_OFF_MS_MAX:
        return warned(
            "clock", f"{off_ms} ms from the machine's", "restart polyloly: the machine slept or was set"
        )
    return passed("clock", f"{off_ms} ms from the machine's")


def register() -> None:
    for name, run in (
        ("database", database),
        ("migrations", migrations),
        ("redis", redis),
        ("workers", workers),
        ("beat", beat),
        ("loops", turning),
    ):
        checks.register(name, run)
    checks.register("clock", wall_clock, checks.Area.MACHINE)
