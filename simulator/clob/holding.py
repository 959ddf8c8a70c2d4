"""Markets that hold a marketable order inside the call instead of answering ``delayed`` (polymarket.md 3.7).

The venue does so where ``itode`` is set: the call waits the delay out and answers with what became of the order:
matched, refused, or ``unmatched``, which means that it rests on the book. No market of ours is so by itself.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from core.ids import MarketId
from simulator.exchange.orders import Order, Status

WAIT_MAX_S: Final = 30


@dataclass(slots=True)
class Holding:
    """``markets`` are the condition ids that hold; somebody from outside puts them there."""

    markets: set[MarketId] = field(default_factory=set)
    _waiting: list[tuple[Order, asyncio.Future[None]]] = field(default_factory=list)

    async def outcome(self, order: Order) -> None:
        """Wait until a held order's delay is over, but not for ever. At once for any other."""
        if order.market_id not in self.markets or order.status is not Status.DELAYED:
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((order, over))
        await asyncio.wait([over], timeout=WAIT_MAX_S)

    def release(self) -> None:
        """Let the calls answer whose orders are not delayed any more."""
        still = []
        for order, over in self._waiting:
            if order.status is Status.DELAYED:
                still.append((order, over))
            elif not over.done():
                over.set_result(None)
        self._waiting = still


HOLDING: Final = web.AppKey("holding", Holding)
