"""The judge. Every order passes here, and only here is ``Approved`` made (trading.md 12).

Read ``judge`` first: the rules in order of severity, the first that fails is the answer. Rules that bind
opening orders only are in ``_opening``; the others bind both. Reducing orders must raise the worst case.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from core.ids import IntentKey, Side
from core.intents import OrderKind, Place, Purpose
from core.limits import Limits
from core.trading import Action
from core.units import ONE, Ms, Price, Shares, Usdc, cost_up, floor_to, text


class Rule(StrEnum):
    HALTED = "halted"
    MARKET_HALTED = "market_halted"
    STATE = "state"
    NOT_TRUSTED = "not_trusted"
    MIRROR = "mirror"
    FEE_UNKNOWN = "fee_unknown"
    UNKNOWN_OPEN = "unknown_open"
    TICK = "tick"
    MIN_SIZE = "min_size"
    MIN_VALUE = "min_value"
    CROSSES = "crosses"
    SLIPPAGE = "slippage"
    OWN_CROSS = "own_cross"
    ORDER_RATE = "order_rate"
    OPEN_ORDERS = "open_orders"
    BALANCE = "balance"
    NOT_HELD = "not_held"
    NOT_REDUCING = "not_reducing"
    WORST_CASE = "worst_case"
    DAILY_LOSS = "daily_loss"
    ORDER_SIZE = "order_size"
    PAIR_CEILING = "pair_ceiling"
    IMBALANCE = "imbalance"
    POSITION = "position"
    TOTAL_EXPOSURE = "total_exposure"


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is true at the moment of judging, for one intent's market and for the account.

    Units:
        top:        the price the order would meet in its own outcome: best ask for a buy, best bid for a
                    sell; ``None`` when that side is empty.
        fee:        the most the venue may charge for it, in USDC; 0 for a quote, and where the fee is unknown.
        held:       shares of the intent's outcome that may be sold: confirmed ones that no merge has reserved
                    and no open sale offers.
        ahead:      shares by which the intent's outcome is ahead (negative: behind), own open bids for it filled
                    and the other leg counted as far as it is confirmed.
        ahead_cost: what those shares cost, in USDC.
        at_risk, at_risk_total: what can be lost in this market and in all, own open bids filled.
        cash:       free to spend, open bids already taken out.
        worst_case_now, worst_case_after: of the pair ledger, before and after a full fill of a buy, fee in.
        other_bid:  the highest own open bid for the other outcome; ``None`` when there is none.
        ceiling:    what a pair may cost, fees in.
        own_match:  the own open order this one could match, if any.
        orders_last_s: orders approved in the last 1,000 ms, whole account.
    """

    halted: str | None
    market_halted: str | None
    legal: frozenset[Action]
    trusted: bool
    trust: str
    mirror_holds: bool | None
    fee_known: bool
    any_unknown: bool
    tick: Price
    min_size: Shares
    top: Price | None
    fee: Usdc
    held: Shares
    ahead: Shares
    ahead_cost: Usdc
    at_risk: Usdc
    at_risk_total: Usdc
    lost_today: Usdc
    cash: Usdc
    worst_case_now: Usdc
    worst_case_after: Usdc
    open_orders: int
    orders_last_s: int
    own_match: IntentKey | None
    other_bid: Price | None
    ceiling: Price


@dataclass(frozen=True, slots=True)
class Approved:
    """An intent the rules let through, maybe smaller than asked. Gateways accept nothing else."""

    intent: Place
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class Refused:
    """``detail`` names the value and the limit in words; ``value`` and ``limit`` are the same as numbers."""

    intent: Place
    rule: Rule
    detail: str
    value: int | None
    limit: int | None
    at_ms: Ms


