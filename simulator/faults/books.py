"""A stale ``/book``: the answer is a book of some seconds ago (polymarket.md 5: seen live, with an open socket).

While the fault is on, every open book is put by each ten seconds; an aged answer takes the older of the last two.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from core.ids import Outcome, TokenId
from core.units import Ms
from simulator.channels import WORLD
from simulator.faults.catalogue import Name
from simulator.faults.switchboard import FAULTS
from simulator.world import World

EVERY_MS: Final = 10_000


class Archive:
    """The books of the last two times they were put by."""

    def __init__(self) -> None:
        self._older: dict[TokenId, bytes] = {}
        self._newer: dict[TokenId, bytes] = {}
        self._due_ms = Ms(0)

    def keep(self, world: World, now_ms: Ms) -> None:
        """Put the open books by when it is time."""
        if now_ms < self._due_ms:
            return
        self._due_ms = Ms(now_ms + EVERY_MS)
        tokens = [sheet.token(outcome) for sheet in world.open_sheets() for outcome in Outcome]
        books = {token: world.rest_book(token) for token in tokens}
        self._older = self._newer
        self._newer = {token: msgspec.json.encode(book) for token, book in books.items() if book is not None}

    def old(self, token: TokenId) -> bytes | None:
        """A book at least ten seconds old; ``None`` for a token that was not open then."""
        return self._older.get(token)

    def forget(self) -> None:
        self._older, self._newer, self._due_ms = {}, {}, Ms(0)


ARCHIVE: Final = web.AppKey("old_books", Archive)


class Asked(msgspec.Struct):
    """What names the book in an answer."""

    asset_id: TokenId


_names = msgspec.json.Decoder(Asked)
_lists = msgspec.json.Decoder(list[msgspec.Raw])


async def aged(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """The same answer with some of its books replaced by older ones. Other answers are left alone."""
    if answer.status != web.HTTPOk.status_code or not isinstance(answer, web.Response):
        return answer
    if request.path not in ("/book", "/books") or not isinstance(answer.body, bytes):
        return answer
    if request.path == "/book":
        return _json(_aged(request, answer.body))
    parts: Sequence[msgspec.Raw] = _lists.decode(answer.body)
    return _json(msgspec.json.encode([msgspec.Raw(_aged(request, bytes(part))) for part in parts]))


def _aged(request: web.Request, book: bytes) -> bytes:
    old = request.app[ARCHIVE].old(_names.decode(book).asset_id)
    if old is None or not request.app[FAULTS].strikes(Name.STALE_BOOK, request.path):
        return book
    return old


def keep_books(app: web.Application, now_ms: Ms) -> None:
    """Put books by while the fault is on."""
    if Name.STALE_BOOK in app[FAULTS].on:
        app[ARCHIVE].keep(app[WORLD], now_ms)
    else:
        app[ARCHIVE].forget()


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")
