"""What happens to followed wallets, in order: the stuff of the user channel.

Orders and trades change on while a happening waits to be told, so each carries what was true at its time.
"""

from typing import NamedTuple

from core.units import Ms, Shares
from simulator.exchange.orders import CancelReason, Order, Status
from simulator.exchange.trades import Trade, TradeStatus


class OrderPlaced(NamedTuple):
    """It was taken: LIVE (its matches, if any, follow as updates) or DELAYED."""

    order: Order
    at: Ms
    status: Status


class OrderUpdated(NamedTuple):
    """It was matched once more, or rests after its delay: LIVE with nothing new filled ("unmatched")."""

    order: Order
    at: Ms
    status: Status
    filled: Shares


class OrderEnded(NamedTuple):
    """It is gone without being filled to its end. A filled order ends with its last update."""

    order: Order
    at: Ms
    why: CancelReason
    filled: Shares


class TradeHappened(NamedTuple):
    """MATCHED. Said before the updates of the orders in it."""

    trade: Trade
    at: Ms


class TradeMoved(NamedTuple):
    trade: Trade
    at: Ms
    status: TradeStatus


Happening = OrderPlaced | OrderUpdated | OrderEnded | TradeHappened | TradeMoved
