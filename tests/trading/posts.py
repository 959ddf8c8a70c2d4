"""A halt keeper at its post: over a runner that trades on paper, two quotes resting in each of two markets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from asgiref.sync import sync_to_async
from django.db import connection, connections

from core import events as ev
from core.ids import MarketId, OrderId
from core.paper import PaperVenue
from infra import aio, bus, clock
from infra.redis import close_async
from risk import services as risk
from risk.models import HaltReport
from risk.selectors import HaltInForce
from tests.builders import MARKET, OTHER
from tests.trading.stages import WITHIN_S, Stage
from trading import services
from trading.controls.halting import HaltKeeper
from trading.gateways.paper import PaperGateway
from trading.records.tally import Tally
from trading.shard.setup import paper_venue

SHARD: Final = "shard:0"
OPERATOR: Final = risk.Actor("olga", risk.Role.OPERATOR, "127.0.0.1", None)


class Reserved(PaperGateway):
    """A venue that may leave the question for what is open without an answer."""

    def __init__(self, venue: PaperVenue) -> None:
        super().__init__(venue)
        self.answers = True
        self.unanswered = 0
        self.asked_twice = asyncio.Event()

    async def ask_open(self, market_id: MarketId | None) -> list[OrderId] | None:
        if self.answers:
            return await super().ask_open(market_id)
        self.unanswered += 1
        if self.unanswered == 2:
            self.asked_twice.set()
        return None


class Post:
    """A halt keeper over a runner that trades on paper, two quotes resting in each of two markets."""

    def __init__(self, group: asyncio.TaskGroup, fence: int) -> None:
        self.stop = asyncio.Event()
        ledger = Stage().engine.ledger
        self.gateway = Reserved(paper_venue(ledger))
        self.stage = Stage(self.gateway, witness=lambda _: Tally())
        self.engine = self.stage.engine
        self.fence = fence
        self.keeper = HaltKeeper(self.stage.runner, name=SHARD, fence=fence, group=group, stop=self.stop)

    async def trade(self) -> None:
        for market in (MARKET, OTHER):
            self.stage.list_market(market)
            self.stage.book(market)
        for _ in range(4):
            await self.engine.hears(ev.OrderAcked)

    async def let_time_pass(self) -> None:
        self.stage.runner.pass_time(clock.now_ms())

    async def is_bare(self) -> bool:
        return self.open() == 0

    def open(self, market: MarketId | None = None) -> int:
        return len(self.gateway.open_order_ids(market))


@asynccontextmanager
async def a_post() -> AsyncIterator[Post]:
    """The body runs while time passes; at its end every round that was begun has been answered."""
    ticking = post = None
    try:
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
            post = Post(group, await sync_to_async(services.take_fence)(SHARD))
            ticking = asyncio.create_task(aio.every(20, post.let_time_pass, stop=post.stop))
            await post.trade()
            yield post
    finally:
        if post is not None:
            await post.keeper.close()
        if ticking is not None:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
        await close_async()
        await sync_to_async(connections.close_all)()


def halt(detail: str = "looks wrong") -> HaltInForce:
    """By the row; without Redis nobody hears of it otherwise."""
    return risk.halt_trading(code=risk.HaltCode.MANUAL, detail=detail, by=OPERATOR, at=clock.now_ms())


def halt_market() -> HaltInForce:
    return risk.halt_market(
        market_id=MARKET, code=risk.MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=clock.now_ms()
    )


async def reports() -> list[HaltReport]:
    return [report async for report in HaltReport.objects.order_by("round__number")]


async def say_halt() -> None:
    await bus.async_publish("control", ev.Halted(None, "said on the bus", clock.now_ms()))


async def say_resumed() -> None:
    await bus.async_publish("control", ev.Resumed(OTHER, "said on the bus", clock.now_ms()))


def rename(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
