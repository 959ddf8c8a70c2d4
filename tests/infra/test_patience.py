"""A write that gives up rather than wait, on the database of the tests (SQLite, or PostgreSQL by the variable)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from infra.patience import impatient

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held_by_another(user: User) -> Iterator[None]:
    """Somebody else's transaction holds the row (on SQLite: the whole database) until the block ends."""
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                User.objects.filter(pk=user.pk).update(first_name="held")
                holding.set()
                release.wait(30)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(30)
    try:
        yield
    finally:
        release.set()
        holder.join(30)


def busy_timeout() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA busy_timeout").fetchone()[0])


def test_a_lock_that_another_holds_is_not_waited_for() -> None:
    user = User.objects.create_user("ada")

    with held_by_another(user), pytest.raises(OperationalError), impatient(within_ms=50):
        User.objects.filter(pk=user.pk).update(first_name="mine")

    user.refresh_from_db()
    assert user.first_name == "held"


def test_a_lock_that_is_free_is_taken() -> None:
    user = User.objects.create_user("ada")

    with impatient(within_ms=50):
        User.objects.filter(pk=user.pk).update(first_name="mine")

    user.refresh_from_db()
    assert user.first_name == "mine"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL forgets it with the transaction")
def test_afterwards_the_usual_patience_is_back() -> None:
    user = User.objects.create_user("ada")
    before = busy_timeout()

    with held_by_another(user), pytest.raises(OperationalError), impatient(within_ms=1):
        User.objects.filter(pk=user.pk).update(first_name="mine")

    assert before == busy_timeout() == 20_000


def test_inside_a_transaction_it_is_a_savepoint() -> None:
    with transaction.atomic():
        user = User.objects.create_user("ada")
        with impatient(within_ms=50):
            User.objects.filter(pk=user.pk).update(first_name="mine")

    user.refresh_from_db()
    assert user.first_name == "mine"
