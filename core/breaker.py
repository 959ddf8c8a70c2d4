"""A market's circuit breaker: after trouble it stops the market by itself, for a while (trading.md 12). Read ``MOVES``.

Three rejected orders in a row, three failed cancels in a row, or one answer that took too long open it. Open, it
lets nothing through, opening or reducing: it stands in the market layer beside a halt, and section 10 calls leaving
it leaving HALT; an order that reduces would meet the same trouble as one that opens. When its time is over one order
is tried, and what becomes of that one decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.ids import IntentKey, MarketId
from core.limits import Limits
from core.units import Ms


class State(StrEnum):
    CLOSED = "closed"  # orders go through
    OPEN = "open"  # none does
    HALF_OPEN = "half_open"  # one does, and decides


class Code(StrEnum):
    """Why it opened."""

    REJECTS = "rejects"
    CANCELS = "cancels"
    SLOW_ANSWER = "slow_answer"


class Happening(StrEnum):
    REJECTED = "rejected"  # for a reason that counts (``core.rejects``)
    CANCEL_FAILED = "cancel_failed"
    ANSWERED_SLOWLY = "answered_slowly"  # or not at all within that time
    ACCEPTED = "accepted"  # the venue took an order, in time
    CANCELLED = "cancelled"  # it carried a cancel out
    WAITED = "waited"  # the time it was to stay open is over
    RESUMED = "resumed"  # somebody resumed the market, or it is resolved and takes no orders any more


class Move(StrEnum):
    STAY = "stay"
    COUNT = "count"  # one more in a row; enough of them open it
    FORGET = "forget"  # the row is broken
    OPEN = "open"
    TRY = "try"  # half-open: the next order decides
    CLOSE = "close"


# Total. What an open breaker hears is of orders sent before: known trouble, and no sign that it is over. Half-open
# forgives nothing.
MOVES: Final[Mapping[State, Mapping[Happening, Move]]] = {
    State.CLOSED: {
        Happening.REJECTED: Move.COUNT,
        Happening.CANCEL_FAILED: Move.COUNT,
        Happening.ANSWERED_SLOWLY: Move.OPEN,
        Happening.ACCEPTED: Move.FORGET,
        Happening.CANCELLED: Move.FORGET,
        Happening.WAITED: Move.STAY,
        Happening.RESUMED: Move.STAY,
    },
    State.OPEN: {
        Happening.REJECTED: Move.STAY,
        Happening.CANCEL_FAILED: Move.STAY,
        Happening.ANSWERED_SLOWLY: Move.STAY,
        Happening.ACCEPTED: Move.STAY,
        Happening.CANCELLED: Move.STAY,
        Happening.WAITED: Move.TRY,
        Happening.RESUMED: Move.CLOSE,
    },
    State.HALF_OPEN: {
        Happening.REJECTED: Move.OPEN,
        Happening.CANCEL_FAILED: Move.OPEN,
        Happening.ANSWERED_SLOWLY: Move.OPEN,
        Happening.ACCEPTED: Move.CLOSE,
        Happening.CANCELLED: Move.STAY,
        Happening.WAITED: Move.STAY,
        Happening.RESUMED: Move.CLOSE,
    },
}

# Each trouble and what it is called when it opens a breaker.
CODES: Final[Mapping[Happening, Code]] = {
    Happening.REJECTED: Code.REJECTS,
    Happening.CANCEL_FAILED: Code.CANCELS,
    Happening.ANSWERED_SLOWLY: Code.SLOW_ANSWER,
}
# What breaks a row of what.
BREAKS: Final[Mapping[Happening, Happening]] = {
    Happening.ACCEPTED: Happening.REJECTED,
    Happening.CANCELLED: Happening.CANCEL_FAILED,
}


@dataclass(frozen=True, slots=True)
class Trip:
    """One time a breaker opened, until it closed again.

    Units:
        tripped:   how often since it was last closed; 1 the first time.
        opened_ms: the first time of these.
        until_ms:  when it lets one order try; another each time it opens, and so the name of it.
    """

    code: Code
    detail: str
    tripped: int
    opened_ms: Ms
    until_ms: Ms


@dataclass(frozen=True, slots=True)
class KeptBreaker:
    """A breaker that was not closed when an earlier life of the process ended."""

    market_id: MarketId
    state: State
    trip: Trip


@dataclass(frozen=True, slots=True)
class BreakerMoved:
    """``trip`` is the one in force, or the one that ended when it closed. ``reason``: why it moved."""

    market_id: MarketId
    was: State
    now: State
    trip: Trip
    reason: str
    at_ms: Ms


class Breaker:
    """One market's breaker. It counts what is told to it; ``core.safeguards`` knows what an event means to it.

    trial: the order that decides, while it is on its way.
    """

    __slots__ = ("_in_a_row", "market_id", "state", "trial", "trip")

    def __init__(self, market_id: MarketId) -> None:
        self.market_id = market_id
        self.state = State.CLOSED
        self.trip: Trip | None = None
        self.trial: IntentKey | None = None
        self._in_a_row: dict[Happening, int] = dict.fromkeys(BREAKS.values(), 0)

    def restore(self, kept: KeptBreaker) -> None:
        """Go on where an earlier life of the process was. Which order was tried nobody knows: the next one is."""
        assert kept.state is not State.CLOSED, "what is closed is not kept"
        self.state, self.trip = kept.state, kept.trip

    def happen(self, happening: Happening, words: str, limits: Limits, now: Ms) -> BreakerMoved | None:
        """Move by the table. ``words`` say what happened, for people; ``None``: it is where it was."""
        move = MOVES[self.state][happening]
        if move is Move.FORGET:
            self._in_a_row[BREAKS[happening]] = 0
        elif move is Move.COUNT:
            count = self._in_a_row[happening] = self._in_a_row[happening] + 1
            if count >= self._enough(happening, limits):
                return self._open(happening, _row(happening, count, words), limits, now)
        elif move is Move.OPEN:
            return self._open(happening, words, limits, now)
        elif move is Move.TRY:
            return self._move(State.HALF_OPEN, words, now)
        elif move is Move.CLOSE:
            return self._close(words, now)
        return None

    def pass_time(self, limits: Limits, now: Ms) -> BreakerMoved | None:
        """Half-open it once its time is over."""
        if self.state is not State.OPEN or self.trip is None or now < self.trip.until_ms:
            return None
        return self.happen(Happening.WAITED, "its time is over: one order is tried", limits, now)

    def try_with(self, key: IntentKey) -> None:
        """An order was approved: while half-open it is the one that decides."""
        if self.state is State.HALF_OPEN:
            assert self.trial is None, "one order is tried at a time"
            self.trial = key

    def tried_in_vain(self, key: IntentKey) -> None:
        """The order under trial came to nothing that says anything: another one may be tried."""
        if self.trial == key:
            self.trial = None

    def forbids(self, now: Ms) -> str | None:
        """Why no order may be approved now, in words."""
        if self.state is State.HALF_OPEN and self.trial is not None:
            return f"the breaker is half-open, one order is tried first: {self.trial}"
        if self.state is not State.OPEN or self.trip is None:
            return None
        left_s = -(-max(0, self.trip.until_ms - now) // 1_000)
        return f"the breaker is open for another {left_s} s: {self.trip.detail}"

    @staticmethod
    def _enough(happening: Happening, limits: Limits) -> int:
        return limits.breaker_rejects if happening is Happening.REJECTED else limits.breaker_cancels

    def _open(self, happening: Happening, detail: str, limits: Limits, now: Ms) -> BreakerMoved:
        before = self.trip
        self.trip = Trip(
            code=CODES[happening],
            detail=detail,
            tripped=1 if before is None else before.tripped + 1,
            opened_ms=now if before is None else before.opened_ms,
            until_ms=Ms(now + limits.breaker_open_ms),
        )
        return self._move(State.OPEN, detail, now)

    def _close(self, words: str, now: Ms) -> BreakerMoved:
        moved = self._move(State.CLOSED, words, now)
        self.trip = None
        return moved

    def _move(self, after: State, words: str, now: Ms) -> BreakerMoved:
        assert self.trip is not None, "a breaker that moves was opened before"
        was, self.state, self.trial = self.state, after, None
        self._in_a_row = dict.fromkeys(BREAKS.values(), 0)
        return BreakerMoved(self.market_id, was, after, self.trip, words, now)


def _row(happening: Happening, count: int, words: str) -> str:
    what = "rejects" if happening is Happening.REJECTED else "failed cancels"
    return f"{count} {what} in a row, the last: {words}"
