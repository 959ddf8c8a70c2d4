"""What Prometheus sees of the kill switch and of the account."""

import pytest

from core.units import Ms
from infra import metrics
from risk import figures
from tests.risk.conftest import NOON, halt, value

pytestmark = pytest.mark.django_db


def scraped() -> dict[str, float]:
    families = metrics.joined(figures.read())
    return {
        f"{sample.name}{sorted(sample.labels.items()) if sample.labels else ''}": sample.value
        for family in families
        for sample in family.samples
    }


def test_the_kill_switch_is_told_always_and_money_only_when_known() -> None:
    assert scraped() == {"polyloly_kill_switch_active": 0, "polyloly_halted_markets": 0}

    halt()

    assert scraped()["polyloly_kill_switch_active"] == 1


def test_profit_is_told_in_usdc() -> None:
    value("10000", at=NOON)
    value("9987.25", at=Ms(NOON + 1000), realized="3")

    told = scraped()

    assert told["polyloly_daily_pnl"] == -12.75
    assert told["polyloly_equity_usdc"] == 9987.25
    by_kind = {name: amount for name, amount in told.items() if "'day'" in name}
    assert sorted(by_kind.values()) == [-12.75, 0, 3]
