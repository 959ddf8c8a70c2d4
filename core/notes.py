"""What a step tells the journal and the console. Notes carry facts; nobody decides by them."""

from dataclasses import dataclass
from enum import StrEnum

from core import events as ev
from core.book import BookNote
from core.breaker import BreakerMoved
from core.events import FillStatus, Verdict, WindowMode
from core.ids import FillId, IntentKey, MarketId, OrderId, Strategy
from core.ledger import Entry
from core.limits import Limits
from core.orders import Order, Status
from core.strategies.view import Gate, GateCheck
from core.trading import State
from core.units import Ms, Shares, Usdc


@dataclass(frozen=True, slots=True)
class Decided:
    """A strategy's answer for one market, told when its verdict or its first failing gate changed,
    and whenever orders came of it."""

    market_id: MarketId
    strategy: Strategy
    sequence: int
    verdict: Verdict
    gate: Gate | None
    gates: tuple[GateCheck, ...]
    intents: tuple[IntentKey, ...]
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class Booked:
    """Ledger entries, in the order they were booked."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StateMoved:
    market_id: MarketId
    was: State
    now: State
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """An order's row after an event. ``filled`` and ``fee`` are totals."""

    key: IntentKey
    order_id: OrderId | None
    market_id: MarketId
    status: Status
    filled: Shares
    amount: Usdc
    fee: Usdc
    reason: str
    at_ms: Ms


def moved(order: Order, event: ev.OrderAnswer | ev.FillSeen) -> OrderMoved:
    """The order's row after ``event``."""
    return OrderMoved(
        key=order.place.key,
        order_id=order.order_id,
        market_id=order.place.market_id,
        status=order.status,
        filled=order.filled,
        amount=order.amount,
        fee=order.fee,
        reason=why(event),
        at_ms=event.heard_ms,
    )


def why(event: ev.OrderAnswer | ev.FillSeen) -> str:
    """The venue's reason, for the order's row; empty where it gives none."""
    match event:
        case ev.OrderRejected(code=code, detail=detail):
            return f"{code}: {detail}"
        case ev.OrderUnknown(reason=reason) | ev.CancelFailed(reason=reason):
            return reason
        case ev.OrderClosed(reason=reason):
            return reason.value
        case _:
            return ""


class Refusal(StrEnum):
    """Input the core will not take. Counted by the shell, never silent."""

    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_ORDER = "unknown_order"
    ILLEGAL_ORDER_EVENT = "illegal_order_event"
    REPEATED_FILL = "repeated_fill"
    LATE_FILL_FORGOTTEN = "late_fill_forgotten"


@dataclass(frozen=True, slots=True)
class InputRefused:
    refusal: Refusal
    detail: str
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class Settled:
    """A fill moved on."""

    fill_id: FillId
    status: FillStatus
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class DayStarted:
    """The first valuation at or after 00:00 UTC; today's P&L counts from it."""

    equity: Usdc
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class WindowMoved:
    """The venue takes other orders than before, in every market. ``mode`` is ``None`` when it takes all again."""

    mode: WindowMode | None
    until_ms: Ms | None
    detail: str
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """Other limits bind from here on. ``was`` is the version before, ``None`` when it had none."""

    was: int | None
    number: int
    limits: Limits
    at_ms: Ms


Note = (
    BookNote
    | Decided
    | Booked
    | StateMoved
    | OrderMoved
    | InputRefused
    | Settled
    | DayStarted
    | BreakerMoved
    | WindowMoved
    | LimitsChanged
)
