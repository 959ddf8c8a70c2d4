"""Records as rows, and one transaction that writes a batch of them.

Safe to write twice: fills and ledger lines that are there already are left out, order changes carry their time
and are not applied over a newer one. A conflict that is not a repetition is raised, never ignored.
"""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest

from core.breaker import BreakerMoved
from core.events import FillSeen, FillSettled, FillStatus
from core.intents import Merge, Redeem
from core.ledger import Entry as LedgerEntry
from core.lifecycle import CLOSED, Status
from core.notes import Booked, Decided, OrderMoved
from core.settlement import SETTLES
from core.units import text
from infra import codec, logs
from risk import services as risk_services
from trading.board.rows import gate_row
from trading.models import (
    Decision,
    Entry,
    Fill,
    Order,
    StepFailure,
    WalletAction,
    WalletKind,
    WalletState,
)
from trading.records.ports import FillBooked, Record, StepFailed, StillOwed

REASON_MAX: Final = 300
PRICE_PLACES: Final = 6

log = logs.get("journal")

EntryName = tuple[object, ...]


class Batch:
    """The records of one transaction, turned into rows once, so that a retry gives them the same names."""

    def __init__(
        self, records: Sequence[Record], *, account_id: int, writer: str, entries_before: int
    ) -> None:
        self._account_id = account_id
        self._writer = writer
        self._moves: dict[str, OrderMoved] = {}
        self._sent: dict[str, int] = {}
        self._fills: dict[str, FillSeen] = {}
        self._settlements: list[FillSettled] = []
        self._owed: set[str] = set()
        self._actions: list[WalletAction] = []
        self._lines: list[LedgerEntry] = []
        self._decisions: list[Decision] = []
        self._breakers: list[BreakerMoved] = []
        self._failures: list[StepFailed] = []
        for record in records:
            self._sort(record)
        self._entries = [
            entry_row(line, account_id=account_id, writer=writer, sequence=entries_before + number)
            for number, line in enumerate(self._lines, 1)
        ]

    @property
    def entry_count(self) -> int:
        return len(self._entries)

    def write(self) -> None:
        """Write everything or nothing. Raises what the database raises."""
        with transaction.atomic():
            self._write_fills()
            self._write_moves()
            self._write_entries()
            self._settle()
            WalletAction.objects.bulk_create(self._actions, ignore_conflicts=True)
            Decision.objects.bulk_create(self._decisions, ignore_conflicts=True)
            StepFailure.objects.bulk_create(self._failure(failed) for failed in self._failures)
            for moved in self._breakers:
                risk_services.keep_breaker(moved)

    def _sort(self, record: Record) -> None:
        match record:
            case OrderMoved():
                # The newest word about an order says all the earlier ones said.
                self._moves[record.key] = record
                self._owed.discard(record.key)
                if record.status is Status.SENT:
                    self._sent.setdefault(record.key, record.at_ms)
            case StillOwed(moved):
                self._moves[moved.key] = moved
                self._owed.add(moved.key)
            case FillSeen():
                self._fills.setdefault(record.fill_id, record)
            case FillBooked(fill, booked):
                self._fills.setdefault(fill.fill_id, fill)
                self._lines += booked.entries
            case Merge() | Redeem():
                self._actions.append(self._action(record))
            case FillSettled():
                self._settlements.append(record)
            case Booked():
                self._lines += record.entries
            case Decided():
                self._decisions.append(self._decision(record))
            case BreakerMoved():
                self._breakers.append(record)
            case StepFailed():
                self._failures.append(record)

    def _write_fills(self) -> None:
        known = set(Fill.objects.filter(fill_id__in=self._fills).values_list("fill_id", flat=True))
        fresh = [seen for seen in self._fills.values() if seen.fill_id not in known]
        if not fresh:
            return
        orders = Order.objects.in_bulk({seen.key for seen in fresh}, field_name="key")
        rows = []
        for seen in fresh:
            order = orders.get(seen.key)
            if order is None:
                self._stray(seen)
            else:
                rows.append(fill_row(seen, order))
        Fill.objects.bulk_create(rows)

    def _stray(self, seen: FillSeen) -> None:
        """A fill of an order that has no row cannot be a fill row; it is kept with the failures."""
        log.error("fill of an order never written", fill_id=seen.fill_id, key=seen.key, event_type="error")
        StepFailure.objects.create(
            account_id=self._account_id,
            market_id="unknown",
            at_ms=seen.heard_ms,
            event=msgspec.json.decode(codec.dump(seen)),
            error=f"fill of an order that was never written: {seen.key}",
        )

    def _write_moves(self) -> None:
        for moved in self._moves.values():
            known = Order.objects.filter(
                key=moved.key, account_id=self._account_id, moved_ms__lte=moved.at_ms
            )
            if moved.key in self._sent:
                known.filter(sent_ms__isnull=True).update(sent_ms=self._sent[moved.key])
            known.update(
                status=moved.status,
                filled=Greatest(F("filled"), Value(moved.filled)),
                reason=moved.reason[:REASON_MAX] or None,
                moved_ms=moved.at_ms,
                closed_ms=None if moved.key in self._owed else _closed(moved),
            )

    def _write_entries(self) -> None:
        if not self._entries:
            return
        first, last = self._entries[0].sequence, self._entries[-1].sequence
        mine = Entry.objects.filter(writer=self._writer, sequence__gte=first, sequence__lte=last)
        written = set(mine.values_list("sequence", flat=True))
        named = {entry.fill_id for entry in self._entries if entry.fill_id is not None}
        booked: set[EntryName] = set(
            Entry.objects.filter(fill_id__in=named).values_list(
                "fill_id", "kind", "outcome", "shares", "usdc"
            )
        )
        fresh = []
        for entry in self._entries:
            name = _entry_name(entry)
            if entry.sequence in written or (entry.fill_id is not None and name in booked):
                continue
            booked.add(name)
            fresh.append(entry)
        Entry.objects.bulk_create(fresh)
        reversed_fills = {line.fill_id for line in self._lines if line.reverses}
        if reversed_fills:
            self._fail(reversed_fills)

    def _fail(self, fill_ids: Collection[str | None]) -> None:
        """What the ledger took back has failed, in the same transaction."""
        may_fail = [status for status, after in SETTLES.items() if FillStatus.FAILED in after]
        Fill.objects.filter(fill_id__in=fill_ids, status__in=may_fail).update(status=FillStatus.FAILED)

    def _settle(self) -> None:
        for told in self._settlements:
            before = [status for status, after in SETTLES.items() if told.status in after]
            Fill.objects.filter(fill_id=told.fill_id, status__in=before).update(status=told.status)

    def _action(self, wanted: Merge | Redeem) -> WalletAction:
        merges = isinstance(wanted, Merge)
        return WalletAction(
            action_id=wanted.action_id,
            account_id=self._account_id,
            market_id=wanted.market_id,
            kind=WalletKind.MERGE if merges else WalletKind.REDEEM,
            yes=wanted.shares if isinstance(wanted, Merge) else wanted.yes,
            no=wanted.shares if isinstance(wanted, Merge) else wanted.no,
            payout=wanted.payout if isinstance(wanted, Redeem) else None,
            state=WalletState.PLANNED,
            planned_ms=wanted.decided_ms,
            moved_ms=wanted.decided_ms,
        )

    def _decision(self, decided: Decided) -> Decision:
        return Decision(
            account_id=self._account_id,
            market_id=decided.market_id,
            strategy=decided.strategy,
            sequence=decided.sequence,
            at_ms=decided.at_ms,
            verdict=decided.verdict,
            gate=None if decided.gate is None else decided.gate.value,
            gates=[gate_row(check) for check in decided.gates],
            intents=list(decided.intents),
        )

    def _failure(self, failed: StepFailed) -> StepFailure:
        return StepFailure(
            account_id=self._account_id,
            market_id=failed.market_id,
            at_ms=failed.at_ms,
            event=msgspec.json.decode(codec.dump(failed.event)),
            error=failed.error,
        )


