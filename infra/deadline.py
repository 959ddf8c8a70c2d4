"""A bound on waiting for the database, for what cannot wait: a halt is answered in seconds, whoever holds the lock.

Left alone, SQLite waits 20 s for another's write lock and PostgreSQL for ever, for a lock or for a server that hangs.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import DatabaseError, connection

from infra import logs

# A server that hangs does not end its own statements: this much later the connection is cut.
CUT_AFTER_MS: Final = 500

log = logs.get("database")


@contextmanager
def answered_within(within_ms: int) -> Iterator[None]:
    """Inside, nothing that this thread asks of the database waits much longer than ``within_ms``, connecting included.

    What would is ended with a ``DatabaseError``. Afterwards the connection is as patient as before. Enter it outside
    of a transaction: one that failed takes no word more.
    """
    waiting = _sqlite if connection.vendor == "sqlite" else _postgresql
    with waiting(within_ms):
        yield


@contextmanager
def _sqlite(within_ms: int) -> Iterator[None]:
    settings = connection.settings_dict
    options: dict[str, Any] = settings.get("OPTIONS") or {}
    # A connection of this thread alone: what it waits for while it opens is bounded too.
    connection.settings_dict = {**settings, "OPTIONS": {**options, "timeout": within_ms / 1000}}
    try:
        connection.ensure_connection()
        connection.connection.execute(f"PRAGMA busy_timeout = {within_ms}")
        yield
    finally:
        connection.settings_dict = settings
        if connection.connection is not None:
            patient_ms = int(float(options.get("timeout", 5)) * 1000)
            connection.connection.execute(f"PRAGMA busy_timeout = {patient_ms}")


@contextmanager
def _postgresql(within_ms: int) -> Iterator[None]:
    connection.ensure_connection()
    held = connection.connection
    with socket.socket(fileno=os.dup(held.fileno())) as wire:
        cut = threading.Timer((within_ms + CUT_AFTER_MS) / 1000, _cut, (wire,))
        cut.daemon = True
        cut.start()
        try:
            _ask(f"SET statement_timeout = {within_ms}")
            yield
        finally:
            if connection.connection is held and not held.closed:
                with suppress(DatabaseError):
                    _ask("RESET statement_timeout")
            cut.cancel()


def _ask(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _cut(wire: socket.socket) -> None:
    """Let whoever waits for the server's answer find the connection closed."""
    log.error("database hangs, connection cut", event_type="error")
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        log.info("connection had ended already", error=str(error))
