"""A database that does not answer, and one whose write lock somebody else holds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, connections, transaction

from risk.models import AuditHead


@contextmanager
def the_database_is_away() -> Iterator[None]:
    """Whatever this thread asks of it fails, as when it was stopped."""

    def away(*_: object) -> None:
        raise OperationalError("the database was stopped")

    with connection.execute_wrapper(away):
        yield


@contextmanager
def another_writes() -> Iterator[None]:
    """Somebody holds the end of the audit's chain, on SQLite the one write lock, and does not come to his end."""
    holds, over = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            AuditHead.objects.update_or_create(pk=1, defaults={"number": 0, "digest": "0" * 64})
            holds.set()
            over.wait(30)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    assert holds.wait(10)
    try:
        yield
    finally:
        over.set()
        writer.join()


@contextmanager
def the_database_fails_once_after(written: str) -> Iterator[None]:
    """The first thing this thread asks of it fails once a row of the table ``written`` was committed."""
    seen = failed = False

    def asked(
        execute: Callable[..., object], sql: str, params: object, many: bool, context: dict[str, object]
    ) -> object:
        nonlocal seen, failed
        if seen and not failed and not connection.in_atomic_block:
            failed = True
            raise OperationalError("the database was stopped")
        seen = seen or sql.startswith(f'INSERT INTO "{written}"')
        return execute(sql, params, many, context)

    with connection.execute_wrapper(asked):
        yield
