"""How large an opening order may be: cut down to the largest, then by recent volatility and in peak hours.

What is measured: the range of the mid over the last five minutes of a trusted book (``core.volatility``), against
``calm``, the range up to which a market counts as calm. The scale is calm / range, cut down to whole quarters and
never below one: calm gives 1, more than calm 0.75 or 0.5, and twice calm or more 0.25. Quarters, because a size that
followed every tick would cost our quotes their places in the queue. Reducing orders are never cut.
"""

from dataclasses import replace
from typing import Final

from core.intents import Place
from core.limits import Limits
from core.rules.exposure import Exposure
from core.rules.times import is_peak
from core.rules.verdict import Refused, Rule
from core.units import CERTAIN, ONE, Ms, Price, Prob, Shares, cost_up, floor_to, text

QUARTER: Final = Prob(250_000)


def by_volatility(mid_range: Price | None, calm: Price) -> Prob:
    """One of 0.25, 0.5, 0.75 and 1. An unknown range counts as the widest."""
    if mid_range is None:
        return QUARTER
    if mid_range <= calm:
        return CERTAIN
    exact = calm * CERTAIN // mid_range
    return Prob(max(QUARTER, exact - exact % QUARTER))


def scale(mid_range: Price | None, limits: Limits, now: Ms) -> Prob:
    """What part of its size an opening order keeps."""
    kept = by_volatility(mid_range, limits.calm)
    return Prob(kept // 2) if is_peak(now) else kept


def allowed(price: Price, asked: Shares, kept: Prob, limits: Limits) -> Shares:
    """The shares of an opening order that may leave, in the venue's steps when anything was cut: ``order_max`` USDC
    of what is asked at most, and of that the part that is kept."""
    most = min(asked, limits.order_max * ONE // price) if price else asked
    size = Shares(most * kept // CERTAIN)
    return asked if size == asked else floor_to(size)


def cut_down(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Place:
    """The intent as large as it may be; one that is too small as it is stays. The only rule that cuts instead of
    refusing."""
    if cost_up(intent.price, intent.shares) < limits.order_min:
        return intent
    size = allowed(intent.price, intent.shares, scale(exposure.mid_range, limits, now), limits)
    return intent if size == intent.shares else replace(intent, shares=size)


def refusal(asked: Place, cut: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """What was large enough before it was cut and is not afterwards is not sent at all."""
    if cut.shares == asked.shares:
        return None
    why = _why(exposure.mid_range, limits, now)
    value = cost_up(cut.price, cut.shares)
    if value < limits.order_min:
        detail = f"cut to {why} it is worth {text(value, 6)}, at least {text(limits.order_min, 6)} USDC"
        return Refused(cut, Rule.CUT_TOO_SMALL, detail, value, limits.order_min, now)
    if cut.shares < exposure.min_size:
        detail = f"cut to {why} it is {text(cut.shares, 6)} shares, at least {text(exposure.min_size, 6)}"
        return Refused(cut, Rule.CUT_TOO_SMALL, detail, cut.shares, exposure.min_size, now)
    return None


def _why(mid_range: Price | None, limits: Limits, now: Ms) -> str:
    moved = "unknown" if mid_range is None else text(mid_range, 4)
    peak = ", peak hours" if is_peak(now) else ""
    return f"{text(scale(mid_range, limits, now), 6)} of its size (mid range {moved}{peak})"
