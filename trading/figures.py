"""What Prometheus sees of the board: exposure by market. Read anew for each scrape."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from infra import metrics
from trading import selectors

MARKET: Final = "market:"


def register() -> None:
    """Called once, when the app is ready."""
    metrics.register_reader("trading", read)


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
