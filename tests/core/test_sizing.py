"""How large an opening order may be: by volatility, in peak hours, and when it is a weekend."""

from typing import Any

import pytest

from core.intents import Place, Purpose
from core.risk import Approved, Refused, Rule, judge
from core.rules.sizing import by_volatility
from core.rules.times import DAY_MS, is_peak, weekday
from core.units import Ms, Price, price, shares, usdc
from tests.builders import NO, T0, a_place, a_take, an_exposure, limits

MONDAY = Ms(T0 - T0 % DAY_MS)  # 24 November 2025, 00:00 UTC
MINUTE = 60_000
HOUR = 60 * MINUTE
STILL = Price(0)
FRIDAY = Ms(MONDAY + 4 * DAY_MS)


def judged(
    asked: Place | None = None, *, now: int = T0, mid_range: Price | None = STILL, **allowed: Any
) -> Approved | Refused:
    return judge(asked or a_place(), an_exposure(mid_range=mid_range), limits(**allowed), Ms(now))


def left(asked: Place | None = None, **more: Any) -> str:
    """The shares that may leave of an order."""
    verdict = judged(asked, **more)
    assert isinstance(verdict, Approved), verdict.detail
    return str(verdict.intent.shares / 1_000_000)


@pytest.mark.parametrize(
    ("moved", "scale"),
    [
        ("0", 1_000_000),
        ("0.04", 1_000_000),
        ("0.0401", 750_000),
        ("0.0533", 750_000),
        ("0.0534", 500_000),
        ("0.08", 500_000),
        ("0.0801", 250_000),
        ("0.16", 250_000),
        ("1", 250_000),
    ],
)
def test_the_wider_the_mid_moved_the_less_is_kept_in_quarters(moved: str, scale: int) -> None:
    assert by_volatility(price(moved), price("0.04")) == scale


def test_a_range_that_nobody_saw_counts_as_the_widest() -> None:
    assert by_volatility(None, price("0.04")) == 250_000


@pytest.mark.parametrize(
    ("after_midnight", "peak"),
    [
        (0, False),
        (14 * HOUR - 1, False),
        (14 * HOUR, True),
        (16 * HOUR - 1, True),
        (16 * HOUR, False),
        (20 * HOUR - 1, False),
        (20 * HOUR, True),
        (22 * HOUR - 1, True),
        (22 * HOUR, False),
        (24 * HOUR - 1, False),
    ],
)
@pytest.mark.parametrize("day", [MONDAY, FRIDAY])
def test_peak_hours_begin_and_end_on_the_millisecond(after_midnight: int, peak: bool, day: Ms) -> None:
    now = Ms(day + after_midnight)

    assert is_peak(now) is peak
    assert left(now=now) == ("25.0" if peak else "50.0")


def test_in_peak_hours_half_of_what_volatility_leaves_may_leave() -> None:
    assert left(now=MONDAY + 14 * HOUR, mid_range=price("0.08")) == "12.5"


def test_what_is_above_the_largest_order_is_cut_to_it_before_it_is_halved() -> None:
    roomy = {"imbalance": usdc("900"), "imbalance_shares": shares("900")}

    assert left(a_place("0.5", "500"), now=MONDAY + 14 * HOUR, **roomy) == "100.0", "half of 100 USDC at 0.50"


def test_a_cut_size_lies_on_the_steps_of_the_venue() -> None:
    assert left(a_place(size="20.89"), mid_range=price("0.05")) == "15.66", "0.75 of it is 15.6675"


@pytest.mark.parametrize("purpose_kind", ["quote", "take"])
def test_reducing_orders_are_neither_halved_nor_scaled(purpose_kind: str) -> None:
    helps = {"ahead": -shares("50"), "worst_case_after": usdc("10"), "mid_range": price("0.5")}
    quote = a_place(outcome=NO, purpose=Purpose.REDUCING)
    asked = quote if purpose_kind == "quote" else a_take("0.52", outcome=NO)

    verdict = judge(asked, an_exposure(**helps), limits(), Ms(MONDAY + 14 * HOUR))

    assert isinstance(verdict, Approved)
    assert verdict.intent == asked


def test_an_order_too_small_before_the_cut_is_told_so_by_its_own_rule() -> None:
    verdict = judged(a_place(size="10.4"), mid_range=price("0.5"))

    assert isinstance(verdict, Refused)
    assert (verdict.rule, verdict.value) == (Rule.ORDER_SIZE, usdc("4.992"))


@pytest.mark.parametrize(
    ("now", "day", "open_"),
    [
        (FRIDAY + DAY_MS - 1, 4, True),
        (FRIDAY + DAY_MS, 5, False),
        (FRIDAY + 3 * DAY_MS - 1, 6, False),
        (FRIDAY + 3 * DAY_MS, 0, True),
    ],
)
def test_weekends_begin_and_end_at_midnight_utc(now: int, day: int, open_: bool) -> None:
    assert weekday(Ms(now)) == day

    assert isinstance(judged(now=now, weekend_trading=False), Approved) is open_
    assert isinstance(judged(now=now, weekend_trading=True), Approved)


def test_on_a_weekend_what_reduces_may_leave() -> None:
    helps = {"ahead": -shares("50"), "worst_case_after": usdc("10")}
    saturday = Ms(FRIDAY + DAY_MS)

    verdict = judge(a_take("0.52", outcome=NO), an_exposure(**helps), limits(weekend_trading=False), saturday)

    assert isinstance(verdict, Approved)
