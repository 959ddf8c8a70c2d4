"""The venue's fee, to the hundred-thousandth of a USDC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import FeeSchedule
from core.fees import UnknownFee, fee, fee_estimate
from core.units import Price, Prob, Shares, cost, price, shares, usdc

ESPORTS = FeeSchedule(Prob(50_000), 1, Prob(150_000))


def test_the_worked_example_of_a_pair_bought_as_taker() -> None:
    yes, no = fee(ESPORTS, price("0.48"), shares("100")), fee(ESPORTS, price("0.49"), shares("100"))

    assert (yes, no) == (usdc("1.248"), usdc("1.2495"))
    spent = cost(price("0.48"), shares("100")) + cost(price("0.49"), shares("100")) + yes + no
    assert spent == usdc("99.4975")


@pytest.mark.parametrize(
    ("size", "charged"),
    [
        ("0.01", "0.00013"),  # 0.000125 exactly half: up
        ("0.0003", "0"),  # 0.00000375: less than half a step
        ("0.0004", "0.00001"),  # 0.000005 exactly half: up, the smallest fee there is
    ],
)
def test_half_a_step_is_rounded_up(size: str, charged: str) -> None:
    assert fee(ESPORTS, price("0.5"), shares(size)) == usdc(charged)


def test_an_estimate_never_hopes_for_the_rounding() -> None:
    assert fee(ESPORTS, price("0.5"), shares("0.0003")) == 0
    assert fee_estimate(ESPORTS, price("0.5"), shares("0.0003")) == usdc("0.00001")


def test_exponents_bend_the_curve_and_zero_makes_it_flat() -> None:
    assert fee(FeeSchedule(Prob(50_000), 2, Prob(0)), price("0.5"), shares("100")) == usdc("0.3125")
    assert fee(FeeSchedule(Prob(50_000), 0, Prob(0)), price("0.9"), shares("100")) == usdc("5")


@pytest.mark.parametrize(("rate", "exponent"), [(50_000, -1), (50_000, 9), (-1, 1), (1_000_001, 1)])
def test_a_schedule_we_cannot_compute_is_no_fee(rate: int, exponent: int) -> None:
    with pytest.raises(UnknownFee, match="fee"):
        fee(FeeSchedule(Prob(rate), exponent, Prob(0)), price("0.5"), shares("1"))


@given(st.integers(1, 9_999), st.integers(0, 10**12), st.integers(0, 100_000))
def test_a_fee_is_on_the_step_near_the_exact_value_and_not_above_its_estimate(
    at: int, size: int, rate: int
) -> None:
    schedule = FeeSchedule(Prob(rate), 1, Prob(0))

    charged = fee(schedule, Price(at), Shares(size))
    estimate = fee_estimate(schedule, Price(at), Shares(size))

    assert charged % 10 == 0
    scale = 10_000 * 10_000 * 1_000_000
    exact = size * rate * at * (10_000 - at)
    assert abs(charged * scale - exact) <= 5 * scale
    assert 0 <= estimate - charged <= 10
    assert estimate * scale >= exact
