"""How far the mid of a market has moved lately: what opening orders are sized by (``core.rules.sizing``)."""

from collections import deque
from typing import Final

from core.units import Ms, Price

WINDOW_MS: Final = Ms(300_000)
SPAN_MS: Final = Ms(10_000)


class MidRange:
    """The highest mid less the lowest that were in effect in the last ``WINDOW_MS``, in whole spans of ``SPAN_MS``.

    A mid is in effect until the next one comes. What was not watched is not known: right after a start the range is
    that of the time since. One comparison for a mid within its span, because it is told of every move.
    """

    __slots__ = ("_ends_ms", "_high2", "_latest2", "_low2", "_spans")

    def __init__(self) -> None:
        self._spans: deque[tuple[Ms, int, int]] = (
            deque()
        )  # (end, highest, lowest) of those before the present one
        self._ends_ms = Ms(0)
        self._latest2: int | None = None  # twice the mid
        self._high2 = self._low2 = 0

    def hear(self, mid2: int, now: Ms) -> None:
        """Take in twice the new mid."""
        if now >= self._ends_ms:
            self._begin(mid2, now)
        elif mid2 > self._high2:
            self._high2 = mid2
        elif mid2 < self._low2:
            self._low2 = mid2
        self._latest2 = mid2

    def _begin(self, mid2: int, now: Ms) -> None:
        """A new span: the mid before was in effect until now."""
        latest = mid2
        if self._latest2 is not None:
            latest = self._latest2
            self._spans.append((self._ends_ms, self._high2, self._low2))
        while self._spans and self._spans[0][0] <= now - WINDOW_MS:
            self._spans.popleft()
        self._ends_ms = Ms(now + SPAN_MS)
        self._high2, self._low2 = max(mid2, latest), min(mid2, latest)

    def width(self, now: Ms) -> Price | None:
        """The range, rounded up; ``None`` while no mid was heard at all."""
        latest = self._latest2
        if latest is None:
            return None
        high, low, since = latest, latest, now - WINDOW_MS
        if self._ends_ms > since:
            high, low = self._high2, self._low2
            for ends_ms, span_high, span_low in self._spans:
                if ends_ms > since:
                    high, low = max(high, span_high), min(low, span_low)
        return Price(-(-(high - low) // 2))
