"""The agreed numbers of pair arbitrage. Defaults and meaning: trading.md 6."""

from dataclasses import dataclass

from core.units import ONE, Ms, Price, Shares, Usdc


@dataclass(frozen=True, slots=True)
class Params:
    """What an operator may set.

    Units:
        pair_cost_cap, min_edge, near_certain: Price.
        step:          USDC a quote spends.
        max_total_cost, max_leg_loss, min_liquidity: USDC.
        imbalance_shares, rebalance_shares, merge_min: shares.
        naked_leg_max_ms, start_quiet_ms: ms.
    """

    pair_cost_cap: Price
    min_edge: Price
    near_certain: Price
    step: Usdc
    max_total_cost: Usdc
    max_leg_loss: Usdc
    min_liquidity: Usdc
    imbalance_shares: Shares
    rebalance_shares: Shares
    merge_min: Shares
    naked_leg_max_ms: Ms
    start_quiet_ms: Ms
    quote_in_play: bool

    @property
    def ceiling(self) -> Price:
        """What a pair may cost, fees included."""
        return min(self.pair_cost_cap, Price(ONE - self.min_edge))
