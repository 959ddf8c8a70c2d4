"""What an account earned, by market, strategy and day: ``core.pnl`` over its rows.

Reads every entry of the account: for a page or a report, not for a loop. All that is said in one answer is of one
reading, so that it adds up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Final

from core import pnl
from core.ids import MarketId, Outcome, Side, Strategy
from core.units import Ms, Price, Shares, Usdc
from core.valuation import Mark as Worth
from infra import clock
from infra.reading import one_reading
from risk import selectors as risk
from trading import selectors
from trading.models import Fill, Mark

EPOCH: Final = date(1970, 1, 1)
MARKED: Final = ("yes", "no", "worth", "sure", "payout", "at_ms")


@dataclass(frozen=True, slots=True)
class Report:
    """``identity.gap`` is 0 as long as no line was lost. ``closed_ms``: when each day that is over was closed."""

    holdings: tuple[pnl.Holding, ...]
    days: tuple[pnl.DayProfit, ...]
    total: pnl.Profit
    identity: pnl.Identity
    closed_ms: Mapping[int, Ms]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the days of one week or month brought. ``closed``: it will not change any more."""

    first: date
    last: date
    realized: Usdc
    unrealized: Usdc
    closed: bool

    @property
    def total(self) -> Usdc:
        return Usdc(self.realized + self.unrealized)


def report(account_id: int) -> Report:
    """Everything the account earned, as of now."""
    books = pnl.Books()
    with one_reading():
        for entry in selectors.ledger_entries(account_id):
            books.book(entry, entry.at_ms // pnl.DAY_MS)
        worths, doubtful = marks(account_id), unsure(account_id)
        closings, today = closed_days(account_id)
        closed = closed_at(account_id)
    holdings = books.holdings(worths, doubtful)
    total = pnl.total(holdings)
    days = tuple(pnl.days(closings, today, total))
    return Report(tuple(holdings), days, total, books.identity(), closed)


def closed_at(account_id: int) -> dict[int, Ms]:
    """When each day that is over was closed: at the first valuation of the next one that was valued."""
    return {_number(start.day): Ms(end.at_ms) for start, end in pairwise(risk.day_starts(account_id))}


def weeks(days: Sequence[pnl.DayProfit]) -> list[Stretch]:
    """From Monday to Sunday, UTC; the oldest first."""
    return _stretches(days, lambda on: on - timedelta(days=on.weekday()), timedelta(days=6))


def months(days: Sequence[pnl.DayProfit]) -> list[Stretch]:
    """By calendar, UTC; the oldest first."""
    return _stretches(days, lambda on: on.replace(day=1), None)


def _stretches(
    days: Sequence[pnl.DayProfit], first_of: Callable[[date], date], more: timedelta | None
) -> list[Stretch]:
    found = []
    for first, group in groupby(days, key=lambda each: first_of(day(each.day))):
        within = list(group)
        last = first + more if more is not None else _last_of_month(first)
        found.append(
            Stretch(
                first,
                last,
                Usdc(sum(each.realized for each in within)),
                Usdc(sum(each.unrealized for each in within)),
                # A later day says that the stretch is over, if nobody valued its last one.
                closed=within[-1].closed,
            )
        )
    return found


def _last_of_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def closed_days(account_id: int) -> tuple[Sequence[pnl.Closing], int]:
    """The days that are over, each closed by the first valuation of the next, and the day that is open."""
    starts = list(risk.day_starts(account_id))
    if not starts:
        return (), clock.now_ms() // pnl.DAY_MS
    closings = [
        pnl.Closing(_number(start.day), Usdc(end.realized), Usdc(end.equity - end.deposited))
        for start, end in pairwise(starts)
    ]
    return closings, _number(starts[-1].day)


def marks(account_id: int) -> dict[MarketId, Worth]:
    return {
        MarketId(row.market_id): Worth(
            MarketId(row.market_id),
            Shares(row.yes),
            Shares(row.no),
            None if row.worth is None else Usdc(row.worth),
            sure=row.sure,
            payout=None if row.payout is None else Price(row.payout),
            at_ms=Ms(row.at_ms),
        )
        for row in Mark.objects.filter(account_id=account_id)
    }


def unsure(account_id: int) -> list[pnl.Unsure]:
    """Fills that may still fail."""
    return [_unsure(fill) for fill in selectors.unsettled_fills(account_id)]


def _unsure(fill: Fill) -> pnl.Unsure:
    bought = fill.side == Side.BUY
    return pnl.Unsure(
        (MarketId(fill.market_id), Strategy(fill.order.strategy)),
        Outcome(fill.outcome),
        Shares(fill.shares if bought else -fill.shares),
        Usdc((-fill.amount if bought else fill.amount) - fill.fee),
    )


def keep_marks(account_id: int, worths: Sequence[Worth]) -> None:
    """Keep what each market's shares are worth now, instead of what was kept before."""
    rows = [
        Mark(
            account_id=account_id,
            market_id=worth.market_id,
            yes=worth.yes,
            no=worth.no,
            worth=worth.worth,
            sure=worth.sure,
            payout=worth.payout,
            at_ms=worth.at_ms,
        )
        for worth in worths
    ]
    Mark.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["account", "market_id"], update_fields=MARKED
    )


def day(number: int) -> date:
    """The date of a day counted from 1970-01-01."""
    return EPOCH + timedelta(days=number)


def _number(on: date) -> int:
    return (on - EPOCH).days
