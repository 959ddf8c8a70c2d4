"""Everything that may be asked of trading. Reads only; safe from any app."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Sum
from redis import RedisError

from core.events import FillStatus
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome, Side, Strategy
from core.intents import OrderKind, Place, Purpose
from core.kept import KeptOrder
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind
from core.lifecycle import Status
from core.units import Ms, Price, Shares, Usdc
from infra import clock, logs, redis
from risk import selectors as risk
from trading.models import (
    Account,
    Decision,
    Difference,
    Entry,
    Fill,
    Order,
    Reconciliation,
    Resolution,
    StepFailure,
    WalletAction,
    WalletKind,
    WalletState,
)
from trading.wallet import light as wallet_light
from trading.wallet.light import WalletLight

DAY_MS: Final = 86_400_000
EPOCH: Final = date(1970, 1, 1)
STRATEGIES: Final = tuple(each.value for each in Strategy)
ENTRY_KINDS: Final = tuple(each.value for each in EntryKind)
BOARD_KEY: Final = "board:snapshot"
ROWS_AT_ONCE: Final = 2_000
UNKNOWN_ALERT_MS: Final = 30_000
UNDER_WAY: Final = (WalletState.PLANNED, WalletState.SUBMITTED, WalletState.UNKNOWN)

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


def account_of(*, mode: str, start_cash: Usdc | None = None, name: str | None = None) -> Account | None:
    """The account this mode trades with now, ``None`` before its first start: on paper found by its start cash,
    a wallet's by its name, the newest of those that fit."""
    found = Account.objects.filter(mode=mode)
    if start_cash is not None:
        found = found.filter(start_cash=start_cash)
    if name is not None:
        found = found.filter(name=name)
    return found.order_by("-pk").first()


def account_in_use() -> Account | None:
    """What is traded with now: on paper where something must be armed and is not. ``None`` before its first start."""
    chosen = settings.POLYLOLY
    if chosen.needs_arming and not risk.is_armed(clock.now_ms()):
        return account_of(**chosen.paper_account)
    return account_of(**chosen.account)


def orders(account_id: int | None = None) -> QuerySet[Order]:
    """Orders, newest first."""
    found = Order.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def open_orders(account_id: int) -> QuerySet[Order]:
    """Orders that may still trade, newest first."""
    return orders(account_id).filter(closed_ms__isnull=True)


def known_orders(account_id: int, order_ids: Collection[str], *, open_since_ms: Ms | None = None) -> set[str]:
    """Those that are in a row of the account, whichever shard wrote it. With ``open_since_ms`` only those that were
    open then or later."""
    rows = orders(account_id).filter(order_id__in=order_ids)
    if open_since_ms is not None:
        rows = rows.filter(Q(closed_ms__isnull=True) | Q(closed_ms__gte=open_since_ms))
    return set(rows.values_list("order_id", flat=True))


def fills(account_id: int | None = None) -> QuerySet[Fill]:
    """Fills with their order, newest first."""
    found = Fill.objects.select_related("order").order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def entries(account_id: int | None = None) -> QuerySet[Entry]:
    """Ledger lines, newest first."""
    found = Entry.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def reconciliations(account_id: int | None = None) -> QuerySet[Reconciliation]:
    """Runs, newest first."""
    found = Reconciliation.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def newest_reconciliation() -> Reconciliation | None:
    """Of the account that is traded with now; ``None`` before its first run."""
    account = account_of(**settings.POLYLOLY.account)
    return None if account is None else reconciliations(account.pk).first()


def unresolved(run: Reconciliation) -> QuerySet[Difference]:
    """What one run found and nobody has resolved since, mismatches first."""
    return run.differences.filter(resolutions__isnull=True).order_by("-mismatch", "pk")


def resolutions(account_id: int | None = None) -> QuerySet[Resolution]:
    """What was done about differences, newest first."""
    found = Resolution.objects.select_related("difference").order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def entries_within(rows: QuerySet[Entry], since: date | None, until: date | None) -> QuerySet[Entry]:
    """Ledger lines of the UTC days from ``since`` to ``until``, both included; open where ``None``."""
    if since is not None:
        rows = rows.filter(at_ms__gte=(since - EPOCH).days * DAY_MS)
    return rows if until is None else rows.filter(at_ms__lt=((until - EPOCH).days + 1) * DAY_MS)


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
    return list(as_ledger(rows))


def as_ledger(rows: Iterable[Entry]) -> Iterator[LedgerEntry]:
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


