"""``/api/v1``: accounts, orders, fills, wallet actions, ledger entries, decisions, positions.

Reads only; money is decimal text.
"""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from core.units import text
from infra import clock
from infra.paging import Asked, Id, Page, page
from trading import selectors
from trading.models import Account, Decision, Entry, Fill, Order, StepFailure, WalletAction

router = Router(tags=["trading"])


class RowsAsked(Asked):
    account_id: Id | None = None
    market_id: str | None = Field(default=None, max_length=100)


class OrdersAsked(RowsAsked):
    open: bool | None = Field(default=None, description="true: may still trade; false: may not")
    status: str | None = Field(default=None, description='such as "live", "unknown", "matched"')


class FillsAsked(RowsAsked):
    status: str | None = Field(
        default=None,
        description='how far it has settled: "matched", "mined", "confirmed", "retrying", "failed"',
    )


class ActionsAsked(RowsAsked):
    state: str | None = Field(
        default=None, description='"planned", "submitted", "confirmed", "failed" or "unknown"'
    )


class EntriesAsked(RowsAsked):
    strategy: str | None = Field(default=None, description='such as "pair_arb", "external"')
    day: date | None = Field(default=None, description="UTC, such as 2026-10-20")
    since: date | None = Field(default=None, description="first UTC day")
    until: date | None = Field(default=None, description="last UTC day")


class AccountOut(Schema):
    id: int
    mode: str
    name: str
    start_cash: str
    opened_ms: int


class OrderOut(Schema):
    id: int
    account_id: int
    key: str
    order_id: str
    market_id: str
    strategy: str
    outcome: str
    side: str
    price: str
    shares: str
    filled: str
    kind: str
    purpose: str
    status: str
    reason: str | None
    decided_ms: int
    written_ms: int
    sent_ms: int | None
    moved_ms: int
    closed_ms: int | None
    shard: str


class UnknownOrderOut(OrderOut):
    """``age_ms``: since nobody answered; ``overdue``: a person should look."""

    age_ms: int
    overdue: bool
    doing: str


class WalletActionOut(Schema):
    """``received`` is null until it is confirmed, ``transaction_id`` until the relayer has it."""

    id: int
    account_id: int
    action_id: str
    market_id: str | None
    kind: str
    yes: str
    no: str
    payout: str | None
    state: str
    nonce: str | None
    transaction_id: str | None
    tx_hash: str | None
    received: str | None
    reason: str | None
    planned_ms: int
    moved_ms: int


class FillOut(Schema):
    id: int
    account_id: int
    fill_id: str
    key: str
    market_id: str
    outcome: str
    side: str
    shares: str
    amount: str
    fee: str
    price: str
    status: str
    evidence: str
    said_ms: int
    heard_ms: int


class EntryOut(Schema):
    id: int
    account_id: int
    market_id: str | None
    strategy: str | None
    kind: str
    outcome: str | None
    shares: str
    usdc: str
    fill_id: str | None
    at_ms: int
    note: str | None


class DecisionOut(Schema):
    id: int
    account_id: int
    market_id: str
    strategy: str
    sequence: int
    at_ms: int
    verdict: str
    gate: str | None
    gates: list[dict[str, Any]]
    intents: list[str]


class PositionOut(Schema):
    market_id: str
    yes: str
    no: str
    usdc: str


class FailureOut(Schema):
    id: int
    account_id: int
    market_id: str
    at_ms: int
    event: dict[str, Any]
    error: str


@router.get("/accounts", response=list[AccountOut])
def accounts(request: HttpRequest) -> list[AccountOut]:
    return [_account(row) for row in selectors.accounts()]


@router.get("/orders", response=Page[OrderOut])
def orders(request: HttpRequest, asked: Query[OrdersAsked]) -> Page[OrderOut]:
    rows = selectors.orders()
    if asked.open is not None:
        rows = rows.filter(closed_ms__isnull=asked.open)
    if asked.status is not None:
        rows = rows.filter(status=asked.status)
    return page(_narrowed(rows, asked), asked, _order)


@router.get("/unknown-orders", response=Page[UnknownOrderOut])
def unknown_orders(request: HttpRequest, asked: Query[RowsAsked]) -> Page[UnknownOrderOut]:
    """Orders nobody answered for. They count fully as exposure until the venue was asked for each by its id."""
    return page(_narrowed(selectors.unknown_orders(), asked), asked, _unknown)


@router.get("/wallet-actions", response=Page[WalletActionOut])
def wallet_actions(request: HttpRequest, asked: Query[ActionsAsked]) -> Page[WalletActionOut]:
    """Merges, redemptions and approvals. None of them is ever submitted twice."""
    rows = selectors.wallet_actions()
    if asked.state is not None:
        rows = rows.filter(state=asked.state)
    return page(_narrowed(rows, asked), asked, _wallet_action)


@router.get("/fills", response=Page[FillOut])
def fills(request: HttpRequest, asked: Query[FillsAsked]) -> Page[FillOut]:
    """A fill is final once it is ``confirmed``; a ``failed`` one was reversed in the ledger."""
    rows = selectors.fills()
    if asked.status is not None:
        rows = rows.filter(status=asked.status)
    return page(_narrowed(rows, asked), asked, _fill)


