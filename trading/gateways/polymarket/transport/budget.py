"""How often we may ask. The venue counts per signer and throttles or refuses beyond (polymarket.md 10).

Buckets that fill by the real clock. An order over the budget is refused here and now, never queued: a late order is
worse than none. Cancels and reads wait, for a bounded time.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from core.units import Ms
from infra import clock

ORDERS_A_S: Final = 40  # the Standard tier
ORDERS_BURST: Final = 60
CANCELS_A_S: Final = 80
CANCELS_BURST: Final = 120
READS_A_S: Final = 20  # a wallet's balances may be read 20 times a second, orders and trades 50 times
READS_BURST: Final = 40


class Bucket:
    """``rate`` permits a second, ``burst`` at most at once. Permits are counted in thousandths, times in real ms."""

    __slots__ = ("_burst", "_clock", "_level", "_rate", "_seen_ms", "_shut_until_ms")

    def __init__(self, rate: int, burst: int, *, monotonic: Callable[[], int] = clock.monotonic_ms) -> None:
        self._rate = rate
        self._burst = burst * 1000
        self._clock = monotonic
        self._level = self._burst
        self._seen_ms = monotonic()
        self._shut_until_ms = self._seen_ms

    def take(self, permits: int = 1) -> Ms | None:
        """Take permits now (``None``), or say in how many ms they will be there and take none.

        More permits than the whole burst are given when the bucket is full, and leave a debt.
        """
        now = self._fill()
        if now < self._shut_until_ms:
            return Ms(self._shut_until_ms - now)
        missing = min(permits * 1000, self._burst) - self._level
        if missing > 0:
            return Ms(-(-missing // self._rate))
        self._level -= permits * 1000
        return None

    def spend(self, permits: int) -> None:
        """Count what was spent already, beyond what there is if need be."""
        self._fill()
        self._level -= permits * 1000

    async def wait(self, permits: int = 1, *, within_ms: int) -> bool:
        """Take permits as soon as they are there; false, and none taken, when not within ``within_ms``."""
        deadline = self._clock() + within_ms
        while (wait_ms := self.take(permits)) is not None:
            left = deadline - self._clock()
            if wait_ms > left:
                return False
            await asyncio.sleep(wait_ms / 1000)
        return True

    def shut(self, for_ms: int) -> None:
        """Give nothing for ``for_ms``: the venue said so."""
        self._shut_until_ms = max(self._shut_until_ms, self._fill() + for_ms)

    def told(self, remaining: int) -> None:
        """The venue counts ``remaining`` permits: ours are never more than that. No debt is beyond a burst."""
        self._fill()
        self._level = min(self._level, max(remaining * 1000, -self._burst))

    def _fill(self) -> int:
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._seen_ms) * self._rate)
        self._seen_ms = now
        return now
