"""Figures that are shown together are of one moment, whatever is booked between two questions to the database."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection

from core.events import FillStatus
from core.notes import Booked
from core.units import Ms, Shares, usdc
from core.valuation import Mark as Worth
from infra.reading import one_reading
from polyloly_site import snapshots
from tests.trading.conftest import MARKET, NOON, a_buy, a_deposit, a_fill, a_place, write
from trading import pnl, selectors
from trading.models import Account, Fill
from trading.reconcile import books, statement
from trading.records.batch import Batch
from trading.records.ports import Record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def traded(account: Account, fence: int) -> Account:
    """10 YES bought at 0.48, settled, worth 5 USDC now; more orders wait."""
    first = a_fill(a_place().key)
    for number in range(1, 8):
        write(a_place(number), account=account, fence=fence)
    records: list[Record] = [Booked((a_deposit(),)), first, Booked((a_buy(first),))]
    Batch(records, account_id=account.pk, writer="shard:0:1", entries_before=0).write()
    worth = Worth(MARKET, Shares(10_000_000), Shares(0), usdc("5"), sure=True, payout=None, at_ms=NOON)
    pnl.keep_marks(account.pk, [worth])
    return account


def book_another(account: Account, number: int) -> None:
    """One more order fills, for 4.8 USDC; its fill may still fail."""
    fill = a_fill(a_place(number).key, fill_id=f"f{number}")
    Batch(
        [fill, Booked((a_buy(fill),))], account_id=account.pk, writer=f"late:{number}", entries_before=0
    ).write()


def beside(booked: Callable[[], None]) -> None:
    """Carry it out on a connection of its own, to the end."""

    def apart() -> None:
        try:
            booked()
        finally:
            connection.close()

    thread = threading.Thread(target=apart)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "a writer waits for a reader"


@contextmanager
def as_soon_as_read(table: str, booked: Callable[[], None]) -> Iterator[None]:
    """``booked`` happens on another connection right after this one asked for rows of ``table``."""
    left = [booked]

    def watch(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        found = execute(sql, *args)
        if left and sql.startswith("SELECT") and f'FROM "{table}"' in sql:
            beside(left.pop())
        return found

    with connection.execute_wrapper(watch):
        yield
    assert not left, f"{table} was not read"


def the_files(account: Account) -> object:
    """Both files of ``data/`` but for when they were written."""
    folder = snapshots.write()
    said = [json.loads((folder / name).read_text()) for name in ("state_snapshot.json", "positions.json")]
    return [{name: each for name, each in one.items() if name != "at_ms"} for one in said]


def our_side(account: Account) -> object:
    nobody = statement.silent("nobody is asked", Ms(NOON + 1))
    return books.ours(account, nobody)


READ: dict[str, tuple[Callable[[Account], object], str]] = {
    "profit": (lambda account: pnl.report(account.pk), "trading_entry"),
    "the files of data/": (the_files, "trading_entry"),
    "a reconciliation": (our_side, "trading_fill"),
    "cash and shares": (lambda account: books.figures_of(account.pk), "trading_entry"),
}


def test_what_is_booked_meanwhile_is_in_all_of_it_or_in_none(traded: Account) -> None:
    for number, (name, (read, table)) in enumerate(READ.items(), start=2):
        before = read(traded)

        with as_soon_as_read(table, partial(book_another, traded, number)):
            torn = read(traded)

        assert torn == before, name
        assert read(traded) != before, f"{name}: what was booked is told the next time"


def test_a_reading_keeps_no_writer_waiting_and_writes_nothing(traded: Account) -> None:
    with one_reading():
        count = selectors.fills(traded.pk).count()
        beside(partial(book_another, traded, 2))
        assert selectors.fills(traded.pk).count() == count
        with pytest.raises(DatabaseError):
            Fill.objects.update(status=FillStatus.FAILED)

    assert selectors.fills(traded.pk).count() == count + 1
    book_another(traded, 3)
    assert selectors.fills(traded.pk).count() == count + 2, "after it everything is written as usual"
    assert not Fill.objects.filter(status=FillStatus.FAILED).exists()
