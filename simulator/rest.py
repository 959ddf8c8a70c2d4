"""The venue's public REST calls that discovery and resync need: ``/ok /time /book /events/keyset``."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec
from aiohttp import web

from core.ids import TokenId
from simulator.channels import WORLD
from simulator.world import Event

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 500


class BadQuery(Exception):
    """A query the venue answers with 422."""


async def ok(_: web.Request) -> web.Response:
    return _json("OK")


async def server_time(request: web.Request) -> web.Response:
    """The clock in whole seconds."""
    return _json(request.app[WORLD].now_ms // 1_000)


async def book(request: web.Request) -> web.Response:
    token = request.query.get("token_id", "")
    if not token.isdecimal():
        return _json({"error": "Invalid token id"}, status=400)
    found = request.app[WORLD].rest_book(TokenId(token))
    if found is None:
        return _json({"error": "No orderbook exists for the requested token id"}, status=404)
    return _json(found)


async def events_keyset(request: web.Request) -> web.Response:
    """Events after a cursor, in a stable order. ``next_cursor`` is there while a page was full."""
    try:
        limit, after = _limit(request), _after(request)
        closed = _closed(request)
    except BadQuery as error:
        return _json({"type": "validation error", "error": str(error)}, status=422)
    tags = set(request.query.getall("tag_id", []))
    found = [event for event in request.app[WORLD].events() if _matches(event, after, closed, tags)]
    page: dict[str, object] = {"events": [event.described for event in found[:limit]]}
    if len(found) >= limit:
        page["next_cursor"] = _cursor(found[limit - 1].number)
    return _json(page)


def _matches(event: Event, after: int, closed: bool | None, tags: set[str]) -> bool:  # noqa: FBT001
    right_state = closed is None or event.closed is closed
    return event.number > after and right_state and tags <= event.tags


def _limit(request: web.Request) -> int:
    if "offset" in request.query:
        raise BadQuery("offset is not allowed on keyset endpoints")
    text = request.query.get("limit", str(PAGE_DEFAULT))
    if not text.isdecimal() or not 1 <= int(text) <= PAGE_MAX:
        raise BadQuery(f"limit must be between 1 and {PAGE_MAX}, not {text}")
    return int(text)


def _after(request: web.Request) -> int:
    text = request.query.get("after_cursor")
    if text is None:
        return -1
    try:
        return int(urlsafe_b64decode(text))
    except ValueError as error:
        raise BadQuery(f"invalid cursor {text}") from error


def _closed(request: web.Request) -> bool | None:
    text = request.query.get("closed")
    if text not in (None, "true", "false"):
        raise BadQuery(f"closed must be true or false, not {text}")
    return None if text is None else text == "true"


def _cursor(number: int) -> str:
    return urlsafe_b64encode(str(number).encode()).decode()


def _json(body: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
