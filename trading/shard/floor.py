"""Where a shard trades, on paper or at the venue: the gateway, and what it needs around it.

A floor is made before its shard and closed after it. ``take_up`` is called before anything is traded.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Protocol

from core.events import MarketListed
from core.ids import IntentKey, MarketId
from core.ledger import Ledger
from core.units import Shares
from infra import aio, clock
from trading.board.rows import Row
from trading.gateways.paper import PaperGateway, order_id
from trading.reconcile import statement
from trading.runner import Gateway, Runner
from trading.shard.recovery import Opened
from trading.shard.setup import paper_venue


class Floor(Protocol):
    @property
    def gateway(self) -> Gateway: ...

    async def learn(self, listings: Sequence[MarketListed]) -> None:
        """Markets the engine will hear of next."""

    def ahead(self, key: IntentKey) -> Shares | None:
        """Shares queued before an order at its price, where that is known."""

    async def take_up(self, runner: Runner, opened: Opened) -> None:
        """Let the engine hear what it missed and make sure that the venue's figures are ours."""

    def works(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What must run while the shard trades."""

    def feed_rows(self) -> dict[str, Row]:
        """Its own sockets, as the console shows them."""

    async def close(self) -> None: ...


class PaperFloor:
    """The paper venue lives and dies with its shard: there is nothing to take up."""

    def __init__(self, ledger: Ledger, *, account_id: int, stop: asyncio.Event) -> None:
        self._venue = paper_venue(ledger)
        self.gateway = PaperGateway(self._venue)
        self._account_id = account_id
        self._stop = stop

    async def learn(self, listings: Sequence[MarketListed]) -> None:
        """The model observes what the runner takes."""

    def ahead(self, key: IntentKey) -> Shares | None:
        return self.gateway.ahead(key)

    async def take_up(self, runner: Runner, opened: Opened) -> None:
        """Nothing outlived the last process."""

    def works(self) -> Iterable[Coroutine[Any, Any, None]]:
        return (aio.ending_surely(aio.every(statement.TELL_MS, self._tell, stop=self._stop)),)

    async def _tell(self) -> None:
        """Leave what the model holds for reconciliation: nobody else can ask this venue."""
        now = clock.now_ms()
        rests = [(order_id(key), MarketId(key.split("|")[1])) for key in self._venue.open_keys()]
        await statement.leave(self._account_id, statement.stated(self._venue, rests, now))

    def feed_rows(self) -> dict[str, Row]:
        return {}

    async def close(self) -> None:
        """Nothing is open but the model."""
