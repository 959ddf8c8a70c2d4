"""Everything that product.md 8 lists is in the text that Prometheus reads, under its name, with its labels."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from core.units import Shares, shares, usdc
from core.valuation import Mark as Worth
from infra import metrics
from infra import redis as infra_redis
from tests.risk.conftest import value
from tests.trading.conftest import MARKET, NOON
from tests.trading.conftest import fence as fence
from tests.trading.reconcile.conftest import Books
from tests.trading.reconcile.conftest import books as books
from trading import pnl
from trading.health import figures
from trading.models import Entry
from trading.selectors import BOARD_KEY

LISTED = {
    "polyloly_daily_pnl": set(),
    "polyloly_kill_switch_active": set(),
    "polyloly_ws_reconnects_total": {"source"},
    "polyloly_reconcile_mismatch_count": set(),
    "polyloly_order_latency_seconds": set(),
    "polyloly_circuit_breaker_trips_total": {"market"},
    "polyloly_event_bus_depth": set(),
    "polyloly_orders_total": {"status", "strategy"},
    "polyloly_fills_total": {"evidence", "strategy"},
    "polyloly_exposure_usdc": {"market"},
    "polyloly_pnl_usdc": {"period", "strategy", "kind"},
    "polyloly_source_age_seconds": {"source"},
    "polyloly_book_trust_seconds_total": {"state"},
    "polyloly_phantom_pairs_total": set(),
    "polyloly_decision_latency_seconds": set(),
}


@pytest.mark.django_db
def test_everything_listed_is_exported_under_its_name_with_its_labels(
    client: Client, redis: Redis, books: Callable[..., Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "folded", figures.Folded())
    here = books()
    here.run()
    value("9998", at=NOON, account_id=here.account.pk)
    board = {"epoch": 1, "seq": 1, "rows": {f"market:{MARKET}": {"pair": {"worst_case": "-4.8"}}}}
    infra_redis.client(infra_redis.Db.BOARD).set(BOARD_KEY, json.dumps(board))

    text = client.get("/metrics", SERVER_NAME="127.0.0.1").content + generate_latest(metrics.REGISTRY)

    missing = {name: labels for name, labels in LISTED.items() if not exported(text.decode(), name, labels)}
    assert missing == {}


def exported(text: str, name: str, labels: set[str]) -> bool:
    """By its samples; a counter that nothing was counted by yet, by how it is made."""
    samples = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in {name, f"{name}_count"}
    ]
    if samples:
        return all(labels <= set(sample.labels) for sample in samples)
    made = {told: each for each, names in metrics.REGISTRY._collector_to_names.items() for told in names}
    return name in made and labels <= set(made[name]._labelnames)  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_profit_is_told_by_strategy_and_carried_on(
    books: Callable[..., Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "folded", figures.Folded())
    here = books()
    value("9998", at=NOON, account_id=here.account.pk)
    pnl.keep_marks(here.account.pk, [a_worth("10", "5")])
    assert told()["ever", "pair_arb", "unrealized"] == pytest.approx(0.2)

    sell(here, shares("4"), usdc("2.4"))

    assert told()["month", "pair_arb", "realized"] == pytest.approx(0.48)
    assert told()["ever", "pair_arb", "realized"] == pytest.approx(0.48)
    assert told() == told(), "what was read is not counted again"


def told() -> dict[tuple[str, str, str], float]:
    (family,) = figures.read_profit()
    return {
        (sample.labels["period"], sample.labels["strategy"], sample.labels["kind"]): sample.value
        for sample in family.samples
    }


def a_worth(yes: str, worth: str) -> Worth:
    return Worth(MARKET, shares(yes), Shares(0), usdc(worth), sure=True, payout=None, at_ms=NOON)


def sell(here: Books, sold: Shares, received: int) -> None:
    Entry.objects.create(
        account=here.account,
        writer="shard:0:2",
        sequence=1,
        market_id=MARKET,
        strategy="pair_arb",
        kind="sell",
        outcome="yes",
        shares=-sold,
        usdc=received,
        at_ms=here.now,
    )
