"""One evening of the live order path in one process with the venue, so that every step can be held against it.

The simulator, the shard and the wallet keeper share a loop, each over real sockets, rows and Redis. After every
step of the engine, and twenty times a second, what we believe we may hold is compared with what the venue says
we do hold. Imported only where the settings of the run are in the environment (``bench.rehearsal.runs``).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from random import Random
from typing import Any, Final

import aiohttp
from aiohttp import web
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.db import connections

from bench.rehearsal import books
from bench.rehearsal.plan import Played, Run, Seen
from core import events as ev
from core.engine import Engine, Step
from core.ids import OrderId, Outcome
from core.orders import Status
from feeds import supervisor
from feeds.discovery import Discovery
from feeds.sources.polymarket.gamma_client import GammaClient
from infra import aio, clock, loops, redis
from infra.lease import single_runner
from infra.loops import Loop
from risk import services as risk
from simulator import faults, server
from simulator.exchange.accounts import Account as VenueAccount
from simulator.world import World
from trading.shard import recovery, shard
from trading.wallet import keeper as wallet_keeper

DISCOVER_MS: Final = 10_000
LOOK_S: Final = 0.05
QUIET_MS: Final = 40_000  # real; what is under way at the end must have come to its end by then
STOP_S: Final = 20.0
AGAIN_S: Final = 1.0


class Watch:
    """Holds engines against the exchange."""

    def __init__(self, world: World, wallet: str) -> None:
        self.seen = Seen()
        self._world = world
        self.wallet = wallet
        self._engine: Engine | None = None
        self._unknown: set[OrderId | None] = set()

    def follow(self, engine: Engine) -> None:
        """From now on this engine is the one that trades."""
        self._engine = engine

    def look(self) -> None:
        """Compare now. Cheap: a few markets, a few orders."""
        account, engine = self._account(), self._engine
        if account is None or engine is None:
            return
        self.seen.looks += 1
        now = clock.now_ms()
        for market_id, desk in engine.desks.items():
            for order in desk.orders.open():
                if order.status is Status.UNKNOWN:
                    self.seen.unknown_ms = max(self.seen.unknown_ms, now - order.since_ms)
                    if order.order_id not in self._unknown:
                        self._unknown.add(order.order_id)
                        self.seen.unknowns += 1
            for outcome in Outcome:
                truth = account.held((market_id, outcome))
                believed = desk.pair.most_held(outcome) + desk.orders.open_bid_shares(outcome)
                if truth > believed:
                    self.seen.below.append(f"{market_id[:10]} {outcome}: {believed} believed, {truth} held")

    def _account(self) -> VenueAccount | None:
        accounts = self._world.exchange.accounts
        return next((account for name, account in accounts.items() if name.lower() == self.wallet), None)


def watched(watch: Watch) -> type[Engine]:
    """The engine, looked at after each step."""

    class Watched(Engine):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            watch.follow(self)

        def step(self, event: ev.Event) -> Step:
            try:
                return super().step(event)
            finally:
                if isinstance(
                    event, ev.OrderAnswer | ev.FillSeen | ev.FillSettled | ev.MergeStepped | ev.Redeemed
                ):
                    watch.look()

    return Watched


def play(run: Run) -> Played:
    """Play a run. One a process: clock and settings are the process's."""
    clock.start(run.speed)
    return asyncio.run(_play(run))


async def _play(run: Run) -> Played:
    world = World(run.seed, clock.now_ms())
    app = server.application(world)
    watch = Watch(world, str(settings.POLYLOLY.wallet))
    engine, recovery.Engine = recovery.Engine, watched(watch)  # type: ignore[attr-defined]
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(server.listening(app, run.port + 1))
            return await Evening(run, app, watch).whole()
    finally:
        recovery.Engine = engine  # type: ignore[attr-defined]
        await redis.close_async()
        await sync_to_async(connections.close_all)()


