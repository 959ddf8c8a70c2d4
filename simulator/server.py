"""The simulator as a server on loopback: every service of the venue at one root, and the loop that lets it run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from core.units import Ms, Usdc
from infra import clock
from simulator import chain, channels, clob, faults, rest, shocks, sports, user_channel, users, visitors
from simulator.chain.accounts import CHAIN, START_CASH
from simulator.world import STEP_MS, World

HOST: Final = "127.0.0.1"
BURST_MS: Final = 1_000  # of simulated time in one go; between two bursts the sockets are served
SHUTDOWN_S: Final = 1.0


def application(world: World, *, start_cash: Usdc = START_CASH) -> web.Application:
    """Put the parts together. Each brings its routes and keeps its state under a key of its own.

    ``start_cash`` is what a signer's wallets hold when it first signs in.
    """
    app = web.Application()
    app[channels.WORLD] = world
    visitors.install(app)
    shocks.install(app)
    channels.install(app)
    faults.install(app)
    chain.install(app)
    app[CHAIN].start_cash = start_cash
    clob.install(app)
    rest.install(app)
    user_channel.install(app)
    sports.install(app)
    faults.connect(app)
    app.on_shutdown.append(_close)
    return app


@asynccontextmanager
async def listening(app: web.Application, port: int, host: str = HOST) -> AsyncIterator[int]:
    """Serve while the context lasts, on loopback unless told; yields the port, which port 0 leaves to the system."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def run_world(app: web.Application, stop: asyncio.Event) -> None:
    """Keep the world at the clock's time and tell the clients what is said, until ``stop``."""
    world = app[channels.WORLD]
    while not stop.is_set():
        advance(app, min(clock.now_ms(), Ms(world.now_ms + BURST_MS)))
        await clock.sleep_ms(world.now_ms + STEP_MS - clock.now_ms())


def advance(app: web.Application, now_ms: Ms) -> None:
    """Let the world run until ``now_ms`` and publish."""
    world = app[channels.WORLD]
    said = world.step(now_ms)
    chain.step(app, world.now_ms)
    clob.step(app, world.now_ms)
    app[channels.MARKET_HUB].publish(said.frames)
    channels.publish_matches(app[channels.MATCH_HUB], said.matches)
    faults.count(app, users.flush(app))
    sports.step(app, world.now_ms, clock.monotonic_ms())
    faults.step(app, world.now_ms)


async def _close(app: web.Application) -> None:
    """Answer what is waiting, then say good-bye to everybody."""
    app[faults.FAULTS].finish()
    await app[channels.MARKET_HUB].close()
    await app[channels.MATCH_HUB].close()
    await app[users.USER_HUB].close()
    await app[sports.SCORES].close()