def judge(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Approved | Refused:
    """Apply every rule in order of severity and report the first that fails."""
    if intent.purpose is Purpose.OPENING:
        intent = cut_down(intent, limits)
    refused = _permission(intent, exposure, now) or _order(intent, exposure, limits, now)
    if refused is None:
        binding = _opening if intent.purpose is Purpose.OPENING else _reducing
        refused = binding(intent, exposure, limits, now)
    return refused or Approved(intent, now)


def cut_down(intent: Place, limits: Limits) -> Place:
    """Shrink an order above ``order_max`` to it. The only rule that cuts instead of refusing."""
    most = floor_to(Shares(limits.order_max * ONE // intent.price)) if intent.price else intent.shares
    return intent if intent.shares <= most else replace(intent, shares=most)


def _no(
    intent: Place, rule: Rule, detail: str, now: Ms, *, value: int | None = None, limit: int | None = None
) -> Refused:
    return Refused(intent, rule, detail, value, limit, now)


def _action(intent: Place) -> Action:
    if intent.purpose is Purpose.REDUCING:
        return Action.COMPLETE
    return Action.QUOTE if intent.kind is OrderKind.QUOTE else Action.OPEN_TAKE


def _permission(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    """May anything be sent for this market at all?"""
    if exposure.halted is not None:
        return _no(intent, Rule.HALTED, f"all trading is halted: {exposure.halted}", now)
    if exposure.market_halted is not None:
        return _no(intent, Rule.MARKET_HALTED, f"this market is halted: {exposure.market_halted}", now)
    if _action(intent) not in exposure.legal:
        return _no(intent, Rule.STATE, f"{_action(intent)} is not legal in this market's state", now)
    if not exposure.trusted:
        return _no(intent, Rule.NOT_TRUSTED, f"the book is {exposure.trust}", now)
    if exposure.mirror_holds is not True:
        word = "unknown" if exposure.mirror_holds is None else "broken"
        return _no(intent, Rule.MIRROR, f"the mirror of the top price is {word}", now)
    if not exposure.fee_known:
        return _no(intent, Rule.FEE_UNKNOWN, "the venue's fee for this market is unknown", now)
    if exposure.any_unknown:
        return _no(intent, Rule.UNKNOWN_OPEN, "an order in this market is UNKNOWN", now)
    return None


def _order(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """Is the order well formed, within reach of the top, and of no danger to our own orders?"""
    price, size, tick = intent.price, intent.shares, exposure.tick
    if price % tick or not tick <= price <= ONE - tick:
        detail = f"price {text(price, 4)} is off the grid of {text(tick, 4)}"
        return _no(intent, Rule.TICK, detail, now, value=price, limit=tick)
    if size < exposure.min_size or size != floor_to(size):
        detail = f"{text(size, 6)} shares, minimum {text(exposure.min_size, 6)} in steps of 0.01"
        return _no(intent, Rule.MIN_SIZE, detail, now, value=size, limit=exposure.min_size)
    if intent.kind is OrderKind.TAKE:
        refused = _marketable(intent, exposure, limits, now)
    else:
        refused = _resting(intent, exposure, now)
    if refused is not None:
        return refused
    if exposure.own_match is not None:
        return _no(intent, Rule.OWN_CROSS, f"could match our own order {exposure.own_match}", now)
    if exposure.orders_last_s >= limits.orders_per_s:
        detail = f"{exposure.orders_last_s} orders in the last second of {limits.orders_per_s}"
        return _no(
            intent, Rule.ORDER_RATE, detail, now, value=exposure.orders_last_s, limit=limits.orders_per_s
        )
    if exposure.open_orders >= limits.open_orders:
        detail = f"{exposure.open_orders} orders open of {limits.open_orders}"
        return _no(
            intent, Rule.OPEN_ORDERS, detail, now, value=exposure.open_orders, limit=limits.open_orders
        )
    spend = Usdc(cost_up(price, size) + exposure.fee)
    if intent.side is Side.BUY and spend > exposure.cash:
        detail = f"costs {text(spend, 6)} of {text(exposure.cash, 6)} USDC free"
        return _no(intent, Rule.BALANCE, detail, now, value=spend, limit=exposure.cash)
    if intent.side is Side.SELL and size > exposure.held:
        detail = f"sells {text(size, 6)} of {text(exposure.held, 6)} shares held"
        return _no(intent, Rule.NOT_HELD, detail, now, value=size, limit=exposure.held)
    return None


def _resting(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    if exposure.top is None:
        return None
    crosses = intent.price >= exposure.top if intent.side is Side.BUY else intent.price <= exposure.top
    if not crosses:
        return None
    detail = f"post-only at {text(intent.price, 4)} against {text(exposure.top, 4)}"
    return _no(intent, Rule.CROSSES, detail, now, value=intent.price, limit=exposure.top)


def _marketable(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    if exposure.top is None:
        return _no(intent, Rule.SLIPPAGE, "nothing to take on that side", now)
    reach = max(exposure.tick, exposure.top * limits.slippage_bps // 10_000)
    if intent.side is Side.BUY:
        bound, beyond = exposure.top + reach, intent.price > exposure.top + reach
    else:
        bound, beyond = exposure.top - reach, intent.price < exposure.top - reach
    if beyond:
        detail = f"limit {text(intent.price, 4)} lies beyond {text(bound, 4)}"
        return _no(intent, Rule.SLIPPAGE, detail, now, value=intent.price, limit=bound)
    value = cost_up(intent.price, intent.shares)
    if value < limits.marketable_min:
        detail = f"worth {text(value, 6)}, a marketable order needs {text(limits.marketable_min, 6)} USDC"
        return _no(intent, Rule.MIN_VALUE, detail, now, value=value, limit=limits.marketable_min)
    return None


def _reducing(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """A buy that completes must shrink the gap between the legs and leave the worst case better."""
    if intent.side is Side.SELL:
        return None
    behind = -exposure.ahead
    if behind <= 0 or intent.shares >= 2 * behind:
        detail = f"{text(intent.shares, 6)} shares for a leg {text(behind, 6)} behind, own bids filled"
        return _no(intent, Rule.NOT_REDUCING, detail, now, value=intent.shares, limit=behind)
    if exposure.worst_case_after <= exposure.worst_case_now:
        after, before = exposure.worst_case_after, exposure.worst_case_now
        detail = f"worst case would go from {text(before, 6)} to {text(after, 6)} USDC"
        return _no(intent, Rule.WORST_CASE, detail, now, value=after, limit=before)
    return None


def _opening(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """Limits that bind what adds risk, with every own bid counted as filled."""
    value = cost_up(intent.price, intent.shares)
    spend = Usdc(value + exposure.fee)
    if exposure.lost_today >= limits.daily_loss:
        detail = f"lost {text(exposure.lost_today, 6)} of {text(limits.daily_loss, 6)} USDC today"
        return _no(intent, Rule.DAILY_LOSS, detail, now, value=exposure.lost_today, limit=limits.daily_loss)
    if value < limits.order_min:
        detail = f"worth {text(value, 6)}, at least {text(limits.order_min, 6)} USDC"
        return _no(intent, Rule.ORDER_SIZE, detail, now, value=value, limit=limits.order_min)
    other = exposure.other_bid
    if intent.side is Side.BUY and other is not None and intent.price + other > exposure.ceiling:
        pair, ceiling = Price(intent.price + other), exposure.ceiling
        made = f"{text(intent.price, 4)} and our own bid of {text(other, 4)} make a pair of {text(pair, 4)}"
        detail = f"{made}, ceiling {text(ceiling, 4)}"
        return _no(intent, Rule.PAIR_CEILING, detail, now, value=pair, limit=ceiling)
    ahead = exposure.ahead + intent.shares
    if ahead > limits.imbalance_shares:
        detail = f"leg would be {text(ahead, 6)} shares ahead of {text(limits.imbalance_shares, 6)}"
        return _no(intent, Rule.IMBALANCE, detail, now, value=ahead, limit=limits.imbalance_shares)
    ahead_cost = exposure.ahead_cost + spend
    if ahead > 0 and ahead_cost > limits.imbalance:
        detail = f"leg would be {text(ahead_cost, 6)} USDC ahead of {text(limits.imbalance, 6)}"
        return _no(intent, Rule.IMBALANCE, detail, now, value=ahead_cost, limit=limits.imbalance)
    in_market = exposure.at_risk + spend
    if in_market > limits.position:
        detail = f"would risk {text(in_market, 6)} of {text(limits.position, 6)} USDC in this market"
        return _no(intent, Rule.POSITION, detail, now, value=in_market, limit=limits.position)
    in_all = exposure.at_risk_total + spend
    if in_all > limits.total_exposure:
        detail = f"would risk {text(in_all, 6)} of {text(limits.total_exposure, 6)} USDC in all"
        return _no(intent, Rule.TOTAL_EXPOSURE, detail, now, value=in_all, limit=limits.total_exposure)
    return None
