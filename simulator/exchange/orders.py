"""The exchange's vocabulary: what a market's terms are, what an order is, why one is refused."""

from dataclasses import dataclass
from enum import StrEnum

from core.ids import MarketId, OrderId, Outcome, Side, TokenId
from core.units import Ms, Price, Prob, Shares, mirrored
from simulator.exchange.accounts import Account


@dataclass(frozen=True, slots=True)
class Terms:
    """What the venue publishes about a market when it lists it.

    Units:
        tick:     the smallest price step at listing; the exchange may make it finer.
        min_size: the smallest order, in shares.
        delay_ms: how long a marketable order waits before it is matched (polymarket.md 3.7).
        fee_rate: of the fee formula (polymarket.md 4), takers only.
    """

    market_id: MarketId
    yes_token: TokenId
    no_token: TokenId
    tick: Price
    min_size: Shares
    delay_ms: Ms
    fee_rate: Prob


class Status(StrEnum):
    DELAYED = "delayed"
    LIVE = "live"
    MATCHED = "matched"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class Refusal(StrEnum):
    """Why an order was not taken, in the words of polymarket.md 3.12 where the venue has some."""

    OFF_TICK = "breaks minimum tick size rule"
    BELOW_MINIMUM = "size lower than the minimum"
    OFF_STEP = "size not on 0.01 share"
    WOULD_CROSS = "invalid post-only order: order crosses book"
    NOT_ENOUGH = "not enough balance / allowance"
    CLOSED = "the market takes no orders"


@dataclass(slots=True, eq=False)
class Order:
    """One order, as its owner and the exchange both see it. Only the exchange changes it.

    ``at`` is its price in YES terms and ``is_bid`` its side of the one mirrored book: buying NO at 0.48
    is selling YES at 0.52.
    """

    order_id: OrderId
    owner: Account
    market_id: MarketId
    outcome: Outcome
    side: Side
    price: Price
    size: Shares
    post_only: bool
    remaining: Shares
    status: Status
    refusal: Refusal | None
    is_bid: bool
    at: Price


def own_price(order: Order, at: Price) -> Price:
    """A price of the mirrored book as this order's outcome sees it."""
    return at if order.outcome is Outcome.YES else mirrored(at)


def is_bid(outcome: Outcome, side: Side) -> bool:
    """Whether the order stands on the buying side of the YES book."""
    return (side is Side.BUY) == (outcome is Outcome.YES)
