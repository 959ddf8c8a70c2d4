"""The journal: what happened is written once, in order, by another thread, and never lost quietly."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import OperationalError, connection

from core.events import FillSettled, FillStatus, Tick
from core.ids import FillId, MarketId, Outcome, Strategy
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind, Ledger
from core.lifecycle import Status
from core.notes import Booked, Decided
from core.strategies.view import Gate, GateCheck, Unit
from core.units import Ms, Shares, Usdc
from infra import codec
from tests.trading.conftest import MARKET, NOON, a_buy, a_deposit, a_fill, a_place, moved, write
from trading import selectors
from trading.errors import JournalFailed, JournalFull
from trading.models import Account, Decision, Entry, Fill, Order, StepFailure
from trading.records.batch import Batch
from trading.records.journal import Journal
from trading.records.ports import Record, StepFailed

pytestmark = pytest.mark.django_db(transaction=True)

SOON_S = 10.0


@pytest.fixture
def journal(account: Account) -> Iterator[Journal]:
    opened = Journal(account_id=account.pk, writer="shard:0:1")
    yield opened
    with suppress(JournalFailed):
        opened.close(timeout_s=SOON_S)


def keep(journal: Journal, *records: Record) -> None:
    for record in records:
        journal.put(record)
    journal.flush(timeout_s=SOON_S)


def test_a_life_of_an_order_is_written(journal: Journal, account: Account, fence: int) -> None:
    place = a_place(size="50")
    write(place, account=account, fence=fence)
    fill = a_fill(place.key, size="10")

    keep(
        journal,
        moved(place, Status.SENT, at=NOON + 1),
        moved(place, Status.LIVE, at=NOON + 2),
        fill,
        Booked((a_buy(fill),)),
        moved(place, Status.PARTIAL, filled="10", at=NOON + 3),
        FillSettled(fill.fill_id, FillStatus.CONFIRMED, Ms(NOON + 4)),
        moved(place, Status.CANCELLED, filled="10", reason="too far from the top", at=NOON + 5),
    )

    order, row, entry = Order.objects.get(), Fill.objects.get(), Entry.objects.get()
    assert (order.status, order.filled, order.reason) == ("cancelled", 10_000_000, "too far from the top")
    assert (order.sent_ms, order.closed_ms) == (NOON + 1, NOON + 5)
    assert (row.market_id, row.outcome, row.side) == (MARKET, "yes", "buy")
    assert (row.shares, row.amount, row.price, row.status) == (10_000_000, 4_800_000, "0.48", "confirmed")
    assert (entry.kind, entry.shares, entry.usdc, entry.fill_id) == ("buy", 10_000_000, -4_800_000, "f1")


def test_what_is_told_twice_is_written_once(journal: Journal, account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key)

    keep(journal, fill, Booked((a_buy(fill),)))
    keep(journal, fill, Booked((a_buy(fill),)), fill)

    assert Fill.objects.count() == 1
    assert Entry.objects.count() == 1


def test_a_batch_written_again_after_a_lost_answer_changes_nothing(account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key)
    records: list[Record] = [fill, Booked((a_deposit(), a_buy(fill))), Booked((a_deposit(7),))]
    batch = Batch(records, account_id=account.pk, writer="shard:0:1", entries_before=0)

    batch.write()
    batch.write()

    assert Fill.objects.count() == 1
    assert [entry.usdc for entry in Entry.objects.order_by("pk")] == [10_000_000_000, -4_800_000, 7]


def test_equal_deposits_are_both_written(journal: Journal) -> None:
    keep(journal, Booked((a_deposit(5), a_deposit(5))))

    assert Entry.objects.count() == 2


def test_an_older_change_is_not_written_over_a_newer_one(
    journal: Journal, account: Account, fence: int
) -> None:
    place = a_place()
    write(place, account=account, fence=fence)

    keep(journal, moved(place, Status.CANCELLED, at=NOON + 9))
    keep(journal, moved(place, Status.LIVE, at=NOON + 3))

    assert Order.objects.get().status == "cancelled"


@pytest.mark.parametrize(
    ("status", "filled", "closed"),
    [
        (Status.MATCHED, "50", True),
        (Status.MATCHED, "20", False),
        (Status.REJECTED, "0", True),
        (Status.UNKNOWN, "0", False),
    ],
)
def test_an_order_is_closed_when_it_can_trade_no_more(
    journal: Journal, account: Account, fence: int, status: Status, filled: str, *, closed: bool
) -> None:
    place = a_place(size="50")
    write(place, account=account, fence=fence)

    keep(journal, moved(place, status, filled=filled, at=NOON + 1))

    assert (Order.objects.get().closed_ms is not None) is closed


def test_a_fill_after_never_landed_opens_the_order_again(
    journal: Journal, account: Account, fence: int
) -> None:
    place = a_place()
    write(place, account=account, fence=fence)

    keep(journal, moved(place, Status.NEVER_LANDED, at=NOON + 1))
    keep(journal, moved(place, Status.PARTIAL, filled="5", at=NOON + 2))

    assert Order.objects.get().closed_ms is None


def test_a_settled_fill_does_not_go_back(journal: Journal, account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)

    keep(journal, a_fill(place.key), FillSettled(FillId("f1"), FillStatus.CONFIRMED, NOON))
    keep(journal, FillSettled(FillId("f1"), FillStatus.MINED, NOON))

    assert Fill.objects.get().status == "confirmed"


def test_the_ledger_is_rebuilt_from_what_was_written(journal: Journal, account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key, size="12.345678")
    lines = (a_deposit(), a_buy(fill))

    keep(journal, fill, Booked(lines[:1]), Booked(lines[1:]))

    assert tuple(selectors.ledger_entries(account.pk)) == lines
    ledger = Ledger.rebuild(selectors.ledger_entries(account.pk))
    assert ledger.cash == selectors.entries_sum(account.pk)
    assert ledger.held(MARKET, Outcome.YES) == 12_345_678
    held = selectors.open_positions(account.pk)
    assert [(p.market_id, p.yes, p.no, p.usdc) for p in held] == [
        (MARKET, 12_345_678, 0, -fill.amount),
    ]


def test_a_failed_fill_leaves_no_position(journal: Journal, account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key)
    bought = a_buy(fill)
    back = LedgerEntry(
        kind=EntryKind.BUY,
        market_id=MARKET,
        strategy=Strategy.PAIR_ARB,
        outcome=Outcome.YES,
        shares=Shares(-bought.shares),
        usdc=Usdc(-bought.usdc),
        fill_id=fill.fill_id,
        at_ms=NOON,
        note=None,
    )

    keep(journal, fill, Booked((bought,)), Booked((back,)))

    assert Entry.objects.count() == 2
    assert selectors.open_positions(account.pk) == []
    assert selectors.entries_sum(account.pk) == 0


def test_a_decision_is_kept_with_its_gates_in_order(journal: Journal) -> None:
    checks = (
        GateCheck(Gate.BOOK, passed=True, unit=Unit.WORD, value=None, limit=None, word="trusted"),
        GateCheck(Gate.EDGE, passed=False, unit=Unit.PRICE, value=30, limit=50, word=""),
    )
    decided = Decided(
        market_id=MARKET,
        strategy=Strategy.PAIR_ARB,
        sequence=3,
        verdict="no",
        gate=Gate.EDGE,
        gates=checks,
        intents=(),
        at_ms=NOON,
    )

    keep(journal, decided)
    keep(journal, decided)

    row = Decision.objects.get()
    assert (row.verdict, row.gate, row.sequence) == ("no", Gate.EDGE.value, 3)
    assert [(gate["name"], gate["passed"]) for gate in row.gates] == [
        (Gate.BOOK.value, True),
        (Gate.EDGE.value, False),
    ]
    assert (row.gates[1]["value"], row.gates[1]["limit"]) == ("0.003", "0.005")


def test_a_failed_steps_event_can_be_read_again(journal: Journal) -> None:
    keep(journal, StepFailed(MARKET, Tick(NOON), "ZeroDivisionError: no shares", NOON))

    row = StepFailure.objects.get()
    assert codec.load(json.dumps(row.event)) == Tick(NOON)
    assert str(row) == f"{MARKET}: ZeroDivisionError: no shares"


def test_a_fill_of_an_order_without_a_row_is_kept_with_the_failures(journal: Journal) -> None:
    keep(journal, a_fill(a_place(99).key))

    assert Fill.objects.count() == 0
    assert "never written" in StepFailure.objects.get().error


class Away:
    """A database that does not answer until it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.back = threading.Event()
        self.tried = threading.Event()
        write_now = Batch.write

        def write(batch: Batch) -> None:
            self.tried.set()
            if not self.back.is_set():
                raise OperationalError("server closed the connection")
            write_now(batch)

        monkeypatch.setattr(Batch, "write", write)