class Evening:
    """The loops of one run and their end."""

    def __init__(self, run: Run, app: web.Application, watch: Watch) -> None:
        self._run = run
        self._app = app
        self._watch = watch
        self._wallet = watch.wallet
        self._stop = asyncio.Event()  # of the world and of what is around the trader
        self._end = asyncio.Event()  # of the trader's loops
        self._url = f"http://{server.HOST}:{run.port + 1}"

    async def whole(self) -> Played:
        """Trade, stop trading, let everything come to its end, stop, compare."""
        client = GammaClient(self._url, chance=Random(1))
        discovery = Discovery(client, venue="simulator", every_ms=DISCOVER_MS)
        await discovery.round()

        async def discover() -> None:
            await discovery.round()

        async def matches() -> None:
            await supervisor.named("matches")(self._stop)

        around = [
            asyncio.create_task(server.run_world(self._app, self._stop)),
            asyncio.create_task(aio.every(DISCOVER_MS, discover, stop=self._stop)),
            asyncio.create_task(matches()),
            asyncio.create_task(self._looks()),
        ]
        trader = [
            asyncio.create_task(self._kept(f"wallet:{self._wallet}", wallet_keeper.run)),
            asyncio.create_task(self._kept("shard:0", partial(shard.run, number=0))),
        ]
        self._switch_faults()
        await clock.sleep_ms(self._run.span_ms)
        done = {
            name.value: tally.done for name, tally in self._app[faults.FAULTS].tallies.items() if tally.done
        }
        self._app[faults.FAULTS].switch_off()
        restless = await self._come_to_rest()
        self._end.set()
        await asyncio.wait(trader, timeout=STOP_S)
        truth = await self._truth()
        self._stop.set()
        await client.close()
        await asyncio.wait(around, timeout=STOP_S)
        compared = await sync_to_async(books.compare)(truth, self._wallet)
        return Played(self._run, compared, self._watch.seen, done, restless)

    def _switch_faults(self) -> None:
        for number, (name, rate) in enumerate(self._run.faults.items()):
            fault = faults.Fault(faults.Name(name), rate=rate, seed=self._run.seed + number)
            self._app[faults.FAULTS].switch_on(fault)

    async def _kept(self, name: str, main: Callable[[Loop], Awaitable[None]]) -> None:
        """Run a loop as beat and the worker do: asked for again each second, whatever ended it."""
        while not self._end.is_set():
            with single_runner(name) as lease:
                if lease is not None:
                    loop = Loop(name, lease)
                    lease.when_lost(loop.stop_from_any_thread)
                    self._watch.seen.starts[name] += 1
                    ended = asyncio.create_task(self._ended(loop))
                    light = asyncio.create_task(loops.pulse(loop))
                    try:
                        async with ThreadSensitiveContext():
                            await main(loop)
                    except Exception as error:  # noqa: BLE001 process edge, as beat's: asked for again
                        self._watch.seen.ends.append(f"{name}: {type(error).__name__}: {error}"[:300])
                    finally:
                        await aio.end(ended, light)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), AGAIN_S)

    async def _ended(self, loop: Loop) -> None:
        await self._end.wait()
        loop.stop.set()

    async def _looks(self) -> None:
        while not self._stop.is_set():
            self._watch.look()
            await asyncio.sleep(LOOK_S)

    async def _come_to_rest(self) -> str | None:
        """Halt, then wait until nothing is open, unsettled or under way. What was not at rest in the end."""
        by = risk.process("prover")
        await sync_to_async(risk.halt_trading)(
            code=risk.HaltCode.MANUAL, detail="the run is over", by=by, at=clock.now_ms()
        )
        end = clock.monotonic_ms() + QUIET_MS
        restless: str | None = "not asked"
        while restless is not None and clock.monotonic_ms() < end:
            await asyncio.sleep(0.25)
            restless = await sync_to_async(books.restless)(self._wallet)
        return restless

    async def _truth(self) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self._url}/simulator/truth/{self._wallet}") as said,
        ):
            said.raise_for_status()
            return dict(await said.json())
