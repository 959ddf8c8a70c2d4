"""Discovery as the venue's Gamma API answers it: ``/events/keyset`` and ``/markets/keyset`` (polymarket.md 7)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from operator import itemgetter
from typing import Any, Final

import msgspec
from aiohttp import web

from simulator.channels import WORLD
from simulator.world import Event

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 500
CONDITION_CHARS: Final = 66  # 0x and 32 bytes; a v2 condition id has 31 and is padded on the right


class BadQuery(Exception):
    """A query the venue answers with 422."""


def install(app: web.Application) -> None:
    app.add_routes([web.get("/events/keyset", events_keyset), web.get("/markets/keyset", markets_keyset)])


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


async def markets_keyset(request: web.Request) -> web.Response:
    """Markets by their ids, tokens or slugs, or all of them, each with its event."""
    try:
        limit, after = _limit(request), _after(request)
        closed = _closed(request)
    except BadQuery as error:
        return _json({"type": "validation error", "error": str(error)}, status=422)
    tags = set(request.query.getall("tag_id", []))
    numbered = [
        (int(market["id"]), market)
        for event in request.app[WORLD].events()
        if tags <= event.tags
        for market in _markets(event)
        if closed in (None, market["closed"]) and _wanted(request, market)
    ]
    found = [(number, market) for number, market in sorted(numbered, key=itemgetter(0)) if number > after][
        :limit
    ]
    page: dict[str, object] = {"markets": [market for _, market in found]}
    if len(found) == limit:
        page["next_cursor"] = _cursor(found[-1][0])
    return _json(page)


def _markets(event: Event) -> list[dict[str, Any]]:
    """An event's markets as they stand alone: each carries its event, without the event's markets."""
    described = event.described["markets"]
    assert isinstance(described, list), "an event lists its markets"
    around = {name: value for name, value in event.described.items() if name != "markets"}
    return [{**market, "events": [around]} for market in described]


def _wanted(request: web.Request, market: dict[str, Any]) -> bool:
    """Whether a market is among those named in each filter of the query. A condition id may be padded or not."""
    condition = market["conditionId"].lower()
    tokens = {*json.loads(market.get("clobTokenIds") or "[]"), *(market.get("positionIds") or ())}
    query = request.query
    return (
        _named(query.getall("condition_ids", []), {condition, condition.ljust(CONDITION_CHARS, "0")})
        and _named(query.getall("clob_token_ids", []), tokens)
        and _named(query.getall("position_ids", []), tokens)
        and _named(query.getall("slug", []), {market["slug"]})
        and _named(query.getall("id", []), {market["id"]})
    )


def _named(names: list[str], own: set[str]) -> bool:
    return not names or any(name.lower() in own for name in names)


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
