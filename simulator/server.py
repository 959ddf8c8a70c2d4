"""The simulator as a server on loopback: REST, both channels, and the loop that lets the world run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from core.units import Ms
from infra import clock
from simulator import channels, rest
from simulator.world import STEP_MS, World

HOST: Final = "127.0.0.1"
BURST_MS: Final = 1_000  # of simulated time in one go; between two bursts the sockets are served
SHUTDOWN_S: Final = 1.0


def application(world: World) -> web.Application:
    app = web.Application()
    app[channels.WORLD] = world
    app[channels.MARKET_HUB] = channels.MarketHub()
    app[channels.MATCH_HUB] = channels.Hub()
    app.add_routes(
        [
            web.get("/ok", rest.ok),
            web.get("/time", rest.server_time),
            web.get("/book", rest.book),
            web.get("/events/keyset", rest.events_keyset),
            web.get("/ws/market", channels.market_channel),
            web.get("/ws/matches", channels.match_channel),
        ]
    )
    app.on_shutdown.append(_close_channels)
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
    said = app[channels.WORLD].step(now_ms)
    app[channels.MARKET_HUB].publish(said.frames)
    channels.publish_matches(app[channels.MATCH_HUB], said.matches)


async def _close_channels(app: web.Application) -> None:
    await app[channels.MARKET_HUB].close()
    await app[channels.MATCH_HUB].close()
