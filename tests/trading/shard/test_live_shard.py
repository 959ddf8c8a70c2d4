"""A whole shard that trades through the live gateway at the simulated venue: it signs, follows, dies, and goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import httpx
import pytest
from aiohttp import web
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from core.ids import MarketId
from core.units import ONE, Price, Shares, text
from feeds import selectors as feeds
from feeds.discovery import Discovery
from feeds.sources.polymarket.gamma_client import GammaClient
from infra import aio, clock, redis
from infra.lease import single_runner
from infra.loops import Loop, pulse
from polyloly_site import launcher
from risk import selectors as risk
from risk import services as risk_services
from risk.models import Halt
from simulator import server
from simulator.chain.accounts import CHAIN
from simulator.world import World
from tests.builders import a_place
from tests.trading.stages import SHARD_WITHIN_S, mid_evening, until
from trading import selectors
from trading.gateways.polymarket.answers import Accepted
from trading.gateways.polymarket.signing import OrderTerms
from trading.models import Account, Fill, Order, StepFailure
from trading.shard import live, shard
from trading.wallet import keeper as wallet_keeper

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
NAME: Final = "shard:0"
SPEED: Final = Fraction(8)


@dataclass
class Stand:
    """A running venue, and a wallet that its keeper holds."""

    app: web.Application
    world: World
    wallet: str
    url: str

    async def truth(self) -> dict[str, Any]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.url}/simulator/truth/{self.wallet}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


@pytest.fixture
async def stand(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    mid_evening(monkeypatch, SPEED)
    world = World(11, clock.now_ms())
    app = server.application(world)
    stop = asyncio.Event()
    async with server.listening(app, 0) as port:
        chosen = {"paper_trading": False, "state_dir": tmp_path, "port": port - 1, "record": False}
        # What is tried here is not how large orders are: no market is so wild that they are cut down.
        calm = settings.POLYLOLY.limits.model_copy(update={"calm_mid_range": ONE})
        chosen |= {"limits": calm}
        settings.POLYLOLY = launcher.with_wallet(
            settings.POLYLOLY.model_copy(update=chosen | {"quote_in_play": True})
        )
        client = GammaClient(settings.POLYLOLY.urls.gamma, chance=Random(1))
        await Discovery(client, venue="simulator", every_ms=0).round()
        await client.close()
        running = asyncio.create_task(server.run_world(app, stop))
        wallet = settings.POLYLOLY.wallet
        with single_runner(wallet_keeper.name_of(wallet)) as lease:
            assert lease is not None
            loop = Loop(wallet_keeper.name_of(wallet), lease)
            keeping = asyncio.create_task(kept(loop))
            yield Stand(app, world, wallet, settings.POLYLOLY.urls.clob)
            loop.stop.set()
            async with asyncio.timeout(SHARD_WITHIN_S):
                await keeping
        stop.set()
        await aio.end(running)
    await redis.close_async()
    await sync_to_async(connections.close_all)()


async def kept(loop: Loop) -> None:
    """The wallet's keeper, begun again whenever it gives up, as beat does."""
    while not loop.stop.is_set():
        await wallet_keeper.run(loop)


@asynccontextmanager
async def a_loop() -> AsyncIterator[Loop]:
    with single_runner(NAME) as lease:
        assert lease is not None
        loop = Loop(NAME, lease)
        lit = asyncio.create_task(pulse(loop))
        yield loop
        await aio.end(lit)


@asynccontextmanager
async def a_running_shard() -> AsyncIterator[Loop]:
    """A shard at work; at the end of the body it is told to stop and has stopped."""
    async with a_loop() as loop:
        work = asyncio.create_task(shard.run(loop, 0))
        try:
            yield loop
            assert not work.done() or work.exception() is None, work.exception()
        finally:
            loop.stop.set()
            async with asyncio.timeout(15):
                await work


async def fills_are_there(count: int) -> bool:
    return await Fill.objects.acount() >= count


async def calm() -> None:
    """Everything is halted and what was under way on the chain has ended, heard by the shard."""

    def halt() -> None:
        by = risk_services.process("test")
        code = risk_services.HaltCode.MANUAL
        risk_services.halt_trading(code=code, detail="the end", by=by, at=clock.now_ms())

    await sync_to_async(halt)()
    await until(nothing_is_under_way)


async def nothing_is_under_way() -> bool:
    account = await Account.objects.aget()
    under_way = await sync_to_async(selectors.open_wallet_actions)(account.pk)
    unbooked = await sync_to_async(selectors.unbooked_wallet_actions)(account.pk)
    orders = await Order.objects.filter(closed_ms__isnull=True).aexists()
    unsettled = await sync_to_async(selectors.unsettled_fills(account.pk).exists)()
    return not (under_way or unbooked or orders or unsettled)


def booked(wallet: str) -> tuple[int, dict[tuple[str, str], int]]:
    account = Account.objects.get(name=wallet)
    held: dict[tuple[str, str], int] = {}
    for position in selectors.open_positions(account.pk):
        held |= {(position.market_id, "yes"): int(position.yes), (position.market_id, "no"): int(position.no)}
    return int(selectors.entries_sum(account.pk)), {leg: size for leg, size in held.items() if size}


