"""The venue's fee: ``shares * rate * (p (1 - p)) ** exponent``, paid by takers at the match (trading.md 3).

Exact in integers: the product is kept as one fraction and rounded once, to 5 decimals of a USDC.
"""

from typing import Final

from core.events import FeeSchedule
from core.units import CERTAIN, ONE, Price, Shares, Usdc

HALF: Final = Price(ONE // 2)
STEP: Final = 10  # the venue rounds to 0.00001 USDC
EXPONENT_MAX: Final = 8  # beyond, a schedule is a misreading and not a fee


class UnknownFee(ValueError):
    """The schedule is not one we can compute. No order may be based on it."""


def fee(schedule: FeeSchedule, price: Price, shares: Shares) -> Usdc:
    """What the venue charges the taker of ``shares`` at ``price``: rounded half up to 5 decimals, 0 below that.

    Raises ``UnknownFee``.
    """
    numerator, denominator = _fraction(schedule, price, shares)
    return Usdc((2 * numerator + denominator) // (2 * denominator) * STEP)


def fee_estimate(schedule: FeeSchedule, price: Price, shares: Shares) -> Usdc:
    """As ``fee``, rounded up: a decision must not hope for the rounding. Raises ``UnknownFee``."""
    numerator, denominator = _fraction(schedule, price, shares)
    return Usdc(-(-numerator // denominator) * STEP)


def dearest(first: Price, last: Price) -> Price:
    """The price between two at which a fee is highest: the one nearest to a half."""
    low, high = min(first, last), max(first, last)
    return min(max(HALF, low), high)


def _fraction(schedule: FeeSchedule, price: Price, shares: Shares) -> tuple[int, int]:
    """The exact fee in steps of 0.00001 USDC, as numerator and denominator."""
    if not 0 <= schedule.exponent <= EXPONENT_MAX:
        raise UnknownFee(f"fee exponent {schedule.exponent} is not a whole number from 0 to {EXPONENT_MAX}")
    if not 0 <= schedule.rate <= CERTAIN:
        raise UnknownFee(f"fee rate {schedule.rate} is not between 0 and {CERTAIN} millionths")
    curve = (price * (ONE - price)) ** schedule.exponent
    scale = (ONE * ONE) ** schedule.exponent
    return shares * schedule.rate * curve, CERTAIN * scale * STEP
