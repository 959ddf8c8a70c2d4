"""Price and size read back from the two signed amounts, against the unified SDK, which computes the amounts."""

from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polymarket._internal.actions.orders.limit import _compute_limit_order_amounts
from polymarket._internal.actions.orders.market import _compute_market_order_amounts

from core.units import ONE, Price, text
from simulator.clob import amounts
from simulator.clob.refusals import Refused

SIDES: list[Literal["BUY", "SELL"]] = ["BUY", "SELL"]
TICKS = [1_000, 100, 50, 25, 10, 1]  # every tick the venue has, in 1/10,000
CENT_OF_A_SHARE = 10_000


def prices(tick: int) -> st.SearchStrategy[int]:
    return st.integers(1, ONE // tick - 1).map(lambda steps: steps * tick)


on_grid = st.sampled_from(TICKS).flatmap(lambda tick: st.tuples(st.just(tick), prices(tick)))
hundredths = st.integers(100, 10_000_000)


@given(on_grid, hundredths, st.sampled_from(SIDES))
def test_a_limit_order_means_exactly_what_was_asked_of_the_sdk(
    grid: tuple[int, int], size: int, side: Literal["BUY", "SELL"]
) -> None:
    tick, price = grid
    making, taking = _compute_limit_order_amounts(
        price=Decimal(text(price, 4)), size=Decimal(size) / 100, side=side, tick_size=Decimal(text(tick, 4))
    )

    reading = amounts.read(
        making=making, taking=taking, buys=side == "BUY", at_market=False, tick=Price(tick)
    )

    assert reading == (price, size * CENT_OF_A_SHARE, None)


@given(on_grid, hundredths, st.sampled_from(SIDES))
def test_a_market_order_reaches_the_price_it_was_made_for_and_no_further(
    grid: tuple[int, int], amount: int, side: Literal["BUY", "SELL"]
) -> None:
    tick, price = grid
    making, taking = _compute_market_order_amounts(
        amount=Decimal(amount) / 100,
        price=Decimal(text(price, 4)),
        side=side,
        tick_size=Decimal(text(tick, 4)),
    )

    reading = amounts.read(making=making, taking=taking, buys=side == "BUY", at_market=True, tick=Price(tick))

    money = amount * CENT_OF_A_SHARE
    expected = (price, taking, money) if side == "BUY" else (price, money, None)
    assert reading == expected


@pytest.mark.parametrize(
    ("making", "taking", "shown"),
    [(4_850_000, 10_000_000, "0.485"), (1_000_000, 30_000_000, "0.0333333333")],
)
def test_a_price_off_the_grid_is_shown_as_it_is(making: int, taking: int, shown: str) -> None:
    with pytest.raises(amounts.OffGrid) as off:
        amounts.read(making=making, taking=taking, buys=True, at_market=False, tick=Price(100))

    assert off.value.price == shown


def test_a_price_above_one_is_read_as_such() -> None:
    reading = amounts.read(making=20_000_000, taking=10_000_000, buys=True, at_market=False, tick=Price(100))

    assert reading == (2 * ONE, 10_000_000, None)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.booleans(), st.booleans(), st.sampled_from(TICKS))
def test_any_two_amounts_are_read_or_refused(
    making: int, taking: int, buys: bool, at_market: bool, tick: int
) -> None:
    try:
        reading = amounts.read(making=making, taking=taking, buys=buys, at_market=at_market, tick=Price(tick))
    except (Refused, amounts.OffGrid):
        return

    assert reading.price % tick == 0
    assert reading.size == (taking if buys else making)
