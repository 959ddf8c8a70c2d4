"""The user channel's socket: keeps one authenticated connection open and says when it is not (polymarket.md 6).

It does not read what the frames say. The venue replays nothing, so the listener reads orders and trades after each
``opened``. The subscription names no market: whatever happens on our wallet is told.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from enum import StrEnum
from random import Random
from typing import Any, Final, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.units import Ms
from infra import aio, clock, logs
from trading.gateways.polymarket.credentials import Credentials
from trading.gateways.polymarket.wire import PONG

PING: Final = "PING"
PONG_FRAME: Final = PONG.encode()
PING_MS: Final = 10_000
DEAD_AFTER_MS: Final = 25_000  # two answers missed: the socket is dead, whatever TCP believes
WATCH_MS: Final = 250
OPEN_MS: Final = 10_000
FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
KEY_WAIT_MS: Final = 500

log = logs.get("user_channel")


class Status(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"


class Listener(Protocol):
    """Who hears the channel. Called on the loop, in order; must not block."""

    def frame(self, frame: bytes, heard_ms: Ms) -> None:
        """One frame as received. PONGs are not passed on."""

    def opened(self, heard_ms: Ms) -> None:
        """Connected and subscribed: what happened before must be read."""

    def lost(self, reason: str, heard_ms: Ms) -> None:
        """Nothing is heard from now on until ``opened``."""


class UserChannel:
    """One connection to the user channel.

    ``status``, ``since_ms``, ``heard_ms`` (last frame that is no PONG), ``detail`` and ``reconnects`` are for the
    console. Waits and watches count real time; stamps are those of ``infra.clock``. ``credentials`` is asked before
    each connection; ``None``: not known yet.
    """

    def __init__(self, url: str, *, credentials: Callable[[], Credentials | None], chance: Random) -> None:
        self.url = url
        self.status = Status.CONNECTING
        self.since_ms = clock.now_ms()
        self.heard_ms: Ms | None = None
        self.detail = "not connected yet"
        self.reconnects = 0
        self._credentials = credentials
        self._chance = chance
        self._doubted = asyncio.Event()
        self._frame_at = 0  # monotonic ms of the last frame, PONGs included

    def doubt(self) -> None:
        """The channel has not told what it should have: replace the connection."""
        self._doubted.set()

    async def run(self, listener: Listener, *, stop: asyncio.Event) -> None:
        """Stay connected until ``stop``."""
        waits: Iterator[int] = aio.back_off(self._chance)
        while not stop.is_set():
            credentials = self._credentials()
            if credentials is None:
                await aio.stopped_within(stop, KEY_WAIT_MS)
                continue
            opened_at = clock.monotonic_ms()
            reason = await self._connection(credentials, listener, stop)
            if stop.is_set():
                break
            if clock.monotonic_ms() - opened_at >= DEAD_AFTER_MS:
                # It held for a while, so the venue is there and takes our key: begin with short waits again.
                waits = aio.back_off(self._chance)
            self._lose(reason, listener)
            await aio.stopped_within(stop, next(waits))
        if self.status is not Status.LOST:
            self._lose("stopped", listener)

    async def _connection(self, credentials: Credentials, listener: Listener, stop: asyncio.Event) -> str:
        """One connection from opening to its end. Returns why it ended."""
        self._turn(Status.CONNECTING, f"connecting to {self.url}")
        direct = self.url.startswith("ws://")  # a simulator next door, no proxy between
        try:
            async with connect(
                self.url,
                ping_interval=None,  # the venue has its own PING text
                open_timeout=OPEN_MS / 1000,
                close_timeout=2,
                max_size=FRAME_BYTES_MAX,
                proxy=None if direct else True,
            ) as socket:
                return await self._talk(socket, credentials, listener, stop)
        except ConnectionClosed as closed:
            return f"closed by the venue: {closed}"
        except (OSError, WebSocketException, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"

    async def _talk(
        self, socket: ClientConnection, credentials: Credentials, listener: Listener, stop: asyncio.Event
    ) -> str:
        self._doubted.clear()
        self._frame_at = clock.monotonic_ms()
        await socket.send(subscription(credentials))
        self._turn(Status.CONNECTED, "all markets of the wallet")
        listener.opened(clock.now_ms())
        reason: str = await _first_of(
            self._read(socket, listener),
            self._ping(socket),
            self._watch(),
            _when(stop, "stopped"),
            _when(self._doubted, "it did not tell what it should have"),
        )
        return reason

    async def _read(self, socket: ClientConnection, listener: Listener) -> str:
        while True:
            frame = await socket.recv(decode=False)
            heard_ms = clock.now_ms()
            self._frame_at = clock.monotonic_ms()
            if frame == PONG_FRAME:
                continue
            self.heard_ms = heard_ms
            listener.frame(frame, heard_ms)

    async def _ping(self, socket: ClientConnection) -> str:
        while True:
            await asyncio.sleep(PING_MS / 1000)
            await socket.send(PING)

    async def _watch(self) -> str:
        """End a connection that is open and dead: no PONG comes. Silence alone is not death: nothing may happen."""
        while True:
            await asyncio.sleep(WATCH_MS / 1000)
            if clock.monotonic_ms() - self._frame_at >= DEAD_AFTER_MS:
                return f"no frame, not even PONG, for {DEAD_AFTER_MS} ms"

    def _turn(self, status: Status, detail: str) -> None:
        if status is not self.status:
            self.status = status
            self.since_ms = clock.now_ms()
        self.detail = detail

    def _lose(self, reason: str, listener: Listener) -> None:
        was_connected = self.status is Status.CONNECTED
        self._turn(Status.LOST, reason)
        log.warning("user channel lost", event_type="ws_reconnect", reason=reason, reconnects=self.reconnects)
        if was_connected:
            self.reconnects += 1
            listener.lost(reason, clock.now_ms())


def subscription(credentials: Credentials) -> str:
    """The first message, as text. Holds the secrets of the API key: for the socket only."""
    auth = {
        "apiKey": credentials.api_key,
        "secret": credentials.secret,
        "passphrase": credentials.passphrase,
    }
    return msgspec.json.encode({"type": "user", "auth": auth}).decode()


async def _when(happened: asyncio.Event, reason: str) -> str:
    await happened.wait()
    return reason


async def _first_of(*works: Coroutine[None, None, Any]) -> Any:  # noqa: ANN401 -- whatever the first returns
    """Run all, return or raise what the first to end returns or raises. None is left running."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
