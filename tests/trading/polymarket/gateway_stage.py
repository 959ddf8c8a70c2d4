"""The live gateway on a stage: a venue that can be seen through, a channel that says what it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.events import Event
from core.ids import OrderId
from core.intents import Place, WalletAction
from core.risk import Approved
from feeds.selectors import VenueTerms
from feeds.sources.polymarket.line import Listener
from infra import clock
from tests.trading.polymarket.following import LISTING
from tests.trading.polymarket.test_signing import a_signer
from tests.trading.polymarket.venue_model import VenueModel
from trading.gateways.polymarket.gateway import PolymarketGateway


class HandChannel:
    """A channel that says what it is told to."""

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self.open = asyncio.Event()
        self.doubted = 0

    async def run(self, listener: Listener, *, stop: asyncio.Event) -> None:
        self.listener = listener
        listener.opened(clock.now_ms())
        self.open.set()
        await stop.wait()

    def doubt(self) -> None:
        self.doubted += 1


class Stage:
    """A gateway at work before a venue that can be seen through."""

    def __init__(self) -> None:
        self.venue = VenueModel(clock.now_ms)
        self.channel = HandChannel()
        self.why_not: str | None = None
        self.planned: list[WalletAction] = []
        self.woken = asyncio.Event()
        self.heard: list[Event] = []
        self.gateway = PolymarketGateway(
            a_signer(),
            self.venue,
            self.channel,
            allowed=lambda place: self.why_not,
            plan_wallet=self.planned.append,
            wake=self.woken.set,
        )
        self.gateway.learn(LISTING, VenueTerms(neg_risk=False, version="v1"))

    def send(self, place: Place) -> OrderId:
        """Prepare, seal and place, as the outbox does."""
        approved = Approved(place, place.decided_ms)
        order_id = self.gateway.prepare(approved, clock.now_ms()).order_id
        self.venue.known[order_id] = place
        self.gateway.seal(place.key)
        self.gateway.place(approved, clock.now_ms())
        return order_id

    def deliver(self) -> None:
        """Let the channel say what it has not said."""
        assert self.channel.listener is not None
        while self.venue.mail:
            self.channel.listener.frame(self.venue.mail.pop(0), clock.now_ms())

    async def cancel_came(self) -> None:
        async with asyncio.timeout(5):
            await self.venue.cancel_came.wait()

    async def until(self, holds: Callable[[list[Event]], bool]) -> list[Event]:
        """Take what is said until it is so. Fails after five seconds."""
        async with asyncio.timeout(5):
            while not holds(self.heard):
                await self.woken.wait()
                self.woken.clear()
                self.heard += self.gateway.advance(clock.now_ms())
        return self.heard


@asynccontextmanager
async def at_work(stage: Stage) -> AsyncIterator[Stage]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(stage.gateway.run(stop))
        async with asyncio.timeout(5):
            await stage.channel.open.wait()
        try:
            yield stage
        finally:
            stop.set()
