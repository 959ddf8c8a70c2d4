"""A running simulator for tests. Its world moves only when a test says so."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect

from core.ids import TokenId
from core.units import Ms
from infra import aio
from simulator import server
from simulator.clob.clock import CLOCK, VenueClock
from simulator.world import World
from tests.simulator.evenings import tokens

SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class Venue:
    app: web.Application
    world: World
    port: int

    @property
    def url(self) -> str:
        return f"http://{server.HOST}:{self.port}"

    @property
    def tokens(self) -> list[TokenId]:
        return [token for sheet in self.world.open_sheets() for token in tokens(sheet)]

    def connect(self, path: str) -> connect:
        return connect(f"ws://{server.HOST}:{self.port}{path}", max_size=None)

    def advance(self, ms: int) -> None:
        server.advance(self.app, Ms(self.world.now_ms + ms))


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Venue]:
    """Serve a world; its clock is the venue's."""
    app = server.application(world)
    app[CLOCK] = VenueClock(lambda: world.now_ms)
    async with server.listening(app, 0) as port:
        yield Venue(app, world, port)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for the server to get something done. Fails after five seconds."""
    async with asyncio.timeout(5):
        while not holds():
            await aio.stopped_within(asyncio.Event(), 1)


async def heard(socket: ClientConnection) -> list[Any]:
    """Everything sent to this client until now: all frames before the answer to a PING."""
    await socket.send("PING")
    frames = []
    while (text := await socket.recv()) != "PONG":
        frames.append(json.loads(text))
    return frames


def flat(frames: list[Any]) -> list[dict[str, Any]]:
    return [message for frame in frames for message in (frame if isinstance(frame, list) else [frame])]
