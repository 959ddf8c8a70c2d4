"""Writes that would rather not happen than wait: notes in passing, on the way of something urgent."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def impatient(*, within_ms: int) -> Iterator[None]:
    """A transaction that waits for a lock at most ``within_ms``, and on PostgreSQL for no disk.

    Raises ``OperationalError`` when it did not get the lock. Inside another transaction the waiting is done already:
    then it is a savepoint.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "sqlite":
        with _busy_timeout(within_ms), transaction.atomic():
            yield
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {int(within_ms)}")
                cursor.execute(f"SET LOCAL statement_timeout = {int(within_ms)}")
                cursor.execute("SET LOCAL synchronous_commit = off")
            yield


@contextmanager
def _busy_timeout(ms: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        usual = int(cursor.execute("PRAGMA busy_timeout").fetchone()[0])
        cursor.execute(f"PRAGMA busy_timeout = {int(ms)}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
