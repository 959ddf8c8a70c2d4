"""Everything that may be asked of trading. Reads only; safe from any app."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max, QuerySet, Sum
from redis import RedisError

from core.events import FillStatus
from core.ids import FillId, MarketId, Outcome, Strategy
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind
from core.units import Ms, Shares, Usdc
from infra import logs, redis
from trading.models import Account, Decision, Entry, Fill, Order, StepFailure

BOARD_KEY: Final = "board:snapshot"
ROWS_AT_ONCE: Final = 2_000

log = logs.get("trading")


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """The board as the trader last published it. ``seq`` numbers the changes of one ``epoch``."""

    epoch: int
    seq: int
    rows: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Position:
    """What an account holds of one market by the ledger. ``usdc`` is what it gained there so far (signed)."""

    market_id: str
    yes: Shares
    no: Shares
    usdc: Usdc


def board() -> BoardSnapshot | None:
    """The trader's board, ``None`` when it is not publishing or Redis does not answer."""
    try:
        text = redis.client(redis.Db.BOARD).get(BOARD_KEY)
    except RedisError as error:
        log.warning("board not read", error=str(error))
        return None
    if text is None:
        return None
    shown = json.loads(text)
    return BoardSnapshot(shown["epoch"], shown["seq"], shown["rows"])


def accounts() -> QuerySet[Account]:
    return Account.objects.order_by("pk")


def account_of(*, mode: str, start_cash: Usdc) -> Account | None:
    """The account this mode trades with now, ``None`` before its first start."""
    return Account.objects.filter(mode=mode, start_cash=start_cash).order_by("-pk").first()


def orders(account_id: int | None = None) -> QuerySet[Order]:
    """Orders, newest first."""
    found = Order.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def open_orders(account_id: int) -> QuerySet[Order]:
    """Orders that may still trade, newest first."""
    return orders(account_id).filter(closed_ms__isnull=True)


def fills(account_id: int | None = None) -> QuerySet[Fill]:
    """Fills with their order, newest first."""
    found = Fill.objects.select_related("order").order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def entries(account_id: int | None = None) -> QuerySet[Entry]:
    """Ledger lines, newest first."""
    found = Entry.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def decisions(account_id: int | None = None) -> QuerySet[Decision]:
    """Decisions still kept, newest first."""
    found = Decision.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def failures() -> QuerySet[StepFailure]:
    """Events that could not be digested, newest first."""
    return StepFailure.objects.order_by("-pk")


def ledger_entries(account_id: int) -> list[LedgerEntry]:
    """Every line of the account in the order it was written: what the runner rebuilds its ledger from."""
    rows = Entry.objects.filter(account_id=account_id).order_by("pk").iterator(ROWS_AT_ONCE)
    return list(_as_ledger(rows))


def _as_ledger(rows: Iterator[Entry]) -> Iterator[LedgerEntry]:
    for row in rows:
        yield LedgerEntry(
            kind=EntryKind(row.kind),
            market_id=None if row.market_id is None else MarketId(row.market_id),
            strategy=None if row.strategy is None else Strategy(row.strategy),
            outcome=None if row.outcome is None else Outcome(row.outcome),
            shares=Shares(row.shares),
            usdc=Usdc(row.usdc),
            fill_id=None if row.fill_id is None else FillId(row.fill_id),
            at_ms=Ms(row.at_ms),
            note=row.note,
        )


def last_sequences(account_id: int) -> dict[MarketId, int]:
    """The highest decision number used in each market, by orders or decisions: the next must be above."""
    found: dict[MarketId, int] = {}
    for table in (Order.objects, Decision.objects):
        rows = table.filter(account_id=account_id).values("market_id").annotate(last=Max("sequence"))
        for row in rows.order_by():
            name = MarketId(row["market_id"])
            found[name] = max(found.get(name, 0), row["last"])
    return found


def entries_sum(account_id: int) -> Usdc:
    """The account's cash: the sum of all its entries."""
    total = Entry.objects.filter(account_id=account_id).aggregate(total=Sum("usdc"))["total"]
    return Usdc(total or 0)


def open_positions(account_id: int) -> list[Position]:
    """Markets in which the account holds shares, by the ledger."""
    sums: dict[str, dict[str, int]] = {}
    rows = (
        Entry.objects.filter(account_id=account_id, market_id__isnull=False)
        .values("market_id", "outcome")
        .annotate(shares_sum=Sum("shares"), usdc_sum=Sum("usdc"))
        .order_by("market_id")
    )
    for row in rows:
        market = sums.setdefault(str(row["market_id"]), {"yes": 0, "no": 0, "usdc": 0})
        market["usdc"] += row["usdc_sum"]
        if row["outcome"] is not None:
            market[row["outcome"]] += row["shares_sum"]
    return [
        Position(market_id, Shares(held["yes"]), Shares(held["no"]), Usdc(held["usdc"]))
        for market_id, held in sums.items()
        if held["yes"] or held["no"]
    ]


def unsettled_fills(account_id: int) -> QuerySet[Fill]:
    """Fills that may still fail."""
    return fills(account_id).exclude(status__in=(FillStatus.CONFIRMED, FillStatus.FAILED))
