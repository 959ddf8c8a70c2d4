"""What Prometheus sees of risk's rows: the kill switch, P&L, exposure. Read anew for each scrape."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from infra import metrics
from risk import selectors
from risk.selectors import Profits

MICRO: Final = 1_000_000


def register() -> None:
    """Called once, when the app is ready."""
    metrics.register_reader("risk", read)


def read() -> Iterator[Metric]:
    """The switches always; money only once an account was valued: an unknown is left out, never 0."""
    yield from _switches()
    account_id = selectors.account_valued_last()
    if account_id is None:
        return
    newest = selectors.latest_valuation(account_id)
    if newest is not None:
        equity = GaugeMetricFamily("polyloly_equity_usdc", "What the account is worth.")
        equity.add_metric([], newest.equity / MICRO)
        exposure = GaugeMetricFamily("polyloly_total_exposure_usdc", "What can be lost, all markets.")
        exposure.add_metric([], newest.exposure / MICRO)
        yield equity
        yield exposure
    profits = selectors.profits(account_id)
    if profits is not None:
        yield from _profits(profits)


def _switches() -> Iterator[Metric]:
    halt = selectors.halt_in_force()
    switch = GaugeMetricFamily("polyloly_kill_switch_active", "1 while all trading is halted.")
    switch.add_metric([], 0 if halt is None else 1)
    yield switch
    markets = GaugeMetricFamily("polyloly_halted_markets", "Markets halted one by one.")
    markets.add_metric([], len(selectors.market_halts()))
    yield markets


def _profits(profits: Profits) -> Iterator[Metric]:
    pnl = GaugeMetricFamily(
        "polyloly_pnl_usdc", "Profit of a period so far.", labels=["period", "strategy", "kind"]
    )
    periods = {"day": profits.today, "week": profits.week, "month": profits.month}
    for period, profit in periods.items():
        if profit is None:
            continue
        pnl.add_metric([period, "all", "total"], profit.total / MICRO)
        pnl.add_metric([period, "all", "realized"], profit.realized / MICRO)
        pnl.add_metric([period, "all", "unrealized"], profit.unrealized / MICRO)
    yield pnl
    if profits.today is not None:
        daily = GaugeMetricFamily("polyloly_daily_pnl", "Profit since 00:00 UTC, USDC.")
        daily.add_metric([], profits.today.total / MICRO)
        yield daily
