"""What was agreed: the numbers the judge holds every order against (trading.md 12)."""

from dataclasses import dataclass, replace
from typing import Final

from core.units import Ms, Price, Shares, Usdc

MARKETABLE_MIN: Final = Usdc(1_000_000)  # the venue's, not ours to agree (polymarket.md 3.5)


@dataclass(frozen=True, slots=True)
class Budget:
    """One shard's part of every limit of the whole account (``core.budgets`` deals them).

    Units:
        cash: USDC its markets may bind, in what is held at cost and in open bids; ``None``: all there is.
    """

    total_exposure: Usdc
    group_exposure: Usdc
    daily_loss: Usdc
    orders_per_s: int
    cash: Usdc | None


NO_BUDGET: Final = Budget(Usdc(0), Usdc(0), Usdc(0), 0, Usdc(0))


@dataclass(frozen=True, slots=True)
class Limits:
    """The agreed limits of the whole account; what binds one shard is ``within`` its budget.

    Units:
        order_min, order_max, position, group, total_exposure, daily_loss, imbalance: USDC.
        imbalance_shares: shares one leg may be ahead, all own bids filled.
        slippage_bps: how far beyond the top a marketable limit may lie; at least one tick.
        breaker_rejects, breaker_cancels: in a row, that open a market's circuit breaker (``core.breaker``).
        breaker_answer_ms: an answer to an order that takes longer opens it.
        breaker_open_ms: how long it then lets nothing through.
        marketable_min: the venue's smallest marketable order.
        weekend_trading: whether opening orders may leave on Saturday and Sunday, UTC.
        calm: the range of the mid up to which a market counts as calm (``core.rules.sizing``).
        skew_ms: how far our clock may seem off the venue's, either way (``core.skew``).
    """

    order_min: Usdc
    order_max: Usdc
    position: Usdc
    group: Usdc
    total_exposure: Usdc
    daily_loss: Usdc
    imbalance: Usdc
    imbalance_shares: Shares
    open_orders: int
    orders_per_s: int
    slippage_bps: int
    marketable_min: Usdc
    breaker_rejects: int
    breaker_cancels: int
    breaker_answer_ms: Ms
    breaker_open_ms: Ms
    weekend_trading: bool
    calm: Price
    skew_ms: Ms

    def within(self, budget: Budget | None) -> "Limits":
        """The smaller of limit and budget, for each that is dealt; ``None``: the whole is this shard's."""
        if budget is None:
            return self
        return replace(
            self,
            total_exposure=min(self.total_exposure, budget.total_exposure),
            group=min(self.group, budget.group_exposure),
            daily_loss=min(self.daily_loss, budget.daily_loss),
            orders_per_s=min(self.orders_per_s, budget.orders_per_s),
        )
