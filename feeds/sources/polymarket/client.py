"""The market channel's socket: keeps one connection open and subscribed, and says when it is not (polymarket.md 5).

It does not read what the frames say; ``parse`` does.
"""

import asyncio
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection

from core.ids import TokenId
from core.trust import ANSWER_WITHIN_MS
from core.units import Ms
from feeds.sources.polymarket.line import Line, Listener, Status
from infra import aio, clock, logs

ANSWER_MS: Final = (
    10_000  # a subscription brings a book at once; without one the connection is only half alive
)
TOKENS_A_MESSAGE: Final = 400
FRAME_BYTES_MAX: Final = 16 * 1024 * 1024

log = logs.get("market_channel")


class MarketChannel(Line):
    """One connection to the market channel for a changing set of tokens."""

    def __init__(self, url: str, listener: Listener, *, stop: asyncio.Event, chance: Random) -> None:
        super().__init__(url)
        self._listener = listener
        self._stop = stop
        self._chance = chance
        self._wanted: set[TokenId] = set()
        self._subscribed: set[TokenId] = set()
        self._stale: set[TokenId] = set()  # subscribed, and to be subscribed again
        self._changed = asyncio.Event()
        self._anew = asyncio.Event()
        self._books_due: int | None = None  # monotonic ms by which a subscription must have brought something

    async def want(self, tokens: Iterable[TokenId]) -> None:
        """From now on these tokens and no others. Takes effect on the open connection."""
        self._wanted = set(tokens)
        self._changed.set()

    async def renew(self, tokens: Iterable[TokenId]) -> None:
        """Ask for fresh books of these tokens. When nothing comes within 10 s the connection is replaced."""
        self._stale |= set(tokens)
        self._changed.set()

    def start_anew(self) -> None:
        """Give this connection up and make another at once, whatever is being waited for."""
        self._anew.set()

    async def run(self) -> None:
        """Stay connected until ``stop``."""
        stop = self._stop
        waits: Iterator[int] | None = None
        while not stop.is_set():
            if not self._wanted:
                await self._first_wish()
                continue
            heard_before = self.heard_ms
            reason = await self._connection(self._talk, bytes_max=FRAME_BYTES_MAX)
            if stop.is_set():
                break
            if waits is None or self.heard_ms != heard_before:
                # Something was heard on it, so the venue is there: begin with short waits again.
                waits = aio.back_off(self._chance)
            self._hang_up(reason)
            await aio.first_of(aio.stopped_within(stop, next(waits)), self._anew.wait())
            self._anew.clear()
        if self.status is not Status.LOST:
            self._hang_up("stopped")

    async def _first_wish(self) -> None:
        self._changed.clear()
        await aio.first_of(self._changed.wait(), self._stop.wait())

    async def _talk(self, socket: ClientConnection) -> str:
        self._subscribed.clear()
        await self._subscribe(socket)
        self._turn(Status.CONNECTED, f"{len(self._subscribed)} tokens")
        self._listener.opened(clock.now_ms())
        return await aio.first_of(
            self._read(socket, self._hear),
            self._ping(socket),
            self._watch(),
            self._follow_wishes(socket),
            _told(self._stop, "stopped"),
            _told(self._anew, "told to start anew"),
        )

    def _hear(self, frame: bytes, heard_ms: Ms) -> None:
        self._books_due = None
        self._listener.frame(frame, heard_ms)

    def _dead(self, now: int) -> str | None:
        """Also when no book comes after a subscription."""
        silent = super()._dead(now)
        if silent is None and self._books_due is not None and now >= self._books_due:
            return f"subscribed, and nothing came for {ANSWER_MS} ms"
        return silent

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

    def _hang_up(self, reason: str) -> None:
        self._books_due = None
        self._lose(reason, self._listener, log)


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


async def _told(what: asyncio.Event, reason: str) -> str:
    await what.wait()
    return reason
