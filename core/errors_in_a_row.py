"""Errors in a row, across all markets: more than five stop everything (trading.md 12, ``consecutive_errors``).

An error is: an order refused for a reason that counts (``core.rejects``, an API key that the venue does not know
among them), an order whose row could not be written, a step that raised. A success is an order the venue took:
nothing else shows that our steps, our database and the venue all work. What is part of trading (a price that was
there first), what the venue does to everybody (a restart, post-only mode) and what we stopped ourselves is neither.
An order nobody answered for is neither as well: it blocks its market and opens its breaker, and its fate is asked for.
"""

from collections import deque
from typing import Final

from core.answers import AckStatus, OrderAcked, OrderRejected, RejectCode
from core.rejects import WEIGHT, Weight

ENOUGH: Final = 5
TOLD: Final = 3
ERRORS: Final = frozenset({Weight.COUNTS, Weight.UNWRITTEN})
# Held by the taker delay it is not taken yet, and one that is back was not taken just now.
TAKEN: Final = frozenset({AckStatus.LIVE, AckStatus.MATCHED})
WORDS_MAX: Final = 80  # of each error: three of them and what they are fit the halt's detail


class ErrorsInARow:
    """Counts, and remembers the last few in words."""

    def __init__(self) -> None:
        self.count = 0
        self._last: deque[str] = deque(maxlen=TOLD)

    def hear(self, event: OrderAcked | OrderRejected) -> None:
        """Take in an answer to an order."""
        if isinstance(event, OrderAcked):
            if event.status in TAKEN:
                self.count = 0
                self._last.clear()
        elif WEIGHT[event.code] in ERRORS:
            self.failed(_words(event))

    def failed(self, words: str) -> None:
        """An error of ours."""
        self.count += 1
        self._last.append(words if len(words) <= WORDS_MAX else f"{words[: WORDS_MAX - 3]}...")

    def take(self) -> str | None:
        """Why everything must stop, once there were more than ``ENOUGH``; told once, then counted anew."""
        if self.count <= ENOUGH:
            return None
        told = f"{self.count} errors in a row: {'; '.join(self._last)}"
        self.count = 0
        self._last.clear()
        return told


def _words(event: OrderRejected) -> str:
    if event.code is RejectCode.UNAUTHORIZED:
        return f"our API key is refused, restart the trader for a new one: {event.detail}"
    return f"{event.code}: {event.detail}"
