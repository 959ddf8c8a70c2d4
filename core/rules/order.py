"""Is the order well formed, within reach of the top, affordable, and of no danger to our own orders?"""

from core.ids import Side
from core.intents import OrderKind, Place
from core.limits import Limits
from core.rules.exposure import Exposure
from core.rules.verdict import Refused, Rule
from core.units import ONE, Ms, Usdc, cost_up, floor_to, text


def refusal(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """The first rule about a single order that refuses it; they bind opening and reducing alike."""
    refused = _form(intent, exposure, now)
    if refused is None:
        marketable = intent.kind is OrderKind.TAKE
        refused = (
            _marketable(intent, exposure, limits, now) if marketable else _resting(intent, exposure, now)
        )
    return refused or _company(intent, exposure, limits, now) or _means(intent, exposure, now)


def _form(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    price, size, tick = intent.price, intent.shares, exposure.tick
    if price % tick or not tick <= price <= ONE - tick:
        detail = f"price {text(price, 4)} is off the grid of {text(tick, 4)}"
        return Refused(intent, Rule.TICK, detail, price, tick, now)
    if size < exposure.min_size or size != floor_to(size):
        detail = f"{text(size, 6)} shares, minimum {text(exposure.min_size, 6)} in steps of 0.01"
        return Refused(intent, Rule.MIN_SIZE, detail, size, exposure.min_size, now)
    return None


def _resting(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    if exposure.top is None:
        return None
    crosses = intent.price >= exposure.top if intent.side is Side.BUY else intent.price <= exposure.top
    if not crosses:
        return None
    detail = f"post-only at {text(intent.price, 4)} against {text(exposure.top, 4)}"
    return Refused(intent, Rule.CROSSES, detail, intent.price, exposure.top, now)


def _marketable(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    if exposure.top is None:
        detail = f"nothing to take on that side at {text(intent.price, 4)}, there must be a price"
        return Refused(intent, Rule.SLIPPAGE, detail, intent.price, "a price", now)
    reach = max(exposure.tick, exposure.top * limits.slippage_bps // 10_000)
    if intent.side is Side.BUY:
        bound, beyond = exposure.top + reach, intent.price > exposure.top + reach
    else:
        bound, beyond = exposure.top - reach, intent.price < exposure.top - reach
    if beyond:
        detail = f"limit {text(intent.price, 4)} lies beyond {text(bound, 4)}"
        return Refused(intent, Rule.SLIPPAGE, detail, intent.price, bound, now)
    value = cost_up(intent.price, intent.shares)
    if value < limits.marketable_min:
        detail = f"worth {text(value, 6)}, a marketable order needs {text(limits.marketable_min, 6)} USDC"
        return Refused(intent, Rule.MIN_VALUE, detail, value, limits.marketable_min, now)
    return None


def _company(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """Beside the orders that are open already, and those that left a moment ago."""
    if exposure.own_match is not None:
        detail = f"could match our own order {exposure.own_match}, there must be none"
        return Refused(intent, Rule.OWN_CROSS, detail, exposure.own_match, "none", now)
    if exposure.orders_last_s >= limits.orders_per_s:
        detail = f"{exposure.orders_last_s} orders in the last second of {limits.orders_per_s}"
        return Refused(intent, Rule.ORDER_RATE, detail, exposure.orders_last_s, limits.orders_per_s, now)
    if exposure.open_orders >= limits.open_orders:
        detail = f"{exposure.open_orders} orders open of {limits.open_orders}"
        return Refused(intent, Rule.OPEN_ORDERS, detail, exposure.open_orders, limits.open_orders, now)
    return None


def _means(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    if intent.side is Side.BUY:
        spend = Usdc(cost_up(intent.price, intent.shares) + exposure.fee)
        if spend > exposure.cash:
            detail = f"costs {text(spend, 6)} of {text(exposure.cash, 6)} USDC free"
            return Refused(intent, Rule.BALANCE, detail, spend, exposure.cash, now)
    elif intent.shares > exposure.held:
        detail = f"sells {text(intent.shares, 6)} of {text(exposure.held, 6)} shares held"
        return Refused(intent, Rule.NOT_HELD, detail, intent.shares, exposure.held, now)
    elif intent.shares > exposure.surplus:
        # Sold by itself, a share of a pair leaves the other one naked: no limit would have been asked.
        detail = f"sells {text(intent.shares, 6)} of a leg {text(exposure.surplus, 6)} shares ahead for sure"
        return Refused(intent, Rule.NOT_REDUCING, detail, intent.shares, exposure.surplus, now)
    return None
