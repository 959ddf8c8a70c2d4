"""The exchange's vocabulary: what a market's terms are, what an order is, why one is refused or ends."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from core.ids import MarketId, OrderId, Outcome, Side, TokenId
from core.units import Ms, Price, Prob, Shares, Usdc, mirrored
from simulator.exchange.accounts import NOTHING, Account

NO_SHARES: Final = Shares(0)


class Version(StrEnum):
    """Which of the venue's protocols a market's tokens belong to (polymarket.md 3.1)."""

    V1 = "v1"
    V2 = "v2"


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
    neg_risk: bool = False
    version: Version = Version.V1

    def token(self, outcome: Outcome) -> TokenId:
        return self.yes_token if outcome is Outcome.YES else self.no_token


class TimeInForce(StrEnum):
    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"

    @property
    def rests(self) -> bool:
        """Whether what is not matched at once may wait on the book."""
        return self in (TimeInForce.GTC, TimeInForce.GTD)


class Status(StrEnum):
    DELAYED = "delayed"
    LIVE = "live"
    MATCHED = "matched"  # nothing of it can match any more: filled, or a FAK's rest was killed
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Refusal(StrEnum):
    """Why an order was not taken, in the words of polymarket.md 3.12 where the venue has some."""

    OFF_TICK = "breaks minimum tick size rule"
    BELOW_MINIMUM = "size lower than the minimum"
    OFF_STEP = "size not on 0.01 share"
    WOULD_CROSS = "invalid post-only order: order crosses book"
    NOT_ENOUGH = "not enough balance / allowance"
    NO_ALLOWANCE = "not enough balance / allowance: the allowance is not enough"
    CLOSED = "the market takes no orders"
    DUPLICATED = "Duplicated"
    BAD_EXPIRATION = "invalid expiration"
    FOK_NOT_FILLED = "order couldn't be fully filled. FOK orders are fully filled or killed."
    FAK_NO_MATCH = (
        "no orders found to match with FAK order. "
        "FAK orders are partially filled or killed if no match is found."
    )


class CancelReason(StrEnum):
    """Why an order that was taken ended without being filled to its end."""

    ASKED = "asked"
    EXPIRED = "expired"
    KILLED = "killed"  # what a FAK left over
    REJECTED = "rejected"  # after its delay: ``Order.refusal`` says why
    UNCOVERED = "uncovered"  # its owner's cash or tokens went away on the chain
    HEARTBEAT = "heartbeat"
    GAME_START = "game start"
    RESOLVED = "resolved"


@dataclass(slots=True, eq=False)
class Order:
    """One order, as its owner and the exchange both see it. Only the exchange changes it.

    ``at`` is its price in YES terms and ``is_bid`` its side of the one mirrored book: buying NO at 0.48
    is selling YES at 0.52.

    Units:
        remaining:  of ``size``, what may still match; what was left over when the order has ended.
        budget:     what a FOK or FAK BUY spends instead of reaching ``size`` (polymarket.md 3.6).
        filled:     shares matched, more than ``size`` where a budget met better prices.
        amount:     what those shares cost or brought, without the fee.
        fee:        what it paid as a taker.
        expires_ms: as stated; the exchange is a minute earlier (polymarket.md 3.6).
        held_back:  what it locks of its owner's cash (BUY) or shares (SELL).
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
    tif: TimeInForce
    expires_ms: Ms | None
    budget: Usdc | None
    placed_ms: Ms
    updated_ms: Ms
    filled: Shares = NO_SHARES
    amount: Usdc = NOTHING
    fee: Usdc = NOTHING
    held_back: int = 0
    was_delayed: bool = False
    ended: CancelReason | None = None
    trade_ids: list[str] = field(default_factory=list)  # kept of wallets' orders only

    @property
    def open(self) -> bool:
        return self.status in (Status.LIVE, Status.DELAYED)


def own_price(order: Order, at: Price) -> Price:
    """A price of the mirrored book as this order's outcome sees it."""
    return at if order.outcome is Outcome.YES else mirrored(at)


def is_bid(outcome: Outcome, side: Side) -> bool:
    """Whether the order stands on the buying side of the YES book."""
    return (side is Side.BUY) == (outcome is Outcome.YES)