@router.get("/entries", response=Page[EntryOut])
def entries(request: HttpRequest, asked: Query[EntriesAsked]) -> Page[EntryOut]:
    """The lines that every figure of profit is a sum of."""
    rows = selectors.entries()
    if asked.strategy is not None:
        rows = rows.filter(strategy=asked.strategy)
    since, until = (asked.day, asked.day) if asked.day is not None else (asked.since, asked.until)
    return page(_narrowed(selectors.entries_within(rows, since, until), asked), asked, _entry)


@router.get("/decisions", response=Page[DecisionOut])
def decisions(request: HttpRequest, asked: Query[RowsAsked]) -> Page[DecisionOut]:
    return page(_narrowed(selectors.decisions(), asked), asked, _decision)


@router.get("/failures", response=Page[FailureOut])
def failures(request: HttpRequest, asked: Query[RowsAsked]) -> Page[FailureOut]:
    """Events the engine could not digest, kept for replay."""
    return page(_narrowed(selectors.failures(), asked), asked, _failure)


@router.get("/positions", response=list[PositionOut])
def positions(request: HttpRequest, account_id: Id) -> list[PositionOut]:
    """Markets in which the account holds shares, by the ledger."""
    return [
        PositionOut(
            market_id=held.market_id, yes=text(held.yes, 6), no=text(held.no, 6), usdc=text(held.usdc, 6)
        )
        for held in selectors.open_positions(account_id)
    ]


def _narrowed(rows: "QuerySet[Any]", asked: RowsAsked) -> "QuerySet[Any]":
    if asked.account_id is not None:
        rows = rows.filter(account_id=asked.account_id)
    if asked.market_id is not None:
        rows = rows.filter(market_id=asked.market_id)
    return rows


def _account(row: Account) -> AccountOut:
    return AccountOut(
        id=row.pk, mode=row.mode, name=row.name, start_cash=text(row.start_cash, 6), opened_ms=row.opened_ms
    )


def _order(row: Order) -> OrderOut:
    return OrderOut(
        id=row.pk,
        account_id=row.account_id,
        key=row.key,
        order_id=row.order_id,
        market_id=row.market_id,
        strategy=row.strategy,
        outcome=row.outcome,
        side=row.side,
        price=text(row.price, 4),
        shares=text(row.shares, 6),
        filled=text(row.filled, 6),
        kind=row.kind,
        purpose=row.purpose,
        status=row.status,
        reason=row.reason,
        decided_ms=row.decided_ms,
        written_ms=row.written_ms,
        sent_ms=row.sent_ms,
        moved_ms=row.moved_ms,
        closed_ms=row.closed_ms,
        shard=row.shard,
    )


def _unknown(row: Order) -> UnknownOrderOut:
    waiting = selectors.waiting_for(row, clock.now_ms())
    return UnknownOrderOut(
        **_order(row).dict(), age_ms=waiting.age_ms, overdue=waiting.overdue, doing=waiting.doing
    )


def _wallet_action(row: WalletAction) -> WalletActionOut:
    return WalletActionOut(
        id=row.pk,
        account_id=row.account_id,
        action_id=row.action_id,
        market_id=row.market_id,
        kind=row.kind,
        yes=text(row.yes, 6),
        no=text(row.no, 6),
        payout=None if row.payout is None else text(row.payout, 4),
        state=row.state,
        nonce=row.nonce,
        transaction_id=row.transaction_id,
        tx_hash=row.tx_hash,
        received=None if row.received is None else text(row.received, 6),
        reason=row.reason,
        planned_ms=row.planned_ms,
        moved_ms=row.moved_ms,
    )


def _fill(row: Fill) -> FillOut:
    return FillOut(
        id=row.pk,
        account_id=row.account_id,
        fill_id=row.fill_id,
        key=str(row.order_id),
        market_id=row.market_id,
        outcome=row.outcome,
        side=row.side,
        shares=text(row.shares, 6),
        amount=text(row.amount, 6),
        fee=text(row.fee, 6),
        price=row.price,
        status=row.status,
        evidence=row.evidence,
        said_ms=row.said_ms,
        heard_ms=row.heard_ms,
    )


def _entry(row: Entry) -> EntryOut:
    return EntryOut(
        id=row.pk,
        account_id=row.account_id,
        market_id=row.market_id,
        strategy=row.strategy,
        kind=row.kind,
        outcome=row.outcome,
        shares=text(row.shares, 6),
        usdc=text(row.usdc, 6),
        fill_id=None if row.fill_id is None else str(row.fill_id),
        at_ms=row.at_ms,
        note=row.note,
    )


def _decision(row: Decision) -> DecisionOut:
    return DecisionOut(
        id=row.pk,
        account_id=row.account_id,
        market_id=row.market_id,
        strategy=row.strategy,
        sequence=row.sequence,
        at_ms=row.at_ms,
        verdict=row.verdict,
        gate=row.gate,
        gates=row.gates,
        intents=row.intents,
    )


def _failure(row: StepFailure) -> FailureOut:
    return FailureOut(
        id=row.pk,
        account_id=row.account_id,
        market_id=row.market_id,
        at_ms=row.at_ms,
        event=row.event,
        error=row.error,
    )
