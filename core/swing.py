"""How far a price has moved within a window of time, in constant work a move."""

from collections import deque
from typing import Final

from core.units import Ms

END: Final = 0
VALUE: Final = 1
Held = list[int]  # [when the next value came, value]; the latest one's end is not known yet


class Swing:
    """Remembers the values that were in effect within the last ``window_ms``, as far as they can matter."""

    __slots__ = ("_falling", "_latest", "_rising", "_window_ms")

    def __init__(self, window_ms: Ms) -> None:
        self._window_ms = window_ms
        self._latest: Held | None = None
        self._falling: deque[Held] = deque()  # values fall from left to right: the first is the highest
        self._rising: deque[Held] = deque()

    def move(self, value: int, now: Ms) -> int:
        """Take in a new value; return how far it is from the farthest that was in effect within the window.

        A value is in effect until the next one comes, however long ago it came itself.
        """
        if self._latest is not None:
            self._latest[END] = now
        self._latest = [0, value]
        farthest = 0
        for values, sign in ((self._falling, 1), (self._rising, -1)):
            while values and values[0][END] <= now - self._window_ms:
                values.popleft()
            if values:
                farthest = max(farthest, sign * (values[0][VALUE] - value))
            while values and sign * (values[-1][VALUE] - value) <= 0:
                values.pop()
            values.append(self._latest)
        return farthest

    def forget(self, value: int) -> None:
        """Begin again at ``value``."""
        self._latest = [0, value]
        self._falling = deque([self._latest])
        self._rising = deque([self._latest])
