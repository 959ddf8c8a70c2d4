"""Every request that came to the simulated venue: when, what, whose, and what it was told. For provers.

Written down before anything else is done with a request, so that also what a fault answers is here. ``GET
/simulator/requests?after=NUMBER`` tells those after a number; times are of the clock that the whole stack shares.
"""

from collections import deque
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from core.units import Ms
from infra.clock import now_ms

PATH: Final = "/simulator/requests"
KEPT_MAX: Final = 200_000
TOLD_MAX: Final = 50_000
OF_WALLETS: Final = ("/order", "/orders", "/cancel-", "/v1/heartbeats", "/data/", "/submit")


class Visit(msgspec.Struct):
    """One request.

    Units:
        address: the signer that it is in the name of.
        status:  what it was answered with; ``None`` before that, and when the connection broke.
    """

    number: int
    at_ms: Ms
    method: str
    path: str
    address: str
    status: int | None


class Visitors:
    """The newest requests in the name of a wallet."""

    def __init__(self) -> None:
        self.kept: deque[Visit] = deque(maxlen=KEPT_MAX)
        self._number = 0

    def note(self, request: web.Request) -> Visit:
        self._number += 1
        address = request.headers.get("POLY_ADDRESS", "").lower()
        visit = Visit(self._number, now_ms(), request.method, request.path, address, None)
        self.kept.append(visit)
        return visit


VISITORS: Final = web.AppKey("visitors", Visitors)


def install(app: web.Application) -> None:
    """Before every other part: its middleware is the outermost."""
    app[VISITORS] = Visitors()
    app.middlewares.append(noted)
    app.add_routes([web.get(PATH, told)])


@web.middleware
async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.path.startswith(OF_WALLETS):
        return await handler(request)
    visit = request.app[VISITORS].note(request)
    response = await handler(request)
    visit.status = response.status
    return response


async def told(request: web.Request) -> web.Response:
    """The requests after ``?after=``, earliest first, and the number of the last."""
    try:
        after = int(request.query.get("after", "0"))
    except ValueError:
        return web.json_response({"error": "after is a number"}, status=422)
    kept = request.app[VISITORS].kept
    found = [visit for visit in kept if visit.number > after][:TOLD_MAX]
    body = msgspec.json.encode({"now_ms": now_ms(), "requests": found})
    return web.Response(body=body, content_type="application/json")
