"""``/api/v1``: halts, the record, equity and profit; and the console's controls. Money is decimal text."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from core.units import Ms, text
from infra.clock import now_ms, to_ms
from infra.paging import Asked, Page, page
from risk import selectors, services
from risk.models import Audit, Halt, MarketHalt
from risk.people import Actor
from risk.selectors import Profit
from risk.services import HaltCode, MarketHaltCode

router = Router(tags=["risk"])

POINTS_MAX = 2_000
DAY_MS = 86_400_000
Reason = Annotated[str, Field(min_length=1, max_length=300, description="why, for the record")]


class ActedRequest(HttpRequest):
    """A request whose actor is known: ``polyloly_site.api`` lets no other through."""

    auth: Actor


class ReasonIn(Schema):
    reason: Reason


class HaltOut(Schema):
    id: int
    market_id: str | None
    code: str
    detail: str
    by: str
    began_ms: int
    pressed: int
    proven_ms: int | None
    ended_ms: int | None
    ended_by: str | None
    ended_reason: str | None


class AuditOut(Schema):
    id: int
    at_ms: int
    who: str
    role: str
    from_address: str
    what: str
    target: str | None
    outcome: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


class EquityOut(Schema):
    at_ms: int
    equity: str
    profit: str
    low: str
    marked: bool


class ProfitOut(Schema):
    since_ms: int
    total: str
    realized: str
    unrealized: str


class ProfitsOut(Schema):
    account_id: int
    valued_ms: int
    equity: str
    today: ProfitOut | None
    week: ProfitOut | None
    month: ProfitOut | None


class CurveAsked(Schema):
    account_id: int | None = Field(default=None, description="default: the account valued last")
    since_ms: int | None = Field(default=None, description="default: a day before until_ms")
    until_ms: int | None = Field(default=None, description="default: now")
    points: int = Field(default=300, ge=1, le=POINTS_MAX)


@router.get("/control")
def control(request: HttpRequest) -> dict[str, Any]:
    """The halts in force and how far their proof is."""
    return selectors.control()


@router.get("/halts", response=Page[HaltOut])
def halts(request: HttpRequest, asked: Query[Asked]) -> Page[HaltOut]:
    return page(selectors.halt_rows(), asked, _halt)


@router.get("/market-halts", response=Page[HaltOut])
def market_halts(request: HttpRequest, asked: Query[Asked]) -> Page[HaltOut]:
    return page(selectors.market_halt_rows(), asked, _halt)


@router.get("/audit", response=Page[AuditOut])
def audit(request: HttpRequest, asked: Query[Asked]) -> Page[AuditOut]:
    return page(selectors.audit_rows(), asked, _audit)


@router.get("/equity", response=list[EquityOut])
def equity(request: HttpRequest, asked: Query[CurveAsked]) -> list[EquityOut]:
    """The equity curve, oldest first. Empty before the first valuation."""
    account_id = asked.account_id or selectors.account_valued_last()
    if account_id is None:
        return []
    until = Ms(now_ms() if asked.until_ms is None else asked.until_ms)
    since = Ms(until - DAY_MS if asked.since_ms is None else asked.since_ms)
    return [
        EquityOut(
            at_ms=point.at_ms,
            equity=text(point.equity, 6),
            profit=text(point.profit, 6),
            low=text(point.low, 6),
            marked=point.marked,
        )
        for point in selectors.equity_curve(account_id, since=since, until=until, points=asked.points)
    ]


@router.get("/pnl", response=ProfitsOut | None)
def pnl(request: HttpRequest, account_id: int | None = None) -> ProfitsOut | None:
    """Profit today, this week, this month; null before the first valuation."""
    account_id = account_id or selectors.account_valued_last()
    profits = None if account_id is None else selectors.profits(account_id)
    if account_id is None or profits is None:
        return None
    return ProfitsOut(
        account_id=account_id,
        valued_ms=profits.valued_ms,
        equity=text(profits.equity, 6),
        today=_profit(profits.today),
        week=_profit(profits.week),
        month=_profit(profits.month),
    )


@router.post("/halts", response={200: dict[str, Any], 201: dict[str, Any], 202: dict[str, Any]})
def halt(request: ActedRequest, asked: ReasonIn) -> Status[dict[str, object]]:
    """Stop all trading now. 201 the first time, 200 when it was stopped: cancel and proof are repeated.

    202 while the database is away: it is being carried out and recorded later; ``report.unproven`` says what is open.
    """
    made = services.halt_trading(code=HaltCode.MANUAL, detail=asked.reason, by=request.auth, at=now_ms())
    return Status(201 if made.pressed == 1 else 200, selectors.control())


@router.post("/reset")
def reset(request: ActedRequest, asked: ReasonIn) -> dict[str, Any]:
    """End the halt. A risk admin, while the health check passes."""
    services.reset_trading(reason=asked.reason, by=request.auth, at=now_ms())
    return selectors.control()


@router.post("/markets/{market}/halt", response={200: dict[str, Any], 202: dict[str, Any]})
def halt_market(request: ActedRequest, market: str, asked: ReasonIn) -> dict[str, Any]:
    """Stop one market, by id or slug. 202 as for all trading."""
    market_id = services.resolve_market(market)
    services.halt_market(
        market_id=market_id, code=MarketHaltCode.MANUAL, detail=asked.reason, by=request.auth, at=now_ms()
    )
    return selectors.control()


@router.post("/markets/{market}/resume")
def resume_market(request: ActedRequest, market: str, asked: ReasonIn) -> dict[str, Any]:
    """End the halt of one market, and its open breaker, by id or slug."""
    market_id = services.resolve_market(market)
    services.resume_market(market_id=market_id, reason=asked.reason, by=request.auth, at=now_ms())
    return selectors.control()


def _halt(row: Halt | MarketHalt) -> HaltOut:
    proven = getattr(row, "proven", None)
    return HaltOut(
        id=row.pk,
        market_id=row.market_id if isinstance(row, MarketHalt) else None,
        code=row.code,
        detail=row.detail,
        by=row.by_name,
        began_ms=to_ms(row.began),
        pressed=row.pressed,
        proven_ms=None if proven is None else to_ms(proven),
        ended_ms=None if row.ended is None else to_ms(row.ended),
        ended_by=row.ended_by_name,
        ended_reason=row.ended_reason,
    )


def _audit(row: Audit) -> AuditOut:
    return AuditOut(
        id=row.pk,
        at_ms=to_ms(row.at),
        who=row.who,
        role=row.role,
        from_address=row.from_address,
        what=row.what,
        target=row.target,
        outcome=row.outcome,
        reason=row.reason,
        before=row.before,
        after=row.after,
    )


def _profit(profit: Profit | None) -> ProfitOut | None:
    if profit is None:
        return None
    return ProfitOut(
        since_ms=profit.since_ms,
        total=text(profit.total, 6),
        realized=text(profit.realized, 6),
        unrealized=text(profit.unrealized, 6),
    )
