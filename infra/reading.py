"""Several questions to the database answered as of one moment: sums that are shown together must add up."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from django.db import connection, transaction

ONE_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@contextmanager
def one_reading() -> Iterator[None]:
    """Everything read within is of one moment, whatever others write meanwhile, and nobody waits for it.

    Reads only: a write raises ``DatabaseError``. Inside another transaction it is as that one is. Evaluate what is
    asked within: a queryset that is read later is of later.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with ExitStack() as held:
            _begin_without_lock(held)
            yield
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(ONE_SNAPSHOT)
            yield


def _begin_without_lock(held: ExitStack) -> None:
    """Our transactions take SQLite's one write lock when they begin; a reading must not keep an order waiting."""
    connection.ensure_connection()
    ours: Any = connection
    _execute("PRAGMA query_only = ON")
    held.callback(_execute, "PRAGMA query_only = OFF")
    usual, ours.transaction_mode = ours.transaction_mode, "DEFERRED"
    try:
        held.enter_context(transaction.atomic())
    finally:
        ours.transaction_mode = usual


def _execute(words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(words)
