"""What the venue's channels have in common: one socket, kept by the text PING and given up when nothing answers it
(polymarket.md 5, 6).

A channel is a ``Line`` that knows what to send and for whom to read. Losing the connection is an event for its
listener, never an exception: the venue replays nothing, so what was missed must be known.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.units import Ms
from feeds.sources.polymarket.wire import PONG
from infra import clock

PING: Final = "PING"
PONG_FRAME: Final = PONG.encode()
PING_MS: Final = 10_000
DEAD_AFTER_MS: Final = 25_000  # two answers missed: the socket is dead, whatever TCP believes
WATCH_MS: Final = 250
OPEN_MS: Final = 10_000


class Status(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"


class Listener(Protocol):
    """Who hears a channel. Called on the loop, in order; must not block."""

    def frame(self, frame: bytes, heard_ms: Ms) -> None:
        """One frame as received. PONGs are not passed on."""

    def opened(self, heard_ms: Ms) -> None:
        """Connected and subscribed: what happened before must be read, or comes as snapshots."""

    def lost(self, reason: str, heard_ms: Ms) -> None:
        """Nothing is heard from now on until ``opened``."""


class Line:
    """One connection at a time.

    ``status``, ``since_ms``, ``heard_ms`` (last frame that is no PONG), ``detail`` and ``reconnects`` are for the
    console. Waits and watches count real time; stamps are those of ``infra.clock``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = Status.CONNECTING
        self.since_ms = clock.now_ms()
        self.heard_ms: Ms | None = None
        self.detail = "not connected yet"
        self.reconnects = 0
        self._frame_at = 0  # monotonic ms of the last frame, PONGs included

    async def _connection(self, talk: Callable[[ClientConnection], Awaitable[str]], *, bytes_max: int) -> str:
        """One connection from opening to its end. Returns why it ended."""
        self._turn(Status.CONNECTING, f"connecting to {self.url}")
        direct = self.url.startswith("ws://")  # a simulator next door, no proxy between
        try:
            async with connect(
                self.url,
                ping_interval=None,  # the venue has its own PING text
                open_timeout=OPEN_MS / 1000,
                close_timeout=2,
                max_size=bytes_max,
                proxy=None if direct else True,
            ) as socket:
                self._frame_at = clock.monotonic_ms()
                return await talk(socket)
        except ConnectionClosed as closed:
            return f"closed by the venue: {closed}"
        except (OSError, WebSocketException, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"

    async def _read(self, socket: ClientConnection, hear: Callable[[bytes, Ms], None]) -> str:
        while True:
            frame = await socket.recv(decode=False)
            heard_ms = clock.now_ms()
            self._frame_at = clock.monotonic_ms()
            if frame == PONG_FRAME:
                continue
            self.heard_ms = heard_ms
            hear(frame, heard_ms)

    async def _ping(self, socket: ClientConnection) -> str:
        while True:
            await asyncio.sleep(PING_MS / 1000)
            await socket.send(PING)

    async def _watch(self) -> str:
        """End a connection that is open and dead."""
        while True:
            await asyncio.sleep(WATCH_MS / 1000)
            dead = self._dead(clock.monotonic_ms())
            if dead is not None:
                return dead

    def _dead(self, now: int) -> str | None:
        """Why the connection is dead, at ``now`` in monotonic ms. Silence alone is not: PONGs break it."""
        silent = now - self._frame_at >= DEAD_AFTER_MS
        return f"no frame, not even PONG, for {DEAD_AFTER_MS} ms" if silent else None

    def _turn(self, status: Status, detail: str) -> None:
        if status is not self.status:
            self.status = status
            self.since_ms = clock.now_ms()
        self.detail = detail

    def _lose(self, reason: str, listener: Listener, log: FilteringBoundLogger) -> None:
        was_connected = self.status is Status.CONNECTED
        self._turn(Status.LOST, reason)
        log.warning("channel lost", event_type="ws_reconnect", reason=reason, reconnects=self.reconnects)
        if was_connected:
            self.reconnects += 1
            listener.lost(reason, clock.now_ms())
