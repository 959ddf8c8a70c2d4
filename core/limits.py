"""What was agreed: the numbers the judge holds every order against (trading.md 12)."""

from dataclasses import dataclass

from core.units import Shares, Usdc


@dataclass(frozen=True, slots=True)
class Limits:
    """The agreed limits. One shard for now, so its budget is the whole of each.

    Units:
        order_min, order_max, position, total_exposure, daily_loss, imbalance: USDC.
        imbalance_shares: shares one leg may be ahead, all own bids filled.
        slippage_bps: how far beyond the top a marketable limit may lie; at least one tick.
        marketable_min: the venue's smallest marketable order (polymarket.md 3.5).
    """

    order_min: Usdc
    order_max: Usdc
    position: Usdc
    total_exposure: Usdc
    daily_loss: Usdc
    imbalance: Usdc
    imbalance_shares: Shares
    open_orders: int
    orders_per_s: int
    slippage_bps: int
    marketable_min: Usdc
