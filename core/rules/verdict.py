"""The rules by name, the layer each belongs to, and what a refusal says (trading.md 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.intents import Place
from core.units import Ms


class Rule(StrEnum):
    HALTED = "halted"
    MARKET_HALTED = "market_halted"
    BREAKER_OPEN = "breaker_open"
    VENUE_RESTARTING = "venue_restarting"
    VENUE_POST_ONLY = "venue_post_only"
    VENUE_CLOSED = "venue_closed"
    WEEKEND = "weekend"
    QUOTE_TIME = "quote_time"
    FEED_LOST = "feed_lost"
    CLOCK_SKEW = "clock_skew"
    CUT_TOO_SMALL = "cut_too_small"
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
    GROUP_EXPOSURE = "group_exposure"
    TOTAL_EXPOSURE = "total_exposure"


class Layer(StrEnum):
    """The five layers of trading.md 12."""

    TIME = "time"
    GLOBAL = "global"
    GROUP = "group"
    MARKET = "market"
    ORDER = "order"


LAYERS: Final[Mapping[Rule, Layer]] = {
    Rule.HALTED: Layer.GLOBAL,
    Rule.MARKET_HALTED: Layer.MARKET,
    Rule.BREAKER_OPEN: Layer.MARKET,
    Rule.VENUE_RESTARTING: Layer.TIME,
    Rule.VENUE_POST_ONLY: Layer.TIME,
    Rule.VENUE_CLOSED: Layer.TIME,
    Rule.WEEKEND: Layer.TIME,
    Rule.QUOTE_TIME: Layer.TIME,
    Rule.FEED_LOST: Layer.GLOBAL,
    Rule.CLOCK_SKEW: Layer.GLOBAL,
    Rule.CUT_TOO_SMALL: Layer.ORDER,
    Rule.STATE: Layer.MARKET,
    Rule.NOT_TRUSTED: Layer.MARKET,
    Rule.MIRROR: Layer.MARKET,
    Rule.FEE_UNKNOWN: Layer.ORDER,
    Rule.UNKNOWN_OPEN: Layer.MARKET,
    Rule.TICK: Layer.ORDER,
    Rule.MIN_SIZE: Layer.ORDER,
    Rule.MIN_VALUE: Layer.ORDER,
    Rule.CROSSES: Layer.ORDER,
    Rule.SLIPPAGE: Layer.ORDER,
    Rule.OWN_CROSS: Layer.MARKET,
    Rule.ORDER_RATE: Layer.GLOBAL,
    Rule.OPEN_ORDERS: Layer.MARKET,
    Rule.BALANCE: Layer.ORDER,
    Rule.NOT_HELD: Layer.ORDER,
    Rule.NOT_REDUCING: Layer.MARKET,
    Rule.WORST_CASE: Layer.MARKET,
    Rule.DAILY_LOSS: Layer.GLOBAL,
    Rule.ORDER_SIZE: Layer.ORDER,
    Rule.PAIR_CEILING: Layer.MARKET,
    Rule.IMBALANCE: Layer.MARKET,
    Rule.POSITION: Layer.MARKET,
    Rule.GROUP_EXPOSURE: Layer.GROUP,
    Rule.TOTAL_EXPOSURE: Layer.GLOBAL,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """``detail`` names what was found and what the rule asks for; ``value`` and ``limit`` are the same by themselves:
    numbers in the unit of the rule, or a word where the rule has no number."""

    intent: Place
    rule: Rule
    detail: str
    value: int | str
    limit: int | str
    at_ms: Ms
