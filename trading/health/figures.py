"""What Prometheus sees of the board and of the ledger: exposure by market, profit by strategy. Read for each scrape."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from core.ids import Strategy
from core.pnl import DAY_MS, Books, Profit, by
from infra import clock, metrics
from infra.reading import one_reading
from risk import selectors as risk
from trading import pnl, selectors

MARKET: Final = "market:"
MICRO: Final = 1_000_000
EVER: Final = "ever"  # the period since the account began


def register() -> None:
    """Called once, when the app is ready."""
    metrics.register_reader("trading", read)
    metrics.register_reader("profit", read_profit)


def read() -> Iterator[Metric]:
    """What the worse outcome would cost in each market; nothing while the trader does not publish."""
    board = selectors.board()
    if board is None:
        return
    exposure = GaugeMetricFamily(
        "polyloly_exposure_usdc", "What the worse outcome would cost.", labels=["market"]
    )
    for key, row in board.rows.items():
        if key.startswith(MARKET) and row.get("pair") is not None:
            worst = Decimal(row["pair"]["worst_case"])
            exposure.add_metric([key.removeprefix(MARKET)], float(max(Decimal(0), -worst)))
    yield exposure


def read_profit() -> Iterator[Metric]:
    """By strategy: realized of the day, the week and the month so far, and everything since the account began.

    What the shares of one strategy were worth when a period began is not kept: there is no unrealized of a period.
    """
    account_id = risk.account_valued_last()
    if account_id is None:
        return
    told = GaugeMetricFamily(
        "polyloly_pnl_usdc", "Profit of a period so far.", labels=["period", "strategy", "kind"]
    )
    with one_reading(), folded.of(account_id) as books:
        holdings = books.holdings(pnl.marks(account_id), pnl.unsure(account_id))
        for period, first in _periods(clock.now_ms() // DAY_MS).items():
            for strategy, realized in books.realized_since(first).items():
                told.add_metric([period, _name(strategy), "realized"], realized / MICRO)
    for strategy, profit in by(holdings, lambda holding: holding.strategy).items():
        for kind, amount in _kinds(profit).items():
            told.add_metric([EVER, _name(strategy), kind], amount / MICRO)
    yield told


def _periods(today: int) -> dict[str, int]:
    """The first day of each, counted from 1970-01-01: weeks from Monday, months by calendar."""
    on = pnl.day(today)
    return {"day": today, "week": today - on.weekday(), "month": today - on.day + 1}


def _kinds(profit: Profit) -> dict[str, int]:
    return {
        "total": profit.total,
        "realized": profit.realized,
        "unrealized": profit.unrealized,
        "provisional": profit.provisional,
    }


def _name(strategy: Strategy | None) -> str:
    return "none" if strategy is None else strategy.value


class Folded:
    """One account's entries, folded once and carried on with each scrape: a year of them is not read every 15 s."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._account_id: int | None = None
        self._last = 0
        self._books = Books()

    @contextmanager
    def of(self, account_id: int) -> Iterator[Books]:
        """As of now. Read anew from the first line where one came late, with a lower number than one read before."""
        with self._lock:
            if account_id != self._account_id:
                self._begin(account_id)
            self._carry_on(account_id)
            if selectors.entries(account_id).count() != self._books.entries:
                self._begin(account_id)
                self._carry_on(account_id)
            yield self._books

    def _begin(self, account_id: int) -> None:
        self._account_id, self._last, self._books = account_id, 0, Books()

    def _carry_on(self, account_id: int) -> None:
        rows = selectors.entries(account_id).filter(pk__gt=self._last).order_by("pk")
        for row in rows.iterator(selectors.ROWS_AT_ONCE):
            (entry,) = selectors.as_ledger([row])
            self._books.book(entry, entry.at_ms // DAY_MS)
            self._last = row.pk


folded: Final = Folded()
