"""The faults of requests, as the outermost middleware: what goes wrong between a client and a venue that works.

A dropped connection is dropped for real, with an RST: the client sees what it would see live. Requests of the
control API, of websockets, of discovery and of authentication are spared unless a fault names their path.
"""

import asyncio
from typing import Final, NamedTuple

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from core.units import Ms
from simulator.faults import books
from simulator.faults.catalogue import Name
from simulator.faults.switchboard import FAULTS, Faults

LATE_MS: Final = (2_000, 8_000)
RETRY_AFTER_S: Final = "1"
NEVER: Final = ("/simulator/", "/ws")
# Where the venue's own troubles were seen; what is not here is only struck when a fault names it.
MEANT_FOR: Final = (
    *("/order", "/cancel-", "/v1/heartbeats", "/heartbeats", "/data/", "/balance-allowance", "/book"),
    *("/submit", "/transaction", "/v1/account/", "/nonce", "/v2/"),
)
REQUEST_FAULTS: Final = (
    *(Name.DROP_BEFORE, Name.ERROR_BEFORE, Name.RATE_LIMIT),
    *(Name.ERROR_AFTER, Name.DROP_AFTER_ACCEPT, Name.LATE, Name.STALE_BOOK),
)


class Failure(NamedTuple):
    """One way to fail. ``of_orders``: said in answer to a new order only."""

    status: int
    body: bytes
    content_type: str
    of_orders: bool


def _said(status: int, error: str, *, of_orders: bool = False) -> Failure:
    return Failure(status, msgspec.json.encode({"error": error}), "application/json", of_orders)


def _proxy(status: int, title: str) -> Failure:
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
    return Failure(status, page.encode(), "text/html", of_orders=False)


UNCERTAIN: Final = (
    _said(500, "Internal server error"),
    _said(500, "could not insert order", of_orders=True),
    _proxy(502, "Bad Gateway"),
    _proxy(504, "Gateway Time-out"),
)
# "order timed out" promises that the book was not reached (polymarket.md 3.4), so it never follows acceptance.
TIMED_OUT: Final = _said(500, "order timed out", of_orders=True)
# A 400 that is no refusal (polymarket.md 3.4).
CANCELLED: Final = _said(400, "context canceled", of_orders=True)
TOO_MANY: Final = _said(429, "Too Many Requests")


@web.middleware
async def disturbed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through the faults that are on. The order below is the precedence when several strike."""
    faults, path = request.app[FAULTS], request.path
    if not any(_applies(faults, name, path) for name in REQUEST_FAULTS):
        return await handler(request)
    if _strikes(faults, Name.DROP_BEFORE, path):
        return _dropped(request)
    if _strikes(faults, Name.ERROR_BEFORE, path):
        return _answer(_way(faults, Name.ERROR_BEFORE, request, (*UNCERTAIN, TIMED_OUT)))
    if _strikes(faults, Name.RATE_LIMIT, path):
        response = _answer(TOO_MANY)
        response.headers["Retry-After"] = RETRY_AFTER_S
        return response
    answer = await handler(request)
    if _applies(faults, Name.STALE_BOOK, path):
        answer = await books.aged(request, answer)
    accepted = answer.status < web.HTTPBadRequest.status_code
    if accepted and _strikes(faults, Name.ERROR_AFTER, path):
        answer = _answer(_way(faults, Name.ERROR_AFTER, request, (*UNCERTAIN, CANCELLED)))
    dropped = accepted and _strikes(faults, Name.DROP_AFTER_ACCEPT, path)
    if not faults.full and _strikes(faults, Name.LATE, path):
        await _passed(faults, Ms(faults.now_ms + faults.between(Name.LATE, LATE_MS)))
    return _dropped(request) if dropped else answer


def _applies(faults: Faults, name: Name, path: str) -> bool:
    """Whether a fault is on and meant for a path."""
    switched = faults.on.get(name)
    if switched is None or path.startswith(NEVER):
        return False
    target = switched.fault.target
    return path.startswith(MEANT_FOR if target is None else target)


def _strikes(faults: Faults, name: Name, path: str) -> bool:
    return _applies(faults, name, path) and faults.strikes(name, path)


def _way(faults: Faults, name: Name, request: web.Request, failures: tuple[Failure, ...]) -> Failure:
    new_order = request.method == "POST" and request.path.startswith("/order")
    fitting = [failure for failure in failures if new_order or not failure.of_orders]
    return fitting[faults.one_of(name, len(fitting))]


def _answer(failure: Failure) -> web.Response:
    return web.Response(body=failure.body, status=failure.status, content_type=failure.content_type)


def _dropped(request: web.Request) -> web.Response:
    """Break the connection. What is returned never reaches anybody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _passed(faults: Faults, due_ms: Ms) -> None:
    """Wait for a moment of the world's clock, or for the end of the server."""
    moment = asyncio.Event()
    faults.later(due_ms, moment.set)
    await moment.wait()
