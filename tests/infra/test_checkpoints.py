"""A connection that leaves SQLite's checkpoints to others."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection

from infra import checkpoints
from tests.threads import elsewhere

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="PostgreSQL has a process for it"),
]

ROW_BYTES = 400_000
ROWS = 60  # some 24 MB: beyond what the settings let the log grow to


def log_bytes() -> int:
    """How long the log is, as a file: a checkpoint lets the next commit begin it again, and never shortens it."""
    return Path(f"{connection.settings_dict['NAME']}-wal").stat().st_size


def writes_much(name: str) -> int:
    """How long the log is after a connection that leaves checkpoints to others has written more than it may hold."""

    def write() -> int:
        checkpoints.leave_to_others()
        for number in range(ROWS):
            User.objects.create(username=f"{name} {number}", last_name="x" * ROW_BYTES)
        return log_bytes()

    return elsewhere(write)


def bound_bytes() -> int:
    with connection.cursor() as cursor:
        pages, size = (
            int(cursor.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("wal_autocheckpoint", "page_size")
        )
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return pages * size


def test_the_log_grows_on_past_the_bound_of_the_settings() -> None:
    bound = bound_bytes()

    once, twice = writes_much("ada"), writes_much("bob")

    assert once > bound
    assert twice > once + bound


def test_the_next_commit_of_anybody_else_does_it() -> None:
    bound = bound_bytes()

    once = writes_much("ada")
    User.objects.create(username="the journal")
    twice = writes_much("bob")

    assert bound < once <= twice < once + bound, "begun again from its start"
