"""``/api/v1``: the equity curve and profit so far. Money is decimal text."""

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from core.units import Ms, text
from infra.clock import now_ms
from infra.paging import Id, Moment
from risk import selectors
from risk.selectors import Profit

router = Router(tags=["risk"])

POINTS_MAX = 2_000
DAY_MS = 86_400_000


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
    account_id: Id | None = Field(default=None, description="default: the account valued last")
    since_ms: Moment | None = Field(default=None, description="default: a day before until_ms")
    until_ms: Moment | None = Field(default=None, description="default: now")
    points: int = Field(default=300, ge=1, le=POINTS_MAX)


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
def pnl(request: HttpRequest, account_id: Id | None = None) -> ProfitsOut | None:
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


def _profit(profit: Profit | None) -> ProfitOut | None:
    if profit is None:
        return None
    return ProfitOut(
        since_ms=profit.since_ms,
        total=text(profit.total, 6),
        realized=text(profit.realized, 6),
        unrealized=text(profit.unrealized, 6),
    )
