"""Everything that can happen to a shard. The engine reads these and nothing else.

Every event has two times: ``said_ms``, what the source claims, and ``heard_ms``, when we received it.
Ages and races are counted on ``heard_ms`` only. Where nobody but us speaks there is only ``heard_ms``.

Book events are named tuples, not dataclasses: they are made for every frame, and a frozen dataclass
costs four times as much to make.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from core.answers import (
    AckStatus,
    BalanceSeen,
    CancelFailed,
    CloseReason,
    Evidence,
    FillSeen,
    FillSettled,
    FillStatus,
    MergeStepped,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    OrderSent,
    OrderUnknown,
    Redeemed,
    RedeemFailed,
    RejectCode,
    WalletStatus,
    WindowMode,
    WindowTold,
)
from core.ids import EventId, GroupId, MarketId, MatchId, Outcome, Side, TokenId
from core.ledger import Entry
from core.limits import Budget, Limits
from core.units import Ms, Price, Prob, Shares

__all__ = [
    "AckStatus",
    "Adjusted",
    "BalanceSeen",
    "BookChanged",
    "BookEvent",
    "BookSnapshot",
    "BreakerReset",
    "BudgetSet",
    "CancelFailed",
    "CloseReason",
    "ControlEvent",
    "Event",
    "Evidence",
    "FeeSchedule",
    "FeedBack",
    "FeedEvent",
    "FeedLost",
    "FillSeen",
    "FillSettled",
    "FillStatus",
    "Halted",
    "Level",
    "LimitsSet",
    "MarketKind",
    "MarketListed",
    "MarketResolved",
    "MatchSignal",
    "MergeStepped",
    "OrderAcked",
    "OrderAnswer",
    "OrderClosed",
    "OrderEvent",
    "OrderRejected",
    "OrderSent",
    "OrderUnknown",
    "Origin",
    "RedeemFailed",
    "Redeemed",
    "RejectCode",
    "Resumed",
    "ResyncFailed",
    "SignalKind",
    "Tick",
    "TickSizeChanged",
    "Top",
    "TradePrinted",
    "Verdict",
    "WalletEvent",
    "WalletStatus",
    "WindowMode",
    "WindowTold",
]


class Top(NamedTuple):
    """Best bid and ask of one token in that token's own prices. ``None``: that side is empty."""

    bid: Price | None
    ask: Price | None


# (is_bid, price, size): the new aggregate size at one price, in YES terms; size 0 removes the level. A plain
# tuple: a message brings up to a hundred of them, and a named one costs three times as much to make.
Level = tuple[bool, Price, Shares]


class Origin(StrEnum):
    CHANNEL = "channel"
    REST = "rest"


class BookSnapshot(NamedTuple):
    """The whole book as one token's message stated it, already turned into YES terms.

    ``outcome`` is the token that spoke; ``top`` its own best prices as sent. ``ends_frame`` is true on the
    last message of a websocket frame for this market: trust is judged and decisions are made only then.
    """

    market_id: MarketId
    outcome: Outcome
    said_ms: Ms
    heard_ms: Ms
    bids: tuple[tuple[Price, Shares], ...]
    asks: tuple[tuple[Price, Shares], ...]
    top: Top
    origin: Origin
    ends_frame: bool


class BookChanged(NamedTuple):
    """New sizes at some levels, in YES terms, from one message. It may speak for one token or for both.

    ``yes_top`` and ``no_top`` are the best prices the venue stated beside its last change for that token,
    in that token's own prices; ``None`` where the message did not speak of that token, or did not say.
    ``unstated`` names the tokens whose changes came without best prices (almost always nobody): what their
    top is now is unknown.
    """

    market_id: MarketId
    said_ms: Ms
    heard_ms: Ms
    levels: tuple[Level, ...]
    yes_top: Top | None
    no_top: Top | None
    ends_frame: bool
    unstated: tuple[Outcome, ...] = ()


class TradePrinted(NamedTuple):
    """A trade of others. ``outcome``, ``side`` (the taker's) and ``price`` as printed for that token."""

    market_id: MarketId
    outcome: Outcome
    side: Side
    price: Price
    size: Shares
    said_ms: Ms
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """``fee = shares * rate * (p (1 - p)) ** exponent``, taker only (polymarket.md 4).

    Units:
        rate:   Prob.
        rebate: Prob, the makers' part of the fee.
    """

    rate: Prob
    exponent: int
    rebate: Prob


