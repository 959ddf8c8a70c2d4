"""A recording made on the spot: the simulator served on loopback, heard by our channel, kept by our recorder."""

import asyncio
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

from bench.settings import set_up

set_up()

from core.events import MarketListed  # noqa: E402 settings first
from feeds.listings import MarketState  # noqa: E402
from feeds.recording import record  # noqa: E402
from feeds.sources.polymarket.gamma import Reader  # noqa: E402
from feeds.sources.polymarket.gamma_client import GammaClient  # noqa: E402
from infra import clock  # noqa: E402
from simulator import server  # noqa: E402
from simulator.world import World  # noqa: E402

SEED: Final = 11
SPEED: Final = Fraction(10)
RECORDED_S: Final = 10.0


def record_some(folder: Path) -> Path:
    """Record ten seconds at ten times the pace of life. Returns the folder."""
    clock.start(SPEED)
    asyncio.run(_recorded(folder))
    return folder


async def _recorded(folder: Path) -> None:
    world = World(SEED, clock.now_ms())
    app = server.application(world)
    stop = asyncio.Event()
    async with server.listening(app, 0) as port:
        listings = await _listed(f"http://{server.HOST}:{port}")
        asyncio.get_running_loop().call_later(RECORDED_S, stop.set)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.run_world(app, stop))
            tasks.create_task(
                record(f"ws://{server.HOST}:{port}/ws/market", folder, lambda: listings, stop=stop)
            )


async def _listed(url: str) -> list[MarketListed]:
    """All open markets, as discovery reads them."""
    reader, client = Reader("simulator", lambda _refusal: None), GammaClient(url, chance=Random(SEED))
    try:
        pages = [page async for page in client.events([("tag_id", "64"), ("closed", "false")])]
    finally:
        await client.close()
    now = clock.now_ms()
    events = [event for page in pages for text in page if (event := reader.read(text, now)) is not None]
    found = [listing for event in events for listing in event.listings]
    return [listing.market for listing in found if listing.state is MarketState.OPEN]
