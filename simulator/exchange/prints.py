"""What the exchange makes public, in the order in which it happened. ``wire`` turns it into messages."""

from typing import NamedTuple

from core.ids import MarketId, OrderId, Outcome, Side
from core.units import Price, Shares
from simulator.exchange.book import Levels


class LevelSet(NamedTuple):
    """An order came or went: the new total size at its price, in YES terms, and the best prices after it."""

    market_id: MarketId
    is_bid: bool
    price: Price
    size: Shares
    best_bid: Price | None
    best_ask: Price | None
    order_id: OrderId


class Traded(NamedTuple):
    """Part of a taker's order was matched at one price, given as its own outcome sees it."""

    market_id: MarketId
    outcome: Outcome
    side: Side
    price: Price
    shares: Shares
    trade_id: int


class Redrawn(NamedTuple):
    """The whole book after a trade or a wipe, best price first on both sides, in YES terms.

    ``last_price`` is that of the last trade, in YES terms; ``None`` before the first.
    """

    market_id: MarketId
    bids: Levels
    asks: Levels
    tick: Price
    last_price: Price | None


class TickRefined(NamedTuple):
    market_id: MarketId
    old: Price
    new: Price


Print = LevelSet | Traded | Redrawn | TickRefined
