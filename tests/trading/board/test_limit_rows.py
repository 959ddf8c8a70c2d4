"""How near the engine is to each limit: of a limit of single markets the nearest one is named; unknown is no zero."""

from typing import Any

import pytest

from core.units import Ms
from risk.limits.fields import UNITS
from tests.builders import MARKET, OTHER
from tests.trading.stages import Stage
from trading.board.limit_rows import limits_row, next_turn, times_row
from trading.gateways.paper import PaperGateway
from trading.shard.setup import paper_venue

HOUR_MS = 3_600_000
SATURDAY_NOON = Ms(1_761_998_400_000)  # 2025-11-01 12:00:00 UTC


@pytest.fixture
def stage() -> Stage:
    """Two markets with quotes."""
    made = Stage(PaperGateway(paper_venue(Stage().engine.ledger)))
    for market in (MARKET, OTHER):
        made.list_market(market)
        made.book(market)
    made.runner.pass_time(Ms(made.runner.now_ms + 1_000))
    return made


def uses(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = limits_row(stage.engine, stage.runner.now_ms)["uses"]
    return found


def test_every_name_is_one_that_people_agree_on(stage: Stage) -> None:
    assert set(uses(stage)) <= set(UNITS)


def test_what_quotes_could_lose_counts_as_used_in_market_group_and_all(stage: Stage) -> None:
    found = uses(stage)

    market, group, total = (
        float(found[name]["used"]) for name in ("market_exposure", "group_exposure", "total_exposure")
    )
    assert 0 < market <= group <= total
    assert found["market_exposure"]["market_id"] in (MARKET, OTHER)
    assert found["group_exposure"]["short"]


def test_the_market_that_uses_most_is_named() -> None:
    stage = Stage(PaperGateway(paper_venue(Stage().engine.ledger)))
    stage.list_market(MARKET)
    stage.list_market(OTHER)
    stage.book(OTHER)
    stage.runner.pass_time(Ms(stage.runner.now_ms + 1_000))

    found = uses(stage)

    names = ("leg_imbalance_shares", "open_orders", "market_exposure")
    assert {found[name]["market_id"] for name in names} == {OTHER}


def test_without_a_market_nothing_is_used_and_what_nobody_measured_is_unknown() -> None:
    found = uses(Stage())

    assert (found["market_exposure"]["used"], found["open_orders"]["used"]) == ("0", "0")
    assert found["market_exposure"]["market_id"] is None
    assert found["calm_mid_range"]["used"] is None
    assert found["clock_skew_ms"]["used"] is None


def test_orders_of_the_last_second_only_are_counted(stage: Stage) -> None:
    stage.runner.pass_time(Ms(stage.runner.now_ms + 5_000))

    assert uses(stage)["orders_per_second"]["used"] == "0"


@pytest.mark.parametrize(
    ("hour", "peak", "turns_in_h"),
    [(12, False, 2), (14, True, 2), (16, False, 4), (21, True, 1), (23, False, 15)],
)
def test_peak_hours_say_when_they_turn(hour: int, peak: bool, turns_in_h: int) -> None:
    now = Ms(SATURDAY_NOON + (hour - 12) * HOUR_MS)
    row = times_row(Stage().engine, now)

    assert row["peak"] is peak
    assert next_turn(now) - now == turns_in_h * HOUR_MS


def test_a_weekend_is_named_and_whether_it_keeps_us_from_opening() -> None:
    row = times_row(Stage().engine, SATURDAY_NOON)

    assert (row["day"], row["weekend"]) == ("Saturday", True)
    assert row["opens"] is Stage().engine.limits.weekend_trading


def test_every_open_market_is_counted_by_the_size_its_calm_allows(stage: Stage) -> None:
    sizes = times_row(stage.engine, stage.runner.now_ms)["sizes"]

    assert sum(sizes.values()) == 2