class MarketKind(StrEnum):
    SERIES = "series"  # who wins the match
    MAP = "map"  # who wins one map of it
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MarketListed:
    """A market we may trade, or the same market again with changed terms.

    ``group`` are the markets whose results hang together: what is at risk in them has a limit of its own. It is the
    tournament where the source names one, because a patch, a venue's outage or a fixed bracket hits all of it; else
    the event, a match with its maps: these hang together whatever the tournament is called.

    Units:
        tick:        the smallest price step.
        min_size:    the smallest order, in shares.
        delay_ms:    the venue's taker delay (``secondsDelay``).
        fees:        ``None`` when the venue did not say or said something we cannot compute: no order.
        starts_ms:   game start; ``None`` when unknown.
        map_number:  which map a MAP market is about; ``None`` else.
        best_of:     maps in the series; ``None`` when unknown.
        wiped_at_start: the venue clears the book at game start.
    """

    market_id: MarketId
    event_id: EventId
    group: GroupId
    match_id: MatchId | None
    kind: MarketKind
    title: str
    yes_token: TokenId
    no_token: TokenId
    yes_name: str
    no_name: str
    tick: Price
    min_size: Shares
    delay_ms: Ms
    fees: FeeSchedule | None
    starts_ms: Ms | None
    map_number: int | None
    best_of: int | None
    wiped_at_start: bool
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class TickSizeChanged:
    market_id: MarketId
    tick: Price
    said_ms: Ms
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class FeedLost:
    """The stream that carries these markets is gone, or no longer speaks for them."""

    market_ids: tuple[MarketId, ...]
    reason: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class FeedBack:
    """The stream is open again and subscribed; snapshots follow."""

    market_ids: tuple[MarketId, ...]
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class ResyncFailed:
    """``GET /book`` for a silent market was not answered. Its book stays STALE."""

    market_id: MarketId
    reason: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class MarketResolved:
    """``payout`` is what one YES share pays: ONE, 0, or half of it when the match was void."""

    market_id: MarketId
    payout: Price
    said_ms: Ms
    heard_ms: Ms


class SignalKind(StrEnum):
    STARTED = "started"
    SCORE = "score"  # kills, towers or the series score moved
    LEAD = "lead"  # the gold lead moved by a step worth telling
    PAUSED = "paused"
    RESUMED = "resumed"
    MAP_ENDED = "map_ended"
    ENDED = "ended"
    ABANDONED = "abandoned"
    STATE = "state"  # where the match stands; nothing happened that should move a quote


@dataclass(frozen=True, slots=True)
class MatchSignal:
    """One word of one source about one match. Teams are by index: 0 is the YES team of its markets.

    Units:
        lead:     gold, signed towards team 0; ``None`` when the source does not say.
        clock_ms: game time of the current map.
        winner:   team index for MAP_ENDED and ENDED, ``None`` when the source named none.
    """

    match_id: MatchId
    source: str
    kind: SignalKind
    map_number: int
    maps: tuple[int, int]
    score: tuple[int, int]
    lead: int | None
    clock_ms: Ms
    winner: int | None
    said_ms: Ms
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class Halted:
    """Stop. ``market_id`` ``None`` means everything; ``reason`` as in trading.md 12."""

    market_id: MarketId | None
    reason: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class Resumed:
    """A halt ended, by reset (everything) or by resume (one market)."""

    market_id: MarketId | None
    reason: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class BreakerReset:
    """Somebody resumed a market whose circuit breaker was open: it trades again at once."""

    market_id: MarketId
    reason: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class BudgetSet:
    """This shard's part of the limits, from now on."""

    budget: Budget
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class LimitsSet:
    """From here on these limits bind. ``number`` is their version; an older one than that in force changes nothing."""

    number: int
    limits: Limits
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The ledger was corrected from outside: the entries are in the rows already, and only the engine has to learn."""

    entries: tuple[Entry, ...]
    reason: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed. Sent about once a second, and by replay wherever a second boundary is crossed."""

    heard_ms: Ms


BookEvent = BookSnapshot | BookChanged | TradePrinted | TickSizeChanged
FeedEvent = MarketListed | FeedLost | FeedBack | ResyncFailed | MarketResolved | MatchSignal
OrderAnswer = OrderSent | OrderAcked | OrderRejected | OrderUnknown | OrderClosed | CancelFailed
OrderEvent = OrderAnswer | FillSeen | FillSettled
WalletEvent = BalanceSeen | MergeStepped | Redeemed | RedeemFailed | Adjusted
ControlEvent = Halted | Resumed | BreakerReset | BudgetSet | LimitsSet | Tick
Event = BookEvent | FeedEvent | OrderEvent | WindowTold | WalletEvent | ControlEvent

Verdict = Literal["quote", "take", "merge", "redeem", "hold", "no"]
