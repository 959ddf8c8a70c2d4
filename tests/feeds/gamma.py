"""Events as Gamma writes them, and a Gamma of our own that can misbehave."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from core.units import Ms

NOON: Final = Ms(1_761_998_400_000)  # 2025-11-01 12:00:00 UTC
Json = dict[str, Any]


def condition(number: int) -> str:
    return f"0x{number:064x}"


def a_market(number: int = 1, **said: Any) -> Json:
    """A series market of the venue; keyword arguments replace fields, ``None`` leaves one out."""
    fields: Json = {
        "id": str(number),
        "conditionId": condition(number),
        "question": "LoL: Red vs Blue (BO3) - Spring Cup",
        "slug": "lol-red-blue-2025-11-01",
        "version": "v1",
        "outcomes": '["Red", "Blue"]',
        "outcomePrices": '["0.55", "0.45"]',
        "clobTokenIds": json.dumps([f"{number}01", f"{number}02"]),
        "sportsMarketType": "moneyline",
        "groupItemTitle": "Match Winner",
        "gameStartTime": "2025-11-01 12:00:00+00",
        "active": True,
        "closed": False,
        "acceptingOrders": True,
        "orderMinSize": 5,
        "orderPriceMinTickSize": 0.01,
        "secondsDelay": 1,
        "clearBookOnStart": True,
        "feesEnabled": True,
        "feeSchedule": {"exponent": 1, "rate": 0.05, "takerOnly": True, "rebateRate": 0.15},
    }
    return {name: value for name, value in (fields | said).items() if value is not None}


def a_map_market(number: int, map_number: int, **said: Any) -> Json:
    return a_market(
        number,
        **{
            "sportsMarketType": "child_moneyline",
            "groupItemTitle": f"Game {map_number} Winner",
            "question": f"LoL: Red vs Blue: Game {map_number} Winner",
            "slug": f"lol-red-blue-2025-11-01-game{map_number}",
            **said,
        },
    )


def an_event(*markets: Json, number: int = 70, **said: Any) -> Json:
    fields: Json = {
        "id": str(number),
        "slug": "lol-red-blue-2025-11-01",
        "title": "LoL: Red vs Blue (BO3) - Spring Cup",
        "gameId": 900 + number,
        "startTime": "2025-11-01T12:00:00Z",
        "score": "000-000|0-0|Bo3",
        "tags": [{"id": "64", "slug": "esports"}, {"id": "65", "slug": "league-of-legends"}],
        "series": [{"slug": "spring-cup", "title": "Spring Cup"}],
        "closed": False,
        "markets": list(markets),
    }
    return {name: value for name, value in (fields | said).items() if value is not None}


class FakeGamma:
    """Serves ``events`` in pages; the next requests are answered by ``mishaps`` first."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.mishaps: deque[web.Response | None] = deque()
        self.queries: list[list[tuple[str, str]]] = []
        self.page_size = 100
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(list(request.query.items()))
        if self.mishaps:
            mishap = self.mishaps.popleft()
            if mishap is not None:
                return mishap
            await asyncio.Event().wait()  # never answers
        ids = set(request.query.getall("id", []))
        closed = request.query["closed"] == "true"
        found = [
            event for event in self.events if event["closed"] is closed and (not ids or event["id"] in ids)
        ]
        start = int(request.query.get("after_cursor", "0"))
        page: Json = {"events": found[start : start + self.page_size]}
        if start + self.page_size < len(found):
            page["next_cursor"] = str(start + self.page_size)
        return web.json_response(page)


@asynccontextmanager
async def a_gamma() -> AsyncIterator[FakeGamma]:
    fake = FakeGamma()
    app = web.Application()
    app.add_routes([web.get("/events/keyset", fake.answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield fake
    finally:
        await runner.cleanup()
