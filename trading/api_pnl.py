"""``/api/v1/pnl/by-...``: what was earned, by market, strategy and day. Money is decimal text."""

from collections.abc import Callable
from datetime import date

from django.http import HttpRequest
from ninja import Router, Schema

from core.pnl import Holding, Profit, by
from core.units import text
from risk import selectors as risk
from trading import pnl

router = Router(tags=["trading"])


class ProfitOut(Schema):
    """``provisional``: the part of the total that rests on fills which may still fail. ``fees`` are in it already."""

    realized: str
    unrealized: str
    total: str
    provisional: str
    fees: str


class NamedProfitOut(ProfitOut):
    """``name``: the market's id or the strategy. ``priced``: false where some of it counts as what it cost."""

    name: str | None
    priced: bool


class ProfitsOut(Schema):
    """The items add up to the total."""

    account_id: int
    total: ProfitOut
    items: list[NamedProfitOut]


class DayOut(Schema):
    """``unrealized`` is the change over the day; ``closed``: it will not change any more."""

    day: date
    realized: str
    unrealized: str
    total: str
    closed: bool


class DaysOut(Schema):
    account_id: int
    total: ProfitOut
    items: list[DayOut]


@router.get("/pnl/by-market", response=ProfitsOut | None)
def by_market(request: HttpRequest, account_id: int | None = None) -> ProfitsOut | None:
    """By market; null before anything was valued. The account valued last unless one is named."""
    return _grouped(account_id, lambda holding: holding.market_id)


@router.get("/pnl/by-strategy", response=ProfitsOut | None)
def by_strategy(request: HttpRequest, account_id: int | None = None) -> ProfitsOut | None:
    """By strategy; "external" is what others traded on the wallet."""
    return _grouped(account_id, lambda holding: holding.strategy)


@router.get("/pnl/by-day", response=DaysOut | None)
def by_day(request: HttpRequest, account_id: int | None = None) -> DaysOut | None:
    """By UTC day, the oldest first; a day is closed by the first valuation of the next."""
    account_id = account_id or risk.account_valued_last()
    if account_id is None:
        return None
    found = pnl.report(account_id)
    return DaysOut(
        account_id=account_id,
        total=_profit(found.total),
        items=[
            DayOut(
                day=pnl.day(each.day),
                realized=text(each.realized, 6),
                unrealized=text(each.unrealized, 6),
                total=text(each.total, 6),
                closed=each.closed,
            )
            for each in found.days
        ],
    )


def _grouped(account_id: int | None, name: Callable[[Holding], str | None]) -> ProfitsOut | None:
    account_id = account_id or risk.account_valued_last()
    if account_id is None:
        return None
    found = pnl.report(account_id)
    unpriced = {name(holding) for holding in found.holdings if not holding.priced}
    items = [
        NamedProfitOut(name=each, priced=each not in unpriced, **_profit(profit).dict())
        for each, profit in by(found.holdings, name).items()
    ]
    return ProfitsOut(account_id=account_id, total=_profit(found.total), items=items)


def _profit(profit: Profit) -> ProfitOut:
    return ProfitOut(
        realized=text(profit.realized, 6),
        unrealized=text(profit.unrealized, 6),
        total=text(profit.total, 6),
        provisional=text(profit.provisional, 6),
        fees=text(profit.fees, 6),
    )
