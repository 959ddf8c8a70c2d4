"""What the answers to a market's orders mean to its circuit breaker. Read ``heard``.

The first word of the venue about an order is its answer, over whichever road it came. An order held by the taker
delay was answered and not taken yet: what it becomes decides. An UNKNOWN order was not answered: once it is older
than the time an answer may take, that is trouble by itself. Orders of an earlier life of the process say nothing
here: nobody knows when they were sent.
"""

from typing import Final

from core.breaker import Breaker, BreakerMoved, Happening, State
from core.events import (
    AckStatus,
    CancelFailed,
    CloseReason,
    FillSeen,
    OrderAcked,
    OrderAnswer,
    OrderClosed,
    OrderRejected,
    OrderSent,
    OrderUnknown,
)
from core.ids import IntentKey, MarketId
from core.lifecycle import Status
from core.limits import Limits
from core.order import Order
from core.rejects import WEIGHT, Weight
from core.units import Ms

# A cancel of what is matched, closed or held by the taker delay fails rightly: there was nothing to withdraw.
MAY_REST: Final = frozenset({Status.LIVE, Status.PARTIAL, Status.CANCELLING, Status.UNKNOWN})
Moves = tuple[BreakerMoved, ...]


class Guard:
    """One market's breaker, and the orders whose answer it waits for."""

    __slots__ = ("_awaited", "breaker")

    def __init__(self, market_id: MarketId) -> None:
        self.breaker = Breaker(market_id)
        self._awaited: dict[IntentKey, Ms | None] = {}  # when sent; ``None``: answered, and held by the delay

    def heard(
        self,
        order: Order,
        was: Status,
        event: OrderAnswer | FillSeen,
        *,
        limits: Limits,
        takes_cancels: bool,
    ) -> Moves:
        """Weigh what was said about ``order``, whose status was ``was`` before. ``takes_cancels``: the venue takes
        any at all now (``core.windows``)."""
        now = event.heard_ms
        match event:
            case OrderSent(key=key):
                self._awaited[key] = now
                return ()
            case OrderUnknown():
                return ()
            case OrderRejected():
                return self._rejected(event, limits)
            case CancelFailed(reason=reason):
                counts = takes_cancels and was in MAY_REST
                return self._tell(Happening.CANCEL_FAILED, reason, limits, now) if counts else ()
            case OrderAcked(key=key, status=AckStatus.DELAYED):
                return self._held(key, limits, now)
            case OrderClosed(reason=CloseReason.NEVER_LANDED, key=key):
                self._let_go(key)
                return ()
            case OrderClosed():
                moved = self._taken(event.key, limits, now)
                if order.cancel_tried_ms is None:
                    return moved
                return moved + self._tell(Happening.CANCELLED, "a cancel was carried out", limits, now)
            case OrderAcked() | FillSeen():
                return self._taken(event.key, limits, now)

    def pass_time(self, limits: Limits, now: Ms) -> Moves:
        """Count what has not been answered in time, and half-open the breaker when its time is over."""
        moves: Moves = ()
        for key, sent in list(self._awaited.items()):
            if sent is not None and now - sent > limits.breaker_answer_ms:
                moves += self._slow(key, f"no answer within {limits.breaker_answer_ms} ms", limits, now)
        half_open = self.breaker.pass_time(limits, now)
        return moves if half_open is None else (*moves, half_open)

    def _rejected(self, event: OrderRejected, limits: Limits) -> Moves:
        key, now = event.key, event.heard_ms
        if key not in self._awaited:
            self.breaker.tried_in_vain(key)  # it never left
            return ()
        weight, sent = WEIGHT[event.code], self._awaited[key]
        if weight in (Weight.COUNTS, Weight.BENIGN) and _late(sent, limits, now):
            return self._slow(key, _took(sent, now), limits, now)
        decides = self._decides(key)
        self._let_go(key)
        if weight is not Weight.COUNTS or not decides:
            return ()
        return self._tell(Happening.REJECTED, f"{event.code}: {event.detail}", limits, now)

    def _held(self, key: IntentKey, limits: Limits, now: Ms) -> Moves:
        sent = self._awaited.get(key)
        if sent is None:
            return ()
        if _late(sent, limits, now):
            return self._slow(key, _took(sent, now), limits, now)
        self._awaited[key] = None
        return ()

    def _taken(self, key: IntentKey, limits: Limits, now: Ms) -> Moves:
        if key not in self._awaited:
            return ()
        sent = self._awaited[key]
        if _late(sent, limits, now):
            return self._slow(key, _took(sent, now), limits, now)
        decides = self._decides(key)
        self._let_go(key)
        return self._tell(Happening.ACCEPTED, "the venue took an order", limits, now) if decides else ()

    def _slow(self, key: IntentKey, words: str, limits: Limits, now: Ms) -> Moves:
        decides = self._decides(key)
        self._let_go(key)
        return self._tell(Happening.ANSWERED_SLOWLY, words, limits, now) if decides else ()

    def _decides(self, key: IntentKey) -> bool:
        """Half-open, only the order that is tried says anything."""
        return self.breaker.state is not State.HALF_OPEN or self.breaker.trial == key

    def _let_go(self, key: IntentKey) -> None:
        self._awaited.pop(key, None)
        self.breaker.tried_in_vain(key)

    def _tell(self, happening: Happening, words: str, limits: Limits, now: Ms) -> Moves:
        moved = self.breaker.happen(happening, words, limits, now)
        return () if moved is None else (moved,)


def _late(sent: Ms | None, limits: Limits, now: Ms) -> bool:
    return sent is not None and now - sent > limits.breaker_answer_ms


def _took(sent: Ms | None, now: Ms) -> str:
    assert sent is not None, "what is late was sent"
    return f"an answer took {now - sent} ms"