async def test_a_stopped_shard_leaves_no_order_open_at_the_venue_and_its_ledger_is_the_venues(
    stand: Stand,
) -> None:
    async with a_running_shard():
        await until(lambda: fills_are_there(4))
        await calm()

    truth = await stand.truth()
    assert truth["posts"] > 0
    assert truth["duplicates_refused"] == 0
    assert [order for order in truth["orders"] if order["status"] in ("live", "delayed")] == []
    cash, held = await sync_to_async(booked)(stand.wallet)
    assert cash == truth["cash"]
    assert sorted(held.values()) == sorted(size for size in truth["tokens"].values() if size)
    assert not await StepFailure.objects.aexists()


async def killed(loop: Loop, moment: Callable[[], Awaitable[bool]]) -> None:
    """A shard that dies at that moment: no word to the venue, and what was not written yet is lost."""
    async with asyncio.timeout(SHARD_WITHIN_S):
        opened = await shard._open(loop, 0)
    assert opened is not None
    work = asyncio.create_task(shard._work(opened))
    try:
        await until(moment)
    finally:
        opened.journal._giving_up.set()
        opened.journal._queue.queue.clear()
        await aio.end(work)
        opened.journal._queue.queue.clear()
        assert isinstance(opened.floor, live.LiveFloor)
        if opened.floor._running is not None:
            await aio.end(opened.floor._running)
        await opened.floor.close()
        await opened.feed.close()
        await asyncio.to_thread(opened.journal._thread.join, 5)


async def test_a_shard_that_dies_again_and_again_loses_nothing_and_sends_nothing_twice(stand: Stand) -> None:
    for fills in (1, 3):
        async with a_loop() as loop:
            await killed(loop, lambda: fills_are_there(fills))  # noqa: B023 awaited before the next
    async with a_running_shard():
        await until(lambda: fills_are_there(5))
        await calm()

    truth = await stand.truth()
    assert truth["duplicates_refused"] == 0
    assert len({order["salt"] for order in truth["orders"]}) == len(truth["orders"])
    assert [order for order in truth["orders"] if order["status"] in ("live", "delayed")] == []
    cash, held = await sync_to_async(booked)(stand.wallet)
    assert cash == truth["cash"]
    assert sorted(held.values()) == sorted(size for size in truth["tokens"].values() if size)


async def test_a_wallet_whose_money_is_not_the_ledgers_is_not_traded_with(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_running_shard():
        await until(lambda: fills_are_there(1))
    orders = await Order.objects.acount()
    monkeypatch.setattr(live, "COMPARE_TRIES", 2)
    account = stand.app[CHAIN].account(stand.wallet)
    assert account is not None
    last = await Order.objects.alast()
    assert last is not None
    market = last.market_id
    assert stand.world.exchange.split(account, MarketId(market), Shares(5_000_000)), "somebody else's hand"

    async with a_running_shard():
        await until(is_halted)

    halt = await sync_to_async(risk.halt_in_force)()
    assert halt is not None
    assert halt.code == "position_mismatch"
    detail = await sync_to_async(lambda: Halt.objects.get().detail)()
    assert "USDC at the venue" in detail
    assert "in the ledger" in detail
    assert await Order.objects.acount() == orders


async def test_a_wallet_with_an_order_of_somebody_else_is_not_traded_with(stand: Stand) -> None:
    async with a_running_shard():
        await until(lambda: fills_are_there(1))
    orders = await Order.objects.acount()
    stranger = await by_another_hand()

    async with a_running_shard():
        await until(is_halted)

    halt = await sync_to_async(risk.halt_in_force)()
    assert halt is not None
    assert halt.code == "position_mismatch"
    detail = await sync_to_async(lambda: Halt.objects.get().detail)()
    assert stranger in detail
    assert "cancel at the venue" in detail
    assert await Order.objects.acount() == orders
    assert stranger in [order["id"] for order in (await stand.truth())["orders"] if order["status"] == "live"]


async def by_another_hand() -> str:
    """Place an order with the wallet that nobody here knows of: a bid far from the market."""
    wallet = live.Wallet()
    await wallet.start()
    last = await Order.objects.alast()
    assert last is not None
    (listing,) = [
        listing
        for listing in await sync_to_async(feeds.listed_markets)()
        if listing.market_id == last.market_id
    ]
    terms = (await sync_to_async(feeds.venue_terms)([listing.market_id]))[listing.market_id]
    version: Literal["v1", "v2"] = "v2" if terms.version == "v2" else "v1"
    place = a_place(text(listing.tick, 4), "1000", number=999_999)
    order_terms = OrderTerms(listing.yes_token, Price(listing.tick), terms.neg_risk, version)
    unsigned = wallet.signer.draft(place, order_terms, clock.now_ms())
    signed = wallet.signer.sign(unsigned, wallet.transport.credentials.api_key, post_only=True)
    outcome = await wallet.transport.post(signed)
    await wallet.close()
    assert isinstance(outcome, Accepted), outcome
    return outcome.order_id


async def is_halted() -> bool:
    return await sync_to_async(risk.halt_in_force)() is not None
