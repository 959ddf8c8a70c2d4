"""``/api/v1/pnl/by-...``: what was earned, by market, strategy and day. Money is decimal text."""

from collections.abc import Callable
from datetime import date

from django.http import HttpRequest
from ninja import Router, Schema

from core.pnl import DayProfit, Holding, Profit, by
from core.units import Ms, text
from infra import clock
from infra.paging import Id
from risk import selectors as risk
from trading import pnl

router = Router(tags=["trading"])


class EarnedOut(Schema):
    """``provisional``: the part of the total that rests on fills which may still fail. ``fees`` are in it already."""

    realized: str
    unrealized: str
    total: str
    provisional: str
    fees: str


class NamedEarnedOut(EarnedOut):
    """``name``: the market's id or the strategy. ``priced``: false where some of it counts as what it cost."""

    name: str | None
    priced: bool


class EarningsOut(Schema):
    """The items add up to the total."""

    account_id: int
    total: EarnedOut
    items: list[NamedEarnedOut]


class DayOut(Schema):
    """``unrealized`` is the change over the day; ``closed``: it will not change any more, since ``closed_ms``."""

    day: date
    realized: str
    unrealized: str
    total: str
    closed: bool
    closed_ms: int | None


class StretchOut(Schema):
    """A week or a month, from its first to its last day."""

    first: date
    last: date
    realized: str
    unrealized: str
    total: str
    closed: bool


class CellOut(EarnedOut):
    """What one strategy has in one market and earned there; ``cost`` of what it holds."""

    market_id: str
    strategy: str | None
    yes: str
    no: str
    cost: str
    priced: bool


class IdentityOut(Schema):
    """``gap``: cash and inventory at cost, less what was brought in and realized. Other than 0, a line was lost."""

    cash: str
    inventory: str
    deposited: str
    realized: str
    gap: str


class ReportOut(Schema):
    account_id: int
    at_ms: int
    total: EarnedOut
    identity: IdentityOut
    cells: list[CellOut]
    markets: list[NamedEarnedOut]
    strategies: list[NamedEarnedOut]
    days: list[DayOut]
    weeks: list[StretchOut]
    months: list[StretchOut]


class DaysOut(Schema):
    account_id: int
    total: EarnedOut
    items: list[DayOut]


@router.get("/pnl/report", response=ReportOut | None)
def report(request: HttpRequest, account_id: Id | None = None) -> ReportOut | None:
    """Everything that was earned, of one reading: each list adds up to the total. Null before anything was valued."""
    account_id = account_id or risk.account_valued_last()
    if account_id is None or risk.latest_valuation(account_id) is None:
        return None
    found = pnl.report(account_id)
    identity = found.identity
    return ReportOut(
        account_id=account_id,
        at_ms=clock.now_ms(),
        total=_profit(found.total),
        identity=IdentityOut(
            cash=text(identity.cash, 6),
            inventory=text(identity.inventory, 6),
            deposited=text(identity.deposited, 6),
            realized=text(identity.realized, 6),
            gap=text(identity.gap, 6),
        ),
        cells=[_cell(holding) for holding in found.holdings],
        markets=_items(found, lambda holding: holding.market_id),
        strategies=_items(found, lambda holding: holding.strategy),
        days=[_day(each, found.closed_ms.get(each.day)) for each in found.days],
        weeks=[_stretch(each) for each in pnl.weeks(found.days)],
        months=[_stretch(each) for each in pnl.months(found.days)],
    )


@router.get("/pnl/by-market", response=EarningsOut | None)
def by_market(request: HttpRequest, account_id: Id | None = None) -> EarningsOut | None:
    """By market; null before anything was valued. The account valued last unless one is named."""
    return _grouped(account_id, lambda holding: holding.market_id)


@router.get("/pnl/by-strategy", response=EarningsOut | None)
def by_strategy(request: HttpRequest, account_id: Id | None = None) -> EarningsOut | None:
    """By strategy; "external" is what others traded on the wallet."""
    return _grouped(account_id, lambda holding: holding.strategy)


@router.get("/pnl/by-day", response=DaysOut | None)
def by_day(request: HttpRequest, account_id: Id | None = None) -> DaysOut | None:
    """By UTC day, the oldest first; a day is closed by the first valuation of the next."""
    account_id = account_id or risk.account_valued_last()
    if account_id is None:
        return None
    found = pnl.report(account_id)
    return DaysOut(
        account_id=account_id,
        total=_profit(found.total),
        items=[_day(each, found.closed_ms.get(each.day)) for each in found.days],
    )


def _grouped(account_id: int | None, name: Callable[[Holding], str | None]) -> EarningsOut | None:
    account_id = account_id or risk.account_valued_last()
    if account_id is None:
        return None
    found = pnl.report(account_id)
    return EarningsOut(account_id=account_id, total=_profit(found.total), items=_items(found, name))


def _items(found: pnl.Report, name: Callable[[Holding], str | None]) -> list[NamedEarnedOut]:
    unpriced = {name(holding) for holding in found.holdings if not holding.priced}
    return [
        NamedEarnedOut(name=each, priced=each not in unpriced, **_profit(profit).dict())
        for each, profit in by(found.holdings, name).items()
    ]


def _cell(holding: Holding) -> CellOut:
    return CellOut(
        market_id=holding.market_id,
        strategy=holding.strategy,
        yes=text(holding.yes, 6),
        no=text(holding.no, 6),
        cost=text(holding.cost, 6),
        priced=holding.priced,
        **_profit(holding.profit).dict(),
    )


def _day(each: DayProfit, closed_ms: Ms | None) -> DayOut:
    return DayOut(
        day=pnl.day(each.day),
        realized=text(each.realized, 6),
        unrealized=text(each.unrealized, 6),
        total=text(each.total, 6),
        closed=each.closed,
        closed_ms=closed_ms,
    )


def _stretch(each: pnl.Stretch) -> StretchOut:
    return StretchOut(
        first=each.first,
        last=each.last,
        realized=text(each.realized, 6),
        unrealized=text(each.unrealized, 6),
        total=text(each.total, 6),
        closed=each.closed,
    )


def _profit(profit: Profit) -> EarnedOut:
    return EarnedOut(
        realized=text(profit.realized, 6),
        unrealized=text(profit.unrealized, 6),
        total=text(profit.total, 6),
        provisional=text(profit.provisional, 6),
        fees=text(profit.fees, 6),
    )
