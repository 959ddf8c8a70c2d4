"""The keeper of a wallet at the simulated venue: one holder, a heart that stops for the silent, merges done once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from aiohttp import web
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from core.ids import OrderId, Outcome
from core.units import SHARE, Shares, Usdc
from feeds.discovery import Discovery
from feeds.sources.polymarket.gamma_client import GammaClient
from infra import aio, clock, loops, redis
from infra.lease import single_runner
from infra.loops import Loop
from polyloly_site import launcher
from risk import selectors as risk
from simulator import server
from simulator.chain.accounts import CHAIN
from simulator.clob.heartbeats import HEARTBEATS
from simulator.clob.posts import POSTS
from simulator.world import World
from tests.trading.conftest import a_place, order_id_of
from tests.trading.resting import rest_an_order
from tests.trading.stages import mid_evening
from trading import services
from trading.models import Account, AccountMode, WalletAction, WalletKind
from trading.shard.live import Wallet
from trading.wallet import keeper as wallet_keeper
from trading.wallet import light as wallet_light
from trading.wallet.heart import SWEPT_AFTER_MS, Heart
from trading.wallet.keeper import Keeper, Refused
from trading.wallet.light import Hold

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
WITHIN_S: Final = 20.0
SPEED: Final = Fraction(5)  # beats of 1 s: a busy machine must not miss one


@dataclass
class Stand:
    """A running venue, and a wallet that its keeper is to hold."""

    app: web.Application
    world: World
    wallet: str

    def beats(self) -> int:
        return int(self.app[HEARTBEATS].beats)

    def hold(self) -> Hold | None:
        light = wallet_light.read(self.wallet)
        return None if light is None else light.hold


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    mid_evening(monkeypatch, SPEED)


@pytest.fixture
async def stand(settings: Settings, tmp_path: Path, quick: None) -> AsyncIterator[Stand]:
    world = World(7, clock.now_ms())
    app = server.application(world)
    stop = asyncio.Event()
    async with server.listening(app, 0) as port:
        chosen = {"paper_trading": False, "state_dir": tmp_path, "port": port - 1}
        settings.POLYLOLY = launcher.with_wallet(settings.POLYLOLY.model_copy(update=chosen))
        running = asyncio.create_task(server.run_world(app, stop))
        yield Stand(app, world, settings.POLYLOLY.wallet)
        stop.set()
        await aio.end(running)
    await redis.close_async()
    await sync_to_async(connections.close_all)()


async def until(true: Callable[[], Any], what: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await sync_to_async(true)():
            await aio.stopped_within(asyncio.Event(), 20)
    assert what


@asynccontextmanager
async def a_loop(name: str) -> AsyncIterator[Loop]:
    with single_runner(name) as lease:
        assert lease is not None
        yield Loop(name, lease)


@asynccontextmanager
async def kept(stand: Stand) -> AsyncIterator[Loop]:
    """A keeper that runs, held by the time the body begins."""
    async with a_loop(wallet_keeper.name_of(stand.wallet)) as loop:
        running = asyncio.create_task(wallet_keeper.run(loop))
        await until(lambda: running.done() or stand.hold() is Hold.HELD, "held")
        yield loop
        loop.stop.set()
        async with asyncio.timeout(WITHIN_S):
            await running


def an_account(stand: Stand) -> Account:
    return services.open_account(
        mode=AccountMode.REHEARSAL, name=stand.wallet, start_cash=Usdc(10**10), at_ms=clock.now_ms()
    )


async def discovered(settings: Settings) -> None:
    client = GammaClient(settings.POLYLOLY.urls.gamma, chance=Random(1))
    await Discovery(client, venue="simulator", every_ms=0).round()
    await client.close()


async def call(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return await sync_to_async(act)(*args, **kwargs)


async def test_it_beats_sets_the_approvals_once_and_then_lets_shards_trade(stand: Stand) -> None:
    waiting = asyncio.create_task(wallet_light.until_held(stand.wallet, asyncio.Event()))
    async with kept(stand):
        async with asyncio.timeout(WITHIN_S):
            assert await waiting
        assert stand.beats() >= 1
        await call(an_account, stand)
        await until(WalletAction.objects.exists, "the approvals are written down")

        row = await WalletAction.objects.aget()
        assert (row.kind, row.state, row.market_id) == ("approve", "confirmed", None)
        assert row.tx_hash is not None
        beats = stand.beats()
        await until(lambda: stand.beats() >= beats + 2, "it goes on beating")
    assert await call(stand.hold) is None, "who ends puts the light out"

    async with kept(stand):
        assert await WalletAction.objects.acount() == 1, "nothing is approved twice"


async def test_a_merge_that_is_planned_is_done_and_what_it_brought_is_there(
    stand: Stand, settings: Settings
) -> None:
    await discovered(settings)
    async with kept(stand):
        account = await call(an_account, stand)
        at_venue = stand.app[CHAIN].account(stand.wallet)
        assert at_venue is not None
        # The latest of each contract: those will not be over before the test is.
        sheets = sorted(stand.world.open_sheets(), key=lambda sheet: sheet.booking.starts_ms)
        chosen = {(sheet.terms.version, sheet.terms.neg_risk): sheet for sheet in sheets}
        cash = at_venue.chain_cash
        for number, sheet in enumerate(chosen.values()):
            assert stand.world.exchange.split(at_venue, sheet.terms.market_id, Shares(60 * SHARE))
            await call(
                services.plan_wallet_action,
                account_id=account.pk,
                action_id=f"merge-{number}",
                market_id=sheet.terms.market_id,
                kind=WalletKind.MERGE,
                yes=Shares(60 * SHARE),
                no=Shares(60 * SHARE),
                payout=None,
                at_ms=clock.now_ms(),
            )
        merges = WalletAction.objects.filter(kind="merge")
        under_way = merges.filter(state__in=("planned", "submitted", "unknown"))
        await until(lambda: not under_way.exists(), "all ended")

        assert {(row.state, row.reason, row.received) async for row in merges} == {
            ("confirmed", None, 60 * SHARE)
        }
        assert len(chosen) >= 2, "markets of several contracts"
        assert at_venue.chain_cash == cash
        assert not any(at_venue.chain_held((sheet.terms.market_id, Outcome.YES)) for sheet in sheets)


async def test_a_trader_of_another_stack_is_refused_and_the_first_goes_on(stand: Stand) -> None:
    async with kept(stand), a_loop("another stack") as loop, AsyncExitStack() as opened:
        second = Keeper(loop, stand.wallet, fence=99)
        await second.open(opened)
        second.heart = Heart(clock.now_ms())  # another stack does not know what this one was given

        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(Refused, match="another trader uses the wallet 0x"):
                await second.hold()

        beats = stand.beats()
        await until(lambda: stand.beats() >= beats + 2, "the first goes on")
        assert await call(stand.hold) is Hold.HELD
        assert await call(risk.halt_in_force) is None


def beat_of_another(stand: Stand) -> None:
    """Somebody with the same key goes on with the chain."""
    beats = stand.app[HEARTBEATS]
    (pulse,) = beats.pulses.values()
    beats.beat(pulse.key, pulse.expected or "", clock.now_ms())


async def test_a_trader_whose_chain_is_taken_over_says_why_and_asks_again_without_a_person(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wallet_keeper, "REFUSED_PAUSE_MS", 500)
    async with a_loop(wallet_keeper.name_of(stand.wallet)) as loop:
        running = asyncio.create_task(wallet_keeper.run(loop))
        await until(lambda: stand.hold() is Hold.HELD, "held")

        def refused() -> bool:
            beat_of_another(stand)
            return stand.hold() is Hold.REFUSED

        await until(refused, "refused")
        light = await call(wallet_light.read, stand.wallet)
        await running
    assert light is not None
    assert f"another trader uses the wallet {stand.wallet}" in light.why
    async with kept(stand):
        assert await call(stand.hold) is Hold.HELD, "the other is gone"
    assert await call(risk.halt_in_force) is None


async def test_a_chain_that_moved_once_without_us_does_not_cost_the_wallet(stand: Stand) -> None:
    async with kept(stand):
        beat_of_another(stand)
        beats = stand.beats()
        await until(lambda: stand.beats() >= beats + 2, "it goes on beating")
        assert await call(stand.hold) is Hold.HELD


async def an_order_of(shard: str, stand: Stand) -> None:
    account = await call(an_account, stand)
    place = a_place()
    await call(
        services.write_order,
        place,
        account_id=account.pk,
        order_id=order_id_of(place),
        unsigned=None,
        fence_name=shard,
        fence=await call(services.take_fence, shard),
        at_ms=clock.now_ms(),
    )


async def test_a_silent_shards_orders_are_not_kept_alive(stand: Stand) -> None:
    async with kept(stand):
        await an_order_of("shard:1", stand)
        await until(lambda: "shard:1" in getattr(wallet_light.read(stand.wallet), "why", ""), "held back")
        beats = stand.beats()
        await until(lambda: not stand.app[HEARTBEATS].pulses, "the venue sweeps and ends the chain")
        assert stand.beats() == beats

        await until(lambda: stand.beats() > beats, "what was swept away needs nobody's renewal")
        assert stand.hold() is Hold.HELD


async def test_a_shard_that_renews_is_beaten_for(stand: Stand) -> None:
    async with kept(stand):
        await an_order_of("shard:1", stand)
        light = redis.client(redis.Db.BUS)
        beats = stand.beats()

        def renewed() -> bool:
            light.set(loops.pulse_key("shard:1"), "1,1", px=loops.PULSE_TTL_MS)
            return stand.beats() >= beats + 3

        await until(renewed, "it beats as before")
        assert stand.hold() is Hold.HELD


async def test_what_rests_while_nobody_has_armed_is_left_to_the_venues_sweep(
    stand: Stand, settings: Settings
) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"arming_required": True})
    async with kept(stand):
        await an_order_of("shard:1", stand)
        light = redis.client(redis.Db.BUS)

        def renewed(true: Callable[[], bool]) -> bool:
            light.set(loops.pulse_key("shard:1"), "1,1", px=loops.PULSE_TTL_MS)
            return true()

        def why() -> str:
            return str(getattr(wallet_light.read(stand.wallet), "why", ""))

        await until(lambda: renewed(lambda: "not armed, and 1 orders" in why()), "held back")
        beats = stand.beats()
        await until(lambda: renewed(lambda: not stand.app[HEARTBEATS].pulses), "the venue sweeps")
        assert stand.beats() == beats

        await until(lambda: renewed(lambda: stand.beats() > beats), "what was swept away needs no sweep")


def is_open(stand: Stand, order_id: OrderId) -> bool:
    return stand.app[POSTS].by_id[order_id].order.open


async def test_the_beat_for_one_shard_never_keeps_a_dead_ones_orders_alive(
    stand: Stand, settings: Settings
) -> None:
    await discovered(settings)
    async with (
        kept(stand),
        a_loop("shard:0") as living,
        a_loop("shard:1") as dying,
        AsyncExitStack() as opened,
    ):
        wallet = Wallet()
        opened.push_async_callback(wallet.close)
        await wallet.start()
        account = await call(an_account, stand)
        lights = [asyncio.create_task(loops.pulse(loop)) for loop in (living, dying)]
        opened.push_async_callback(aio.end, *lights)
        kept_one, lost_one = [await rest_an_order(wallet, account, f"shard:{nth}", nth=nth) for nth in (0, 1)]
        beats = stand.beats()
        await until(lambda: stand.beats() >= beats + 3, "both shards renew")
        assert is_open(stand, kept_one)
        assert is_open(stand, lost_one)
        (pulse,) = stand.app[HEARTBEATS].pulses.values()  # the venue forgets it when it sweeps

        await aio.end(lights[1])  # killed: its light goes out by itself, its order stays where it is
        await until(lambda: "shard:1" in getattr(wallet_light.read(stand.wallet), "why", ""), "held back")
        await until(lambda: not is_open(stand, lost_one), "cancelled by the venue")

        assert clock.now_ms() - pulse.last_ms <= SWEPT_AFTER_MS + 1_000 * SPEED
        beats = stand.beats()
        another = await rest_an_order(wallet, account, "shard:0", nth=2)
        await until(lambda: stand.beats() >= beats + 5, "the beat goes on: the dead one has nothing left")
        assert is_open(stand, another)
