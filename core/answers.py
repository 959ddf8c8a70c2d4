"""What comes back for what we asked: answers to orders, fills, and steps of wallet actions.

Part of the vocabulary of ``core.events``, which is where others import it from.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.ids import FillId, IntentKey, MarketId, OrderId
from core.units import Ms, Shares, Usdc


class RejectCode(StrEnum):
    """Why an order was refused. What each weighs: ``core.rejects``."""

    POST_ONLY_WOULD_CROSS = "post_only_would_cross"
    NOT_FILLED = "not_filled"  # fill or kill, and there was not enough to meet it
    NOT_ENOUGH_BALANCE = "not_enough_balance"
    OFF_TICK = "off_tick"
    BELOW_MINIMUM = "below_minimum"
    NOT_READY = "not_ready"  # this market takes no orders yet
    RATE_LIMITED = "rate_limited"
    RESTARTING = "restarting"  # HTTP 425
    POST_ONLY_MODE = "post_only_mode"
    CANCEL_ONLY = "cancel_only"
    TRADING_OFF = "trading_off"
    UNTRADABLE = "untradable"
    UNAUTHORIZED = "unauthorized"  # the venue does not know our API key
    NOT_SENT = "not_sent"  # a halt or a lost lease came first: it never left
    NOT_WRITTEN = "not_written"  # its row could not be written, so it never left
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class OrderSent:
    """The row is written and the order is on its way. From here on it may exist at the venue."""

    key: IntentKey
    order_id: OrderId
    heard_ms: Ms


class AckStatus(StrEnum):
    LIVE = "live"
    DELAYED = "delayed"
    MATCHED = "matched"
    BACK = "back"  # its end was told, and it is there after all: its rest may match


@dataclass(frozen=True, slots=True)
class OrderAcked:
    key: IntentKey
    order_id: OrderId
    status: AckStatus
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class OrderRejected:
    key: IntentKey
    code: RejectCode
    detail: str
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class OrderUnknown:
    """Nobody answered. The order may or may not exist; it counts as exposure until settled."""

    key: IntentKey
    reason: str
    heard_ms: Ms


class CloseReason(StrEnum):
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    KILLED = "killed"  # the rest of a marketable order, cancelled by us after its match
    NEVER_LANDED = "never_landed"


@dataclass(frozen=True, slots=True)
class OrderClosed:
    """The order rests no more. ``filled`` is its total fill as the venue counts it."""

    key: IntentKey
    reason: CloseReason
    filled: Shares
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class CancelFailed:
    """A cancel was not carried out: the order is matched, delayed, or the venue did not answer."""

    key: IntentKey
    reason: str
    heard_ms: Ms


class WindowMode(StrEnum):
    """A time in which the venue takes no orders, or only some (polymarket.md 10)."""

    RESTARTING = "restarting"
    POST_ONLY = "post_only"  # quotes and cancels
    CANCEL_ONLY = "cancel_only"
    OFF = "off"  # trading is disabled


@dataclass(frozen=True, slots=True)
class WindowTold:
    """An answer said that the venue takes no orders now, or only some: of anybody, in every market.

    Units:
        wait_ms: how long, by the venue's word; ``None`` where it did not say.
    """

    mode: WindowMode
    wait_ms: Ms | None
    detail: str
    heard_ms: Ms


class Evidence(StrEnum):
    """Why a paper fill is believed."""

    QUEUE = "queue"  # prints at our price ate the queue before us
    CROSSED = "crossed"  # the other side's quote crossed our resting order
    SWEPT = "swept"  # our marketable order swept the book
    VENUE = "venue"  # not paper: the venue said so


class FillStatus(StrEnum):
    MATCHED = "matched"
    MINED = "mined"
    CONFIRMED = "confirmed"
    RETRYING = "retrying"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FillSeen:
    """Part of one of our orders traded.

    Units:
        shares: what changed hands.
        amount: USDC paid (buy) or received (sell) before the fee; the fact, the price is derived from it.
        fee:    USDC, the venue's own figure, 0 for makers.
    """

    fill_id: FillId
    key: IntentKey
    shares: Shares
    amount: Usdc
    fee: Usdc
    status: FillStatus
    evidence: Evidence
    said_ms: Ms
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class FillSettled:
    """A fill moved on: MINED, CONFIRMED, RETRYING or FAILED (then it is reversed)."""

    fill_id: FillId
    status: FillStatus
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class BalanceSeen:
    """Cash the account may spend, as its keeper states it."""

    cash: Usdc
    heard_ms: Ms


class WalletStatus(StrEnum):
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MergeStepped:
    """A merge of ``shares`` YES and NO into USDC moved on."""

    action_id: str
    market_id: MarketId
    shares: Shares
    status: WalletStatus
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Resolved shares were paid out: ``received`` USDC for ``yes`` and ``no`` shares."""

    action_id: str
    market_id: MarketId
    yes: Shares
    no: Shares
    received: Usdc
    heard_ms: Ms


@dataclass(frozen=True, slots=True)
class RedeemFailed:
    """A redemption did not happen, for sure: nothing was paid. What is held is still there to be redeemed."""

    action_id: str
    market_id: MarketId
    reason: str
    heard_ms: Ms
