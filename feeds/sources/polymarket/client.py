"""The market channel and ``GET /book``: sockets only, what the texts mean is ``parse``'s.

The channel has no sequence and no replay: after every connect all snapshots come anew, and whoever listens is
told that the stream was lost before it is told that it is back. A PONG proves the socket and nothing else.
"""

import asyncio
from collections.abc import Iterable
from random import Random
from typing import Final, Protocol

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.ids import TokenId
from core.units import Ms
from feeds.sources.polymarket.wire import PONG
from infra import aio, clock, logs

PING_S: Final = 10.0  # polymarket.md 5
DEAD_AFTER_S: Final = 25.0  # neither a frame nor a PONG: two pings went unanswered
OPEN_WITHIN_S: Final = 10.0
CLOSE_WITHIN_S: Final = 1.0
FRAME_BYTES_MAX: Final = 8 << 20
WAITING_FRAMES: Final = 1_024
TOKENS_A_MESSAGE: Final = 200
BOOK_WITHIN_S: Final = 3.0

log = logs.get("feeds")


class Listener(Protocol):
    """Who hears the channel. Called on the loop, in the order of the wire."""

    def opened(self, heard_ms: Ms) -> None:
        """Connected and subscribed; snapshots follow."""

    def lost(self, reason: str, heard_ms: Ms) -> None:
        """The connection is gone. Everything known of its tokens is old from here on."""

    def frame(self, text: bytes, heard_ms: Ms) -> None:
        """One frame as received, PONG left out."""


class MarketChannel:
    """One connection to the market channel, kept open with capped back-off until ``stop``."""

    def __init__(self, url: str, listener: Listener, *, stop: asyncio.Event, chance: Random) -> None:
        self.url = url
        self.reconnects = 0
        self._listener = listener
        self._stop = stop
        self._chance = chance
        self._wanted: set[TokenId] = set()
        self._some_wanted = asyncio.Event()
        self._socket: ClientConnection | None = None

    async def want(self, tokens: Iterable[TokenId]) -> None:
        """Make ``tokens`` what is subscribed to, now and after every reconnect."""
        before, self._wanted = self._wanted, set(tokens)
        if self._wanted:
            self._some_wanted.set()
        if self._socket is not None:
            await self._ask("unsubscribe", before - self._wanted)
            await self._ask("subscribe", self._wanted - before)

    async def renew(self, tokens: Iterable[TokenId]) -> None:
        """Subscribe to ``tokens`` anew: their snapshots come once more."""
        renewed = self._wanted & set(tokens)
        if self._socket is not None:
            await self._ask("unsubscribe", renewed)
            await self._ask("subscribe", renewed)

    async def run(self) -> None:
        """Connect, listen, and connect again, until ``stop``. Waits until something is wanted."""
        waits = aio.back_off(self._chance)
        while not self._stop.is_set():
            if not await self._something_wanted():
                return
            began = clock.monotonic_ms()
            reason = await self._one_connection()
            if self._stop.is_set():
                return
            self.reconnects += 1
            if clock.monotonic_ms() - began > aio.BACK_OFF_CAP_MS:
                waits = aio.back_off(self._chance)
            wait = next(waits)
            log.warning("market channel lost", event_type="ws_reconnect", url=self.url, why=reason, again_in_ms=wait)
            if await aio.stopped_within(self._stop, wait):
                return

    async def _something_wanted(self) -> bool:
        while not self._some_wanted.is_set():
            if await aio.stopped_within(self._stop, 100):
                return False
        return True

    async def _one_connection(self) -> str:
        """One life of the connection; returns why it ended."""
        try:
            async with connect(
                self.url,
                open_timeout=OPEN_WITHIN_S,
                close_timeout=CLOSE_WITHIN_S,
                ping_interval=None,
                max_size=FRAME_BYTES_MAX,
                max_queue=WAITING_FRAMES,
            ) as socket:
                return await self._listen(socket)
        except (OSError, TimeoutError, WebSocketException) as error:
            return f"{type(error).__name__}: {error}"

    async def _listen(self, socket: ClientConnection) -> str:
        tokens = sorted(self._wanted)
        await socket.send(_first_words(tokens))
        self._socket = socket
        self._listener.opened(clock.now_ms())
        pinging = asyncio.create_task(_ping(socket))
        closing = asyncio.create_task(self._close_on_stop(socket))
        reason = "ended"
        try:
            late = self._wanted - set(tokens)
            await self._ask("subscribe", late)
            while True:
                async with asyncio.timeout(DEAD_AFTER_S):
                    text = await socket.recv(decode=False)
                if text.strip() != PONG.encode():
                    self._listener.frame(text, clock.now_ms())
        except TimeoutError:
            reason = f"nothing heard for {DEAD_AFTER_S:.0f} s"
        except ConnectionClosed as error:
            reason = f"closed: {error}"
        finally:
            self._socket = None
            pinging.cancel()
            closing.cancel()
            await asyncio.gather(pinging, closing, return_exceptions=True)
            self._listener.lost(reason, clock.now_ms())
        return reason

    async def _close_on_stop(self, socket: ClientConnection) -> None:
        await self._stop.wait()
        await socket.close()

    async def _ask(self, operation: str, tokens: Iterable[TokenId]) -> None:
        """Change what is subscribed to. A connection that breaks meanwhile is subscribed anew as a whole."""
        ordered = sorted(tokens)
        socket = self._socket
        for start in range(0, len(ordered), TOKENS_A_MESSAGE):
            part = ordered[start : start + TOKENS_A_MESSAGE]
            message = {"operation": operation, "assets_ids": part, "custom_feature_enabled": True}
            if socket is None:
                return
            try:
                await socket.send(msgspec.json.encode(message).decode())
            except ConnectionClosed:
                return


def _first_words(tokens: list[TokenId]) -> str:
    words = {
        "type": "market",
        "assets_ids": tokens,
        "custom_feature_enabled": True,
        "initial_dump": True,
        "level": 2,
    }
    return msgspec.json.encode(words).decode()


async def _ping(socket: ClientConnection) -> None:
    """Text PINGs, as the venue wants them, until the connection is gone."""
    while True:
        await asyncio.sleep(PING_S)
        try:
            await socket.send("PING")
        except ConnectionClosed:
            return


class BookUnanswered(Exception):
    """``GET /book`` brought no book. The text says why."""


class BookReader:
    """Asks the venue for whole books. One HTTP client, every wait bounded."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=BOOK_WITHIN_S)

    async def read(self, token: TokenId) -> bytes:
        """The body of ``GET /book?token_id=``. Raises ``BookUnanswered``."""
        try:
            answer = await self._http.get("/book", params={"token_id": token})
        except httpx.HTTPError as error:
            raise BookUnanswered(f"{type(error).__name__}: {error}") from error
        if answer.status_code != httpx.codes.OK:
            raise BookUnanswered(f"HTTP {answer.status_code}: {answer.text[:200]}")
        return answer.content

    async def close(self) -> None:
        await self._http.aclose()
