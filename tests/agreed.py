"""What was agreed, as the tests have it: the defaults of trading.md 6 and 12."""

from dataclasses import replace
from typing import Any

from core.limits import Limits
from core.strategies.params import Params
from core.units import Ms, price, shares, usdc


def limits(**changed: Any) -> Limits:
    """The defaults of trading.md 12."""
    agreed = Limits(
        order_min=usdc("5"),
        order_max=usdc("100"),
        position=usdc("1500"),
        total_exposure=usdc("5000"),
        daily_loss=usdc("200"),
        imbalance=usdc("100"),
        imbalance_shares=shares("50"),
        open_orders=5,
        orders_per_s=5,
        slippage_bps=50,
        marketable_min=usdc("1"),
        breaker_rejects=3,
        breaker_cancels=3,
        breaker_answer_ms=Ms(5_000),
        breaker_open_ms=Ms(300_000),
        group=usdc("2000"),
        weekend_trading=True,
        calm=price("0.04"),
        skew_ms=Ms(2_000),
    )
    return replace(agreed, **changed)


def patient(**changed: Any) -> Limits:
    """Limits under which no breaker ever opens: a wild venue would stop every market at once."""
    never = {
        "breaker_rejects": 1_000_000,
        "breaker_cancels": 1_000_000,
        "breaker_answer_ms": Ms(1_000_000_000_000),
    }
    return limits(**never | changed)


def params(**changed: Any) -> Params:
    """The defaults of trading.md 6, quoting in play as the simulator does."""
    agreed = Params(
        pair_cost_cap=price("0.985"),
        min_edge=price("0.005"),
        near_certain=price("0.95"),
        step=usdc("25"),
        max_total_cost=usdc("1500"),
        max_leg_loss=usdc("2"),
        min_liquidity=usdc("100"),
        imbalance_shares=shares("50"),
        rebalance_shares=shares("20"),
        merge_min=shares("50"),
        naked_leg_max_ms=Ms(300_000),
        start_quiet_ms=Ms(300_000),
        quote_in_play=True,
    )
    return replace(agreed, **changed)
