"""What must be answered soon does not wait for a lock, a slow statement or a server that hangs."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from django.db import OperationalError, connection, connections, transaction

from infra import clock
from infra.deadline import answered_within
from risk.models import AuditHead

WITHIN_MS: Final = 300


@contextmanager
def written_by_another() -> Iterator[None]:
    """Another connection writes and does not come to its end."""
    holds, over = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            AuditHead.objects.update_or_create(pk=77, defaults={"number": 1, "digest": "x"})
            holds.set()
            over.wait(30)
        connections.close_all()

    AuditHead.objects.update_or_create(pk=77, defaults={"number": 0, "digest": ""})
    writer = threading.Thread(target=write)
    writer.start()
    assert holds.wait(10)
    try:
        yield
    finally:
        over.set()
        writer.join()


def write_too() -> None:
    with transaction.atomic():
        AuditHead.objects.filter(pk=77).update(number=5)


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_another_holds_is_waited_for_as_long_as_said() -> None:
    with written_by_another():
        began = clock.monotonic_ms()
        with pytest.raises(OperationalError), answered_within(WITHIN_MS):
            write_too()
        took = clock.monotonic_ms() - began

    assert WITHIN_MS - 50 <= took < 2_000


@pytest.mark.django_db(transaction=True)
def test_afterwards_the_connection_is_as_patient_as_before() -> None:
    asked = "PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW statement_timeout"

    def patience() -> object:
        with connection.cursor() as cursor:
            cursor.execute(asked)
            return cursor.fetchone()

    before = patience()
    with answered_within(WITHIN_MS):
        inside = patience()

    assert inside != before
    assert patience() == before


@pytest.mark.slow
def test_a_server_that_hangs_is_let_go_of(postgres_url: str) -> None:
    """In a process of its own, on PostgreSQL: the server's process of this connection is stopped for good."""
    hanging = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HANGS)],
        env={**os.environ, "TEST_DATABASE_URL": postgres_url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hanging.stdout is not None
    server = int(hanging.stdout.readline())
    os.kill(server, signal.SIGSTOP)
    try:
        said, _ = hanging.communicate("go\n", timeout=20)
    finally:
        os.kill(server, signal.SIGCONT)

    error, took = said.split()
    assert error == "OperationalError"
    assert int(took) < 2_000


HANGS: Final = """
    import sys
    import django
    django.setup()
    from django.db import DatabaseError, connection
    from infra import clock
    from infra.deadline import answered_within
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        print(cursor.fetchone()[0], flush=True)
    sys.stdin.readline()
    began = clock.monotonic_ms()
    try:
        with answered_within(300):
            connection.cursor().execute("SELECT 1")
    except DatabaseError as error:
        print(type(error).__name__, clock.monotonic_ms() - began)
"""
