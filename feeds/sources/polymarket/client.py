"""The market channel's socket: keeps one connection open and subscribed, and says when it is not (polymarket.md 5).

It does not read what the frames say; ``parse`` does. Losing the connection is an event for the listener, never
an exception: the venue replays nothing, so what was missed must be known.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from enum import StrEnum
from random import Random
from typing import Any, Final, Protocol

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.ids import TokenId
from core.trust import ANSWER_WITHIN_MS
from core.units import Ms
from feeds.sources.polymarket.wire import PONG
from infra import aio, clock, logs

PING: Final = "PING"
PONG_FRAME: Final = PONG.encode()
PING_MS: Final = 10_000
DEAD_AFTER_MS: Final = 25_000  # two answers missed: the socket is dead, whatever TCP believes
ANSWER_MS: Final = (
    10_000  # a subscription brings a book at once; without one the connection is only half alive
)
OPEN_MS: Final = 10_000
TOKENS_A_MESSAGE: Final = 400
FRAME_BYTES_MAX: Final = 16 * 1024 * 1024

log = logs.get("market_channel")


class Status(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"


class Listener(Protocol):
    """Who hears the channel. Called on the loop, in order; must not block."""

    def frame(self, frame: bytes, heard_ms: Ms) -> None:
        """One frame as received. PONGs are not passed on."""

    def opened(self, heard_ms: Ms) -> None:
        """Connected and subscribed: snapshots follow."""

    def lost(self, reason: str, heard_ms: Ms) -> None:
        """Nothing is heard from now on until ``opened``."""


class MarketChannel:
    """One connection to the market channel for a changing set of tokens.

    ``status``, ``since_ms``, ``heard_ms`` (last frame that is no PONG), ``detail`` and ``reconnects`` are for the
    console. Waits and watches count real time; stamps are those of ``infra.clock``.
    """

    def __init__(self, url: str, listener: Listener, *, stop: asyncio.Event, chance: Random) -> None:
        self.url = url
        self.status = Status.CONNECTING
        self.since_ms = clock.now_ms()
        self.heard_ms: Ms | None = None
        self.detail = "not connected yet"
        self.reconnects = 0
        self._listener = listener
        self._stop = stop
        self._chance = chance
        self._wanted: set[TokenId] = set()
        self._subscribed: set[TokenId] = set()
        self._stale: set[TokenId] = set()  # subscribed, and to be subscribed again
        self._changed = asyncio.Event()
        self._frame_at = 0  # monotonic ms of the last frame, PONGs included
        self._books_due: int | None = None  # monotonic ms by which a subscription must have brought something

    async def want(self, tokens: Iterable[TokenId]) -> None:
        """From now on these tokens and no others. Takes effect on the open connection."""
        self._wanted = set(tokens)
        self._changed.set()

    async def renew(self, tokens: Iterable[TokenId]) -> None:
        """Ask for fresh books of these tokens. When nothing comes within 10 s the connection is replaced."""
        self._stale |= set(tokens)
        self._changed.set()

    async def run(self) -> None:
        """Stay connected until ``stop``."""
        stop = self._stop
        waits: Iterator[int] | None = None
        while not stop.is_set():
            if not self._wanted:
                await self._first_wish()
                continue
            heard_before = self.heard_ms
            reason = await self._connection()
            if stop.is_set():
                break
            if waits is None or self.heard_ms != heard_before:
                # Something was heard on it, so the venue is there: begin with short waits again.
                waits = aio.back_off(self._chance)
            self._lose(reason)
            await aio.stopped_within(stop, next(waits))
        if self.status is not Status.LOST:
            self._lose("stopped")

    async def _first_wish(self) -> None:
        self._changed.clear()
        await _first_of(self._changed.wait(), self._stop.wait())

    async def _connection(self) -> str:
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
                return await self._talk(socket)
        except ConnectionClosed as closed:
            return f"closed by the venue: {closed}"
        except (OSError, WebSocketException, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"

    async def _talk(self, socket: ClientConnection) -> str:
        self._subscribed.clear()
        self._frame_at = clock.monotonic_ms()
        await self._subscribe(socket)
        self._turn(Status.CONNECTED, f"{len(self._subscribed)} tokens")
        self._listener.opened(clock.now_ms())
        reason: str = await _first_of(
            self._read(socket),
            self._ping(socket),
            self._watch(),
            self._follow_wishes(socket),
            _stopped(self._stop),
        )
        return reason

    async def _read(self, socket: ClientConnection) -> str:
        while True:
            frame = await socket.recv(decode=False)
            heard_ms = clock.now_ms()
            self._frame_at = clock.monotonic_ms()
            if frame == PONG_FRAME:
                continue
            self.heard_ms = heard_ms
            self._books_due = None
            self._listener.frame(frame, heard_ms)

    async def _ping(self, socket: ClientConnection) -> str:
        while True:
            await asyncio.sleep(PING_MS / 1000)
            await socket.send(PING)

    async def _watch(self) -> str:
        """End a connection that is open and dead: no PONG, or no book after a subscription."""
        while True:
            await asyncio.sleep(0.25)
            now = clock.monotonic_ms()
            if now - self._frame_at >= DEAD_AFTER_MS:
                return f"no frame, not even PONG, for {DEAD_AFTER_MS} ms"
            if self._books_due is not None and now >= self._books_due:
                return f"subscribed, and nothing came for {ANSWER_MS} ms"

    async def _follow_wishes(self, socket: ClientConnection) -> str:
        while True:
            await self._changed.wait()
            await self._subscribe(socket)
            self.detail = f"{len(self._subscribed)} tokens"

    async def _subscribe(self, socket: ClientConnection) -> None:
        """Tell the venue the difference between what we want and what it sends us."""
        self._changed.clear()
        stale, self._stale = self._stale & self._subscribed, set()
        for tokens in _chunks((self._subscribed - self._wanted) | stale):
            await socket.send(_encode({"assets_ids": tokens, "operation": "unsubscribe"}))
        self._subscribed -= stale
        new = self._wanted - self._subscribed
        first = not self._subscribed
        for tokens in _chunks(new):
            begin = {"type": "market"} if first else {"operation": "subscribe"}
            wish = {"assets_ids": tokens, **begin, "custom_feature_enabled": True, "initial_dump": True}
            await socket.send(_encode(wish))
            first = False
        self._subscribed = set(self._wanted)
        if new:
            self._books_due = clock.monotonic_ms() + ANSWER_MS

    def _turn(self, status: Status, detail: str) -> None:
        if status is not self.status:
            self.status = status
            self.since_ms = clock.now_ms()
        self.detail = detail

    def _lose(self, reason: str) -> None:
        was_connected = self.status is Status.CONNECTED
        self._turn(Status.LOST, reason)
        self._books_due = None
        log.warning(
            "market channel lost", event_type="ws_reconnect", reason=reason, reconnects=self.reconnects
        )
        if was_connected:
            self.reconnects += 1
            self._listener.lost(reason, clock.now_ms())


def _encode(wish: dict[str, object]) -> str:
    return msgspec.json.encode(wish).decode()


def _chunks(tokens: set[TokenId]) -> Iterator[list[TokenId]]:
    ordered = sorted(tokens)
    for start in range(0, len(ordered), TOKENS_A_MESSAGE):
        yield ordered[start : start + TOKENS_A_MESSAGE]


class BookUnanswered(Exception):
    """The venue did not give the book. What we hold stays unconfirmed."""


class BookReader:
    """Reads whole books by REST over kept connections. Close it."""

    def __init__(self, clob_url: str) -> None:
        self._url = f"{clob_url}/book"
        self._http = httpx.AsyncClient(timeout=ANSWER_WITHIN_MS / 1000)

    async def read(self, token: TokenId) -> bytes:
        """The body of ``GET /book``, for ``Parser.parse``. Raises ``BookUnanswered``."""
        try:
            answer = await self._http.get(self._url, params={"token_id": token})
        except httpx.HTTPError as error:
            raise BookUnanswered(f"GET /book: {type(error).__name__}: {error}") from error
        if answer.status_code != 200:
            raise BookUnanswered(f"GET /book: {answer.status_code} {answer.text[:200]}")
        return answer.content

    async def close(self) -> None:
        await self._http.aclose()


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


async def _stopped(stop: asyncio.Event) -> str:
    await stop.wait()
    return "stopped"
