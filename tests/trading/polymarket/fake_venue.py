"""A venue on a real socket that does what it is told: answers, errors, silence, hang-ups. For the transport's tests."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web

SECRET: Final = base64.urlsafe_b64encode(b"what only the venue and we know").decode()
KEY: Final = {"apiKey": "11111111-2222-3333-4444-555555555555", "secret": SECRET, "passphrase": "pass-phrase"}
CLOCKS_APART_MAX_S: Final = 5
HEARS_WITHIN_S: Final = 5.0
PUBLIC: Final = ("/time", "/ok", "/auth/api-key", "/auth/derive-api-key", "/v2/", "/markets/", "/rpc")


@dataclass(frozen=True)
class Says:
    """An answer. ``hangs_up`` closes the connection after it without saying so before."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs_up: bool = False


class HangsUp:
    """Reads the request and closes the connection without a word."""


class Silent:
    """Reads the request and says nothing until the test ends."""


Deed = Says | HangsUp | Silent


@dataclass(frozen=True)
class Heard:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class FakeVenue:
    """What comes next for a path is in ``next``; when that is empty, ``always`` answers.

    A private request must prove itself first, by a clock that is ``ahead_s`` before the machine's, or hears 401.
    """

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.next: dict[str, deque[Deed]] = defaultdict(deque)
        self.always: dict[str, Deed] = {}
        self.ahead_s = 0
        self.came = asyncio.Event()
        self.silenced: asyncio.Queue[str] = asyncio.Queue()  # paths of the requests that hear nothing
        self.ended = asyncio.Event()
        self.url = ""

    def does(self, path: str, *deeds: Deed) -> None:
        self.next[path].extend(deeds)

    def asked(self, path: str) -> list[Heard]:
        return [each for each in self.heard if each.path == path]

    async def hears(self, path: str) -> None:
        """Wait until it was asked for ``path``."""
        async with asyncio.timeout(HEARS_WITHIN_S):
            while not self.asked(path):
                self.came.clear()
                await self.came.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        heard = Heard(
            request.method,
            request.path,
            dict(request.query),
            {name.upper(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.heard.append(heard)
        self.came.set()
        if not heard.path.startswith(PUBLIC) and not self._proves_itself(heard):
            return web.json_response({"error": "Unauthorized/Invalid api key"}, status=401)
        waiting = self.next[request.path]
        deed = waiting.popleft() if waiting else self.always.get(request.path)
        if deed is None:
            deed = self._of_itself(heard)
        if isinstance(deed, Silent):
            self.silenced.put_nowait(heard.path)
            await self.ended.wait()
            return web.Response(status=500)
        if isinstance(deed, HangsUp):
            _close(request)
            return web.Response()
        body = deed.body if isinstance(deed.body, bytes) else msgspec.json.encode(deed.body)
        response = web.Response(status=deed.status, body=body, headers=deed.headers)
        if deed.hangs_up:
            await response.prepare(request)
            await response.write_eof()
            _close(request)
        return response

    def _of_itself(self, heard: Heard) -> Says:
        if heard.path == "/time":
            return Says(int(time.time()) + self.ahead_s)
        if heard.path == "/auth/api-key":
            return Says(KEY)
        return Says({"error": f"nothing prepared for {heard.path}"}, 400)

    def _proves_itself(self, heard: Heard) -> bool:
        """L2 by the documents: the clock, the key, and the HMAC over path and exact body."""
        stamp = heard.headers.get("POLY_TIMESTAMP", "0")
        message = f"{stamp}{heard.method}{heard.path}".encode() + heard.body
        digest = hmac.new(base64.urlsafe_b64decode(SECRET), message, hashlib.sha256).digest()
        return (
            abs(int(stamp) - int(time.time()) - self.ahead_s) <= CLOCKS_APART_MAX_S
            and heard.headers.get("POLY_API_KEY") == KEY["apiKey"]
            and heard.headers.get("POLY_PASSPHRASE") == KEY["passphrase"]
            and heard.headers.get("POLY_SIGNATURE") == base64.urlsafe_b64encode(digest).decode()
        )


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


@asynccontextmanager
async def running(venue: FakeVenue) -> AsyncIterator[FakeVenue]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sockets: Any = site._server.sockets  # type: ignore[union-attr]
    venue.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    try:
        yield venue
    finally:
        venue.ended.set()
        await runner.cleanup()
