"""Limits that bind what adds risk, with every own bid counted as filled."""

from core.ids import Side
from core.intents import Place
from core.limits import Limits
from core.rules.exposure import Exposure
from core.rules.verdict import Refused, Rule
from core.units import Ms, Price, Usdc, cost_up, text


def refusal(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """The first limit of risk that the order would pass; at the limit it is still within."""
    value = cost_up(intent.price, intent.shares)
    spend = Usdc(value + exposure.fee)
    off = exposure.clock_off_ms
    if off is not None and abs(off) > limits.skew_ms:
        detail = f"our clock seems {off} ms off the venue's, at most {limits.skew_ms} ms"
        return Refused(intent, Rule.CLOCK_SKEW, detail, off, limits.skew_ms, now)
    if exposure.lost_today >= limits.daily_loss:
        detail = f"lost {text(exposure.lost_today, 6)} of {text(limits.daily_loss, 6)} USDC today"
        return Refused(intent, Rule.DAILY_LOSS, detail, exposure.lost_today, limits.daily_loss, now)
    if value < limits.order_min:
        detail = f"worth {text(value, 6)}, at least {text(limits.order_min, 6)} USDC"
        return Refused(intent, Rule.ORDER_SIZE, detail, value, limits.order_min, now)
    return (
        _pair(intent, exposure, now)
        or _balance_of_legs(intent, exposure, limits, spend, now)
        or _at_risk(intent, exposure, limits, spend, now)
    )


def _pair(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    other = exposure.other_bid
    if intent.side is Side.SELL or other is None or intent.price + other <= exposure.ceiling:
        return None
    pair, ceiling = Price(intent.price + other), exposure.ceiling
    made = f"{text(intent.price, 4)} and our own bid of {text(other, 4)} make a pair of {text(pair, 4)}"
    return Refused(intent, Rule.PAIR_CEILING, f"{made}, ceiling {text(ceiling, 4)}", pair, ceiling, now)


def _balance_of_legs(
    intent: Place, exposure: Exposure, limits: Limits, spend: Usdc, now: Ms
) -> Refused | None:
    ahead, most = exposure.ahead + intent.shares, limits.imbalance_shares
    if ahead > most:
        detail = f"leg would be {text(ahead, 6)} shares ahead of {text(most, 6)}"
        return Refused(intent, Rule.IMBALANCE, detail, ahead, most, now)
    ahead_cost = exposure.ahead_cost + spend
    if ahead > 0 and ahead_cost > limits.imbalance:
        detail = f"leg would be {text(ahead_cost, 6)} USDC ahead of {text(limits.imbalance, 6)}"
        return Refused(intent, Rule.IMBALANCE, detail, ahead_cost, limits.imbalance, now)
    return None


def _at_risk(intent: Place, exposure: Exposure, limits: Limits, spend: Usdc, now: Ms) -> Refused | None:
    for rule, before, most, where in (
        (Rule.POSITION, exposure.at_risk, limits.position, "in this market"),
        (Rule.GROUP_EXPOSURE, exposure.at_risk_group, limits.group, f"in its group {exposure.group}"),
        (Rule.TOTAL_EXPOSURE, exposure.at_risk_total, limits.total_exposure, "in all"),
    ):
        after = before + spend
        if after > most:
            detail = f"would risk {text(after, 6)} of {text(most, 6)} USDC {where}"
            return Refused(intent, rule, detail, after, most, now)
    return None
