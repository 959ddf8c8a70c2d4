"""How the Data API v2 is asked and answered: parameters, pages, errors (polymarket.md 8).

Condition ids are 64 hex digits, at most 20 of them; pages go by cursor only; numbers are JSON numbers.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import wraps
from typing import Final
from uuid import uuid4

import msgspec
from aiohttp import web

from core.ids import MarketId
from core.units import micro, text
from simulator.chain.accounts import CHAIN, Wallet
from simulator.chain.addresses import address

PAGE_DEFAULT: Final = 100
PAGE_MAX: Final = 1_000
CONDITIONS_MAX: Final = 20
CONDITION: Final = re.compile(r"0x[0-9a-fA-F]{64}")

Door = Callable[[web.Request], Awaitable[web.Response]]

_encode = msgspec.json.Encoder(decimal_format="number").encode


class BadParameter(Exception):
    """A query the Data API answers with 400. ``parameter`` is its name."""

    def __init__(self, parameter: str, words: str) -> None:
        super().__init__(words)
        self.parameter = parameter
        self.words = words


def door(handler: Door) -> Door:
    @wraps(handler)
    async def within(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except BadParameter as error:
            body = {
                "error": error.words,
                "code": "INVALID_PARAMETER",
                "retryable": False,
                "trace_id": uuid4().hex,
                "parameter": error.parameter,
            }
            return web.Response(body=_encode(body), status=400, content_type="application/json")

    return within


def answer(content: object) -> web.Response:
    return web.Response(body=_encode({"data": content}), content_type="application/json")


def page(request: web.Request, rows: Sequence[object]) -> web.Response:
    """One page of the rows. Raises ``BadParameter``."""
    limit, start = _limit(request), _start(request)
    shown = rows[start : start + limit]
    more = start + limit < len(rows)
    pagination = {
        "limit": limit,
        "offset": start,
        "has_more": more,
        "next_cursor": urlsafe_b64encode(str(start + limit).encode()).decode() if more else None,
    }
    return web.Response(
        body=_encode({"data": shown, "pagination": pagination}), content_type="application/json"
    )


def user(request: web.Request) -> tuple[str, Wallet | None]:
    """The address asked about, and its wallet if it has one here. Raises ``BadParameter``."""
    shown = request.query.get("user")
    if shown is None:
        raise BadParameter("user", "required parameter 'user' not provided")
    try:
        where = address(shown)
    except ValueError as error:
        raise BadParameter("user", f"invalid address {shown}") from error
    return where, request.app[CHAIN].wallet(where)


def conditions(request: web.Request) -> frozenset[MarketId] | None:
    """The markets asked for, ``None`` for all. The guides call the parameter ``condition``, SDKs ``condition_id``."""
    for name in ("condition", "condition_id"):
        shown = request.query.get(name)
        if shown is None:
            continue
        asked = shown.split(",")
        if len(asked) > CONDITIONS_MAX:
            raise BadParameter(name, f"at most {CONDITIONS_MAX} conditions")
        if not all(CONDITION.fullmatch(one) for one in asked):
            raise BadParameter(name, "a condition id is 0x and 64 hex digits")
        return frozenset(MarketId(one.lower()) for one in asked)
    return None


def choice(request: web.Request, name: str, choices: frozenset[str]) -> str | None:
    shown = request.query.get(name)
    if shown is not None and shown not in choices:
        raise BadParameter(name, f"one of {', '.join(sorted(choices))}, not {shown}")
    return shown


def amount(request: web.Request, name: str, default: int) -> int:
    """A non-negative decimal in millionths."""
    shown = request.query.get(name)
    if shown is None:
        return default
    try:
        return micro(shown)
    except ValueError as error:
        raise BadParameter(name, f"not an amount: {shown}") from error


def flag(request: web.Request, name: str, *, default: bool) -> bool:
    shown = choice(request, name, frozenset({"true", "false"}))
    return default if shown is None else shown == "true"


def number(value: int, places: int = 6) -> Decimal:
    """An integer of 10**-places units as a JSON number."""
    return Decimal(text(value, places))


def _limit(request: web.Request) -> int:
    shown = request.query.get("limit", str(PAGE_DEFAULT))
    if not (shown.isascii() and shown.isdecimal()) or not 1 <= int(shown) <= PAGE_MAX:
        raise BadParameter("limit", f"1 to {PAGE_MAX}, not {shown}")
    return int(shown)


def _start(request: web.Request) -> int:
    if "offset" in request.query:
        raise BadParameter("offset", "pages go by cursor")
    shown = request.query.get("cursor")
    if shown is None:
        return 0
    try:
        return int(urlsafe_b64decode(shown))
    except ValueError as error:
        raise BadParameter("cursor", f"invalid cursor {shown}") from error