def _price_text(amount: int, shares: int) -> str:
    """USDC a share, rounded down to six decimals. Derived: the amount is the fact."""
    return text(amount * 10**PRICE_PLACES // shares, PRICE_PLACES)


def entry_row(line: LedgerEntry, *, account_id: int, writer: str, sequence: int) -> Entry:
    """A line of the ledger as its row, not written yet. ``writer`` and ``sequence`` name it."""
    return Entry(
        account_id=account_id,
        writer=writer,
        sequence=sequence,
        market_id=line.market_id,
        strategy=line.strategy,
        kind=line.kind,
        outcome=line.outcome,
        shares=line.shares,
        usdc=line.usdc,
        fill_id=line.fill_id,
        at_ms=line.at_ms,
        note=line.note,
    )


def fill_row(seen: FillSeen, order: Order) -> Fill:
    """A fill of an order as its row, not written yet."""
    return Fill(
        fill_id=seen.fill_id,
        order_id=order.key,
        account_id=order.account_id,
        market_id=order.market_id,
        outcome=order.outcome,
        side=order.side,
        shares=seen.shares,
        amount=seen.amount,
        fee=seen.fee,
        price=_price_text(seen.amount, seen.shares),
        status=seen.status,
        evidence=seen.evidence,
        said_ms=seen.said_ms,
        heard_ms=seen.heard_ms,
    )


def _entry_name(entry: Entry) -> EntryName:
    return entry.fill_id, entry.kind, entry.outcome, entry.shares, entry.usdc


def _closed(moved: OrderMoved) -> Case | int | None:
    """When the order could trade no more: a match is over only when all of it was told."""
    if moved.status in CLOSED:
        return moved.at_ms
    if moved.status is Status.MATCHED:
        whole = When(shares__lte=moved.filled, then=Value(int(moved.at_ms)))
        return Case(whole, default=Value(None))
    return None
