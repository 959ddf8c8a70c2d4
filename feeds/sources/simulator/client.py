"""Keeps one connection to the simulator's match feed, and says when there is none. ``parse`` reads what is said."""

import asyncio
from random import Random
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.units import Ms
from feeds.listings import SourceStatus
from feeds.sources.simulator.wire import PING, PONG
from infra import aio, clock, logs

PING_MS: Final = 3_000
DEAD_AFTER_MS: Final = 10_000  # three answers missed
OPEN_MS: Final = 5_000
BYTES_MAX: Final = 1024 * 1024

log = logs.get("matches")


class Listener(Protocol):
    """Who hears the feed. Awaited in order: a slow listener slows the reading down, nothing is dropped here."""

    async def heard(self, text: str, heard_ms: Ms) -> None:
        """One message as received. PONGs are not passed on."""


class MatchChannel:
    """``heard_ms`` is the last frame, PONGs included: no match may be on. Waits and watches count real time."""

    def __init__(self, url: str, listener: Listener, *, chance: Random) -> None:
        self.url = url
        self.status = SourceStatus.CONNECTING
        self.detail = "not connected yet"
        self.heard_ms: Ms | None = None
        self.reconnects = 0
        self._listener = listener
        self._chance = chance

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until ``stop``."""
        waits = aio.back_off(self._chance)
        while not stop.is_set():
            heard_before = self.heard_ms
            reason = await self._connection(stop)
            if stop.is_set():
                break
            if self.heard_ms != heard_before:
                waits = aio.back_off(self._chance)
            self._turn(SourceStatus.LOST, reason)
            log.warning(
                "match feed lost", event_type="ws_reconnect", reason=reason, reconnects=self.reconnects
            )
            await aio.stopped_within(stop, next(waits))
        self._turn(SourceStatus.LOST, "stopped")

    async def _connection(self, stop: asyncio.Event) -> str:
        """One connection from opening to its end. Returns why it ended."""
        self._turn(SourceStatus.CONNECTING, f"connecting to {self.url}")
        direct = self.url.startswith("ws://")  # next door: no proxy between
        try:
            async with connect(
                self.url,
                ping_interval=None,  # the feed has the venue's PING text
                open_timeout=OPEN_MS / 1000,
                close_timeout=1,
                max_size=BYTES_MAX,
                proxy=None if direct else True,
            ) as socket:
                return await self._talk(socket, stop)
        except ConnectionClosed as closed:
            return f"closed by the feed: {closed}"
        except (OSError, WebSocketException, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"

    async def _talk(self, socket: ClientConnection, stop: asyncio.Event) -> str:
        self.reconnects += self.heard_ms is not None
        self._turn(SourceStatus.CONNECTED, self.url)
        log.info("match feed connected", event_type="source_recovered", reconnects=self.reconnects)
        stopped = asyncio.ensure_future(stop.wait())
        pings = asyncio.ensure_future(_ping(socket))
        reading = asyncio.ensure_future(self._read(socket))
        try:
            await asyncio.wait({reading, pings, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            return pings.result() if pings.done() else "stopped"
        finally:
            await aio.end(stopped, pings, reading)

    async def _read(self, socket: ClientConnection) -> str:
        while True:
            try:
                async with asyncio.timeout(DEAD_AFTER_MS / 1000):
                    text = await socket.recv(decode=True)
            except TimeoutError:
                return f"no frame, not even PONG, for {DEAD_AFTER_MS} ms"
            self.heard_ms = clock.now_ms()
            if text != PONG:
                await self._listener.heard(text, self.heard_ms)

    def _turn(self, status: SourceStatus, detail: str) -> None:
        self.status = status
        self.detail = detail


async def _ping(socket: ClientConnection) -> str:
    while True:
        await socket.send(PING)
        await asyncio.sleep(PING_MS / 1000)
