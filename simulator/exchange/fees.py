"""The venue's taker fee (polymarket.md 4): ``C * r * p (1 - p)``, rounded half up to 5 decimals."""

from typing import Final

from core.units import CERTAIN, ONE, Price, Prob, Shares, Usdc

# Shares, rate and both prices are integers; their product counts in 10**-20 USDC. One step of 5 decimals is
# 10**-5 USDC, so that many of the product's units make one step.
STEP: Final = CERTAIN * CERTAIN * ONE * ONE // 100_000
MICRO_PER_STEP: Final = 10


def taker_fee(price: Price, shares: Shares, rate: Prob) -> Usdc:
    """USDC for taking ``shares`` at ``price``. The same for the mirrored price, so for either outcome."""
    raw = shares * rate * price * (ONE - price)
    return Usdc((raw + STEP // 2) // STEP * MICRO_PER_STEP)
