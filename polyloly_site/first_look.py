"""The launcher's looks before anything trades, where no launcher runs: among containers. Nothing is started here."""

from typing import Final

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from infra import redis, services
from polyloly_site import startup
from polyloly_site.env import Polyloly
from polyloly_site.launcher import CannotStart, Ending, check_going_live, log_check, refused

MIGRATE: Final = "run manage.py migrate with the same DATABASE_URL"


def look(polyloly: Polyloly) -> None:
    """All of product.md 3 but the reconciliation, which each trader does itself, in their order.

    Each look is logged. Raises ``CannotStart`` with one line where the launcher would not start.
    """
    ending = Ending()
    ending.listen()
    log_check("configuration", f"mode {polyloly.mode}, state in {polyloly.state_dir}")
    time = startup.TimeAsked()
    if polyloly.needs_arming:  # before anybody outside is asked
        database()
        check_going_live(polyloly)
    try:
        startup.look_outside(polyloly, time, ending.wait)
    except startup.Refused as error:
        raise CannotStart(str(error)) from error
    if ending.asked:
        raise CannotStart("broken off")
    if not polyloly.needs_arming:
        database()
    log_check("database", connection.vendor)
    if not services.answers(redis.base_url()):
        why = CannotStart("Redis does not answer: correct REDIS_URL or start it")
        raise refused("redis", why, "correct REDIS_URL")
    log_check("redis", "REDIS_URL" if polyloly.redis_url else "embedded")
    time.keep()


def database() -> None:
    """Raises ``CannotStart`` where it does not answer, or is of another version than this code."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        why = CannotStart(f"the database cannot be used: {str(error).strip()}. Correct DATABASE_URL")
        raise refused("database", why, "correct DATABASE_URL") from error
    if missing:
        why = CannotStart(f"the database lacks {len(missing)} migrations: {MIGRATE}")
        raise refused("database", why, MIGRATE)
