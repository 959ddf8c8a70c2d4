"""Patience with the chain: a merge or redemption that failed is tried again after a rest that grows."""

from typing import Final

from core.units import Ms

REST_MS: Final = Ms(60_000)
REST_MAX_MS: Final = Ms(3_600_000)


class Attempts:
    """How often something on the chain failed in a row, and until when it rests for that."""

    __slots__ = ("_failed", "_failures", "_until_ms")

    def __init__(self) -> None:
        self._failed: str | None = None
        self._failures = 0
        self._until_ms = Ms(0)

    def failed(self, action_id: str, now: Ms) -> bool:
        """Note a failure; false when this one was told before."""
        if action_id == self._failed:
            return False
        self._failed = action_id
        self._until_ms = Ms(now + min(REST_MS << self._failures, REST_MAX_MS))
        self._failures = min(self._failures + 1, 10)
        return True

    def done(self) -> None:
        self._failures, self._until_ms = 0, Ms(0)

    def rests(self, now: Ms) -> bool:
        return now < self._until_ms
