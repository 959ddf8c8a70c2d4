"""``/api/v1``: accounts, orders, fills, ledger entries, decisions, positions. Reads only; money is decimal text."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from core.units import text
from infra.paging import Asked, Page, page
from trading import selectors
from trading.models import Account, Decision, Entry, Fill, Order, StepFailure

router = Router(tags=["trading"])


class RowsAsked(Asked):
    account_id: int | None = None
    market_id: str | None = Field(default=None, max_length=100)


class OrdersAsked(RowsAsked):
    open: bool | None = Field(default=None, description="true: may still trade; false: may not")
    status: str | None = None


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


@router.get("/fills", response=Page[FillOut])
def fills(request: HttpRequest, asked: Query[RowsAsked]) -> Page[FillOut]:
    return page(_narrowed(selectors.fills(), asked), asked, _fill)


@router.get("/entries", response=Page[EntryOut])
def entries(request: HttpRequest, asked: Query[RowsAsked]) -> Page[EntryOut]:
    return page(_narrowed(selectors.entries(), asked), asked, _entry)


@router.get("/decisions", response=Page[DecisionOut])
def decisions(request: HttpRequest, asked: Query[RowsAsked]) -> Page[DecisionOut]:
    return page(_narrowed(selectors.decisions(), asked), asked, _decision)


@router.get("/failures", response=Page[FailureOut])
def failures(request: HttpRequest, asked: Query[RowsAsked]) -> Page[FailureOut]:
    """Events the engine could not digest, kept for replay."""
    return page(_narrowed(selectors.failures(), asked), asked, _failure)


@router.get("/positions", response=list[PositionOut])
def positions(request: HttpRequest, account_id: int) -> list[PositionOut]:
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
