"""The user channel's socket: keeps one authenticated connection open and says when it is not (polymarket.md 6).

It does not read what the frames say. The venue replays nothing, so the listener reads orders and trades after each
``opened``. The subscription names no market: whatever happens on our wallet is told.
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection

from feeds.sources.polymarket.line import DEAD_AFTER_MS, Line, Listener, Status
from infra import aio, clock, logs
from trading.gateways.polymarket.credentials import Credentials

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
KEY_WAIT_MS: Final = 500

log = logs.get("user_channel")


class UserChannel(Line):
    """One connection to the user channel. ``credentials`` is asked before each; ``None``: not known yet."""

    def __init__(self, url: str, *, credentials: Callable[[], Credentials | None], chance: Random) -> None:
        super().__init__(url)
        self._credentials = credentials
        self._chance = chance
        self._doubted = asyncio.Event()

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
            talk = partial(self._talk, credentials=credentials, listener=listener, stop=stop)
            reason = await self._connection(talk, bytes_max=FRAME_BYTES_MAX)
            if stop.is_set():
                break
            if clock.monotonic_ms() - opened_at >= DEAD_AFTER_MS:
                # It held for a while, so the venue is there and takes our key: begin with short waits again.
                waits = aio.back_off(self._chance)
            self._lose(reason, listener, log)
            await aio.stopped_within(stop, next(waits))
        if self.status is not Status.LOST:
            self._lose("stopped", listener, log)

    async def _talk(
        self, socket: ClientConnection, *, credentials: Credentials, listener: Listener, stop: asyncio.Event
    ) -> str:
        self._doubted.clear()
        await socket.send(subscription(credentials))
        self._turn(Status.CONNECTED, "all markets of the wallet")
        listener.opened(clock.now_ms())
        return await aio.first_of(
            self._read(socket, listener.frame),
            self._ping(socket),
            self._watch(),
            _when(stop, "stopped"),
            _when(self._doubted, "it did not tell what it should have"),
        )


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