def test_a_database_that_is_away_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away(monkeypatch)
    journal = Journal(account_id=account.pk, writer="shard:0:1")
    journal.put(Booked((a_deposit(1),)))
    assert away.tried.wait(SOON_S)
    journal.put(Booked((a_deposit(2),)))

    away.back.set()
    journal.close(timeout_s=SOON_S)

    assert [entry.usdc for entry in Entry.objects.order_by("pk")] == [1, 2]


def test_a_full_journal_tells_the_producer_and_takes_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(monkeypatch)
    journal = Journal(account_id=account.pk, writer="shard:0:1", capacity=2, patience_s=0.01)
    journal.put(Booked((a_deposit(1),)))
    assert away.tried.wait(SOON_S)
    journal.put(Booked((a_deposit(2),)))
    journal.put(Booked((a_deposit(3),)))

    with pytest.raises(JournalFull, match="2 records wait for the database"):
        journal.put(Booked((a_deposit(4),)))

    away.back.set()
    journal.close(timeout_s=SOON_S)
    assert [entry.usdc for entry in Entry.objects.order_by("pk")] == [1, 2, 3]


def test_flushing_has_an_end(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away(monkeypatch)
    journal = Journal(account_id=account.pk, writer="shard:0:1")
    journal.put(Booked((a_deposit(),)))
    assert away.tried.wait(SOON_S)

    with pytest.raises(JournalFull, match=r"not written within 0\.05 s"):
        journal.flush(timeout_s=0.05)
    with pytest.raises(JournalFull):
        journal.close(timeout_s=0.05)


def test_what_the_database_refuses_ends_the_journal_loudly(account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    journal = Journal(account_id=account.pk, writer="shard:0:1")
    journal.put(replace(a_fill(place.key, size="1"), shares=Shares(-1)))

    with pytest.raises(JournalFailed, match="the database refuses a fact"):
        journal.flush(timeout_s=SOON_S)
    with pytest.raises(JournalFailed):
        journal.put(Booked((a_deposit(),)))
    assert Fill.objects.count() == 0


def test_a_closed_journal_takes_nothing_more(journal: Journal) -> None:
    keep(journal, Booked((a_deposit(),)))
    journal.close(timeout_s=SOON_S)

    with pytest.raises(JournalFailed, match="closed"):
        journal.put(Booked((a_deposit(),)))


def test_its_connection_is_its_own_and_survives_being_cut(journal: Journal) -> None:
    keep(journal, Booked((a_deposit(1),)))
    connection.close()

    keep(journal, Booked((a_deposit(2),)))

    assert Entry.objects.count() == 2


def test_two_journals_of_one_account_number_their_lines_apart(account: Account) -> None:
    for writer in ("shard:0:1", "shard:1:1"):
        journal = Journal(account_id=account.pk, writer=writer)
        keep(journal, Booked((a_deposit(1),)))
        journal.close(timeout_s=SOON_S)

    assert Entry.objects.count() == 2


def test_other_markets_lines_do_not_mix(journal: Journal, account: Account, fence: int) -> None:
    other = MarketId("0xother")
    for number, market in enumerate((MARKET, other), 1):
        place = a_place(number, market=market)
        write(place, account=account, fence=fence)
        fill = a_fill(place.key, fill_id=f"f{number}", size=str(number))
        keep(journal, fill, Booked((a_buy(fill, market=market),)))

    held = {position.market_id: position.yes for position in selectors.open_positions(account.pk)}
    assert held == {MARKET: 1_000_000, other: 2_000_000}