def kept_orders(account_id: int, since_ms: Ms, *, shard: str) -> list[KeptOrder]:
    """Orders of its own that a shard takes up when it starts, oldest first: all that have not ended, and those that
    ended at or after ``since_ms``, for what the venue tells late. Fills are counted from the fills' own rows."""
    wanted = Q(closed_ms__isnull=True) | Q(closed_ms__gte=since_ms)
    mine = Order.objects.filter(wanted, account_id=account_id, shard=shard)
    rows = mine.order_by("pk").prefetch_related("fills")
    return [_kept(row) for row in rows]


def _kept(row: Order) -> KeptOrder:
    fills = list(row.fills.all())
    return KeptOrder(
        place=Place(
            key=IntentKey(row.key),
            market_id=MarketId(row.market_id),
            strategy=Strategy(row.strategy),
            outcome=Outcome(row.outcome),
            side=Side(row.side),
            price=Price(row.price),
            shares=Shares(row.shares),
            kind=OrderKind(row.kind),
            purpose=Purpose(row.purpose),
            decided_ms=Ms(row.decided_ms),
        ),
        order_id=OrderId(row.order_id),
        status=Status.UNKNOWN if row.closed_ms is None else Status(row.status),
        fills=tuple(FillId(fill.fill_id) for fill in fills),
        filled=Shares(sum(fill.shares for fill in fills)),
        amount=Usdc(sum(fill.amount for fill in fills)),
        fee=Usdc(sum(fill.fee for fill in fills)),
        since_ms=Ms(row.moved_ms),
        orphaned_ms=None if row.orphaned_ms is None else Ms(row.orphaned_ms),
    )


def unknown_orders(account_id: int | None = None) -> QuerySet[Order]:
    """Orders nobody answered for, newest first: the operator's queue."""
    return orders(account_id).filter(status=Status.UNKNOWN, closed_ms__isnull=True)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is being done about an order that nobody answered for.

    ``age_ms`` is of the clock, since it became unknown; ``overdue``: a person should look (trading.md 11).
    """

    age_ms: int
    overdue: bool
    doing: str


def waiting_for(order: Order, now: Ms) -> Waiting:
    """Of an order in ``unknown_orders``. It counts fully as exposure all the while."""
    age_ms = max(0, now - order.moved_ms)
    doing = "asked for by its id at the venue; no opening order leaves in this market"
    if order.sent_ms is None:
        doing = "its process ended before it was sent, or just after; asked for by its id at the venue"
    return Waiting(age_ms, age_ms >= UNKNOWN_ALERT_MS, doing)


def wallet_actions(account_id: int | None = None) -> QuerySet[WalletAction]:
    """Merges, redemptions and approvals, newest first."""
    found = WalletAction.objects.order_by("-pk")
    return found if account_id is None else found.filter(account_id=account_id)


def wallet_held(wallet: str) -> WalletLight | None:
    """Who holds a wallet, by its light; ``None`` while nobody does, or Redis does not answer."""
    try:
        return wallet_light.read(wallet)
    except RedisError as error:
        log.warning("wallet's light not read", error=str(error))
        return None


def provisional_fills(account_id: int, *, shard: str) -> dict[FillId, FillStatus]:
    """How far the fills of a shard's orders that may still fail have settled."""
    rows = unsettled_fills(account_id).filter(order__shard=shard).values_list("fill_id", "status")
    return {FillId(fill_id): FillStatus(status) for fill_id, status in rows}


def open_wallet_actions(account_id: int) -> list[WalletAction]:
    """Wallet actions that have not ended, in the order they were planned."""
    return list(WalletAction.objects.filter(account_id=account_id, state__in=UNDER_WAY).order_by("pk"))


def wallet_actions_since(account_id: int, moved_ms: Ms) -> list[WalletAction]:
    """Wallet actions that moved at ``moved_ms`` or later, in the order they did."""
    moved = WalletAction.objects.filter(account_id=account_id, moved_ms__gte=moved_ms)
    return list(moved.order_by("moved_ms", "pk"))


def unbooked_wallet_actions(account_id: int) -> list[WalletAction]:
    """Confirmed ones of which the ledger knows nothing: the process ended between the two."""
    booked = Entry.objects.filter(account_id=account_id, note=OuterRef("action_id"))
    done = WalletAction.objects.filter(account_id=account_id, state=WalletState.CONFIRMED)
    return list(done.filter(~Exists(booked)).exclude(kind=WalletKind.APPROVE).order_by("pk"))


def reversed_fills(account_id: int | None = None) -> QuerySet[Fill]:
    """Fills that failed after they were told, with their orders, newest first: the ledger took them back."""
    return fills(account_id).filter(status=FillStatus.FAILED)
