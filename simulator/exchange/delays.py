"""Orders that wait for a time: marketable ones for the end of the taker delay, GTD ones for their expiry.

Delayed orders cannot be cancelled meanwhile (polymarket.md 3.7). When the time is over, balance and book are
judged again.
"""

from heapq import heapify, heappop, heappush

from core.ids import MarketId
from core.units import Ms
from simulator.exchange.orders import Order


class WaitingRoom:
    """Orders by the time that concerns them; equal times keep their order of arrival."""

    def __init__(self) -> None:
        self._queue: list[tuple[Ms, int, Order]] = []
        self._arrived = 0

    def admit(self, order: Order, due_ms: Ms) -> None:
        self._arrived += 1
        heappush(self._queue, (due_ms, self._arrived, order))

    def due(self, now_ms: Ms) -> list[Order]:
        """Let out every order whose time has come."""
        out: list[Order] = []
        while self._queue and self._queue[0][0] <= now_ms:
            out.append(heappop(self._queue)[2])
        return out

    def evict(self, market_id: MarketId) -> list[Order]:
        """Take out every order of one market, due or not."""
        out = [order for _, _, order in self._queue if order.market_id == market_id]
        self._queue = [entry for entry in self._queue if entry[2].market_id != market_id]
        heapify(self._queue)
        return out
