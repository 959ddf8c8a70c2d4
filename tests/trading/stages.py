"""A runner on a stage whose every event can be waited for, and the simulated venue it may listen to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Final, TypeVar

import pytest
from aiohttp import web

from core import events as ev
from core.engine import Engine, Step
from core.ids import IntentKey, MarketId
from core.intents import Resync
from core.risk import Approved
from core.units import Ms
from feeds.listings import MarketState
from feeds.sources.polymarket.gamma import Reader
from feeds.sources.polymarket.gamma_client import GammaClient
from infra import aio, clock
from simulator import channels, server
from simulator.world import World
from tests.builders import MARKET, a_book, a_deposit, a_listing, a_setup, an_order_id
from tests.fakes import RememberingGateway
from trading.runner import Gateway, Runner, Witness, send_at_once

WITHIN_S: Final = 30.0
# An hour at which the first markets listed have both sides: at another one may be all but decided.
MID_EVENING: Final = Ms(1_792_522_800_000)  # 2026-10-20 19:00 UTC, a Tuesday, outside peak hours
SHARD_WITHIN_S: Final = 60.0  # a whole shard beside its venue, on a machine where others are at work too

E = TypeVar("E", bound=ev.Event)


class WaitedFor(Engine):
    """The engine, with a queue of what it was told: a test waits for an event instead of for time."""

    def __init__(self) -> None:
        super().__init__(a_setup(), entries=[a_deposit()], sequences={})
        self.told: asyncio.Queue[ev.Event] = asyncio.Queue()
        self.past: list[ev.Event] = []

    def step(self, event: ev.Event) -> Step:
        try:
            return super().step(event)
        finally:
            self.past.append(event)
            self.told.put_nowait(event)

    async def hears(self, kind: type[E], where: Callable[[E], bool] = lambda _: True) -> E:
        """The next event of this kind; those before it are gone."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                event = await self.told.get()
                if isinstance(event, kind) and where(event):
                    return event


class Silent:
    """A witness that keeps only what failed."""

    def __init__(self) -> None:
        self.failures: list[tuple[ev.Event, Exception]] = []

    def saw(self, event: ev.Event, step: Step) -> None: ...

    def failed(self, event: ev.Event, error: Exception) -> None:
        self.failures.append((event, error))


class Stage:
    """A runner with an engine that can be waited for; by default its gateway only remembers."""

    def __init__(
        self,
        gateway: Gateway | None = None,
        *,
        witness: Callable[[Engine], Witness] = lambda _: Silent(),
        send: Callable[[Runner, Approved, Ms], None] = send_at_once,
    ) -> None:
        self.engine = WaitedFor()
        self.gateway = RememberingGateway() if gateway is None else gateway
        self.witness = witness(self.engine)
        self.resyncs: list[Resync] = []
        self.runner = Runner(self.engine, self.gateway, self.witness, send=send, resync=self.resyncs.append)

    def list_market(self, market: MarketId = MARKET, *, delay_ms: int = 0) -> None:
        self.runner.take(a_listing(market, delay_ms=delay_ms, heard_ms=clock.now_ms()))

    def book(self, market: MarketId = MARKET) -> None:
        """Both tokens say the same book now: quotes on both sides are approved."""
        for snapshot in a_book(now=clock.now_ms(), market=market):
            self.runner.take(snapshot)

    def keys(self, market: MarketId = MARKET) -> list[IntentKey]:
        return [order.place.key for order in self.engine.desks[market].orders.open()]

    def acknowledge(self, market: MarketId = MARKET) -> None:
        for key in self.keys(market):
            self.runner.take(ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, clock.now_ms()))


def mid_evening(monkeypatch: pytest.MonkeyPatch, speed: Fraction = Fraction(1)) -> None:
    """Let the clock show the same hour at every run: what the simulated evening plays depends on it."""
    monkeypatch.setattr(clock, "_anchor", clock.fresh(speed)._replace(epoch_ms=MID_EVENING))


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Ask the rows until it is so."""
    found = asyncio.Event()

    async def ask() -> None:
        if await true():
            found.set()

    async with asyncio.timeout(SHARD_WITHIN_S):
        await aio.every(50, ask, stop=found)


@dataclass(frozen=True, slots=True)
class Venue:
    """The simulator, served. Its world moves only by ``advance``."""

    app: web.Application
    world: World
    port: int

    def advance(self, ms: int = 1_000) -> None:
        server.advance(self.app, Ms(self.world.now_ms + ms))

    async def cut_all(self) -> None:
        """Close every market socket, as a venue that restarts does."""
        await self.app[channels.MARKET_HUB].close()

    async def listings(self) -> list[ev.MarketListed]:
        """The open markets, read as discovery reads them."""
        reader = Reader("simulator", lambda _: None)
        client = GammaClient(f"http://{server.HOST}:{self.port}", chance=Random(1))
        try:
            pages = [page async for page in client.events([("tag_id", "64"), ("closed", "false")])]
        finally:
            await client.close()
        read = [reader.read(text, clock.now_ms()) for page in pages for text in page]
        found = [listing for event in read if event is not None for listing in event.listings]
        return [listing.market for listing in found if listing.state is MarketState.OPEN]


@asynccontextmanager
async def a_venue(seed: int = 7) -> AsyncIterator[Venue]:
    world = World(seed, clock.now_ms())
    app = server.application(world)
    async with server.listening(app, 0) as port:
        yield Venue(app, world, port)
