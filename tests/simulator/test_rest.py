"""The REST calls discovery and resync make, over real HTTP."""

import json
from collections.abc import AsyncIterator
from hashlib import sha1
from typing import Any

import aiohttp
import pytest

from core.ids import Outcome
from simulator import server
from simulator.clob.clock import CLOCK
from simulator.world import World
from tests.simulator.evenings import Hour, tokens


@pytest.fixture
def world(hour: Hour) -> World:
    """An evening in which a match has already ended."""
    return hour.world


@pytest.fixture
async def http(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    app = server.application(world)
    app[CLOCK].read = lambda: world.now_ms
    async with (
        server.listening(app, 0) as port,
        aiohttp.ClientSession(f"http://{server.HOST}:{port}") as session,
    ):
        yield session


async def get(http: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with http.get(path) as response:
        assert response.status == status
        return await response.json()


async def test_it_is_ok_and_tells_the_time(http: aiohttp.ClientSession, world: World) -> None:
    assert await get(http, "/ok") == "OK"
    assert await get(http, "/time") == world.now_ms // 1_000


async def test_a_book_is_that_of_the_channel_with_its_minimum(
    http: aiohttp.ClientSession, world: World
) -> None:
    yes, no = tokens(world.open_sheets()[0])

    book, mirror = await get(http, f"/book?token_id={yes}"), await get(http, f"/book?token_id={no}")

    assert list(book) == [
        *("market", "asset_id", "timestamp", "hash", "bids", "asks"),
        *("min_order_size", "tick_size", "neg_risk", "last_trade_price"),
    ]
    (snapshot,) = world.snapshots([yes])
    assert [level["price"] for level in book["bids"]] == [level.price for level in snapshot.bids]
    assert (book["timestamp"], book["hash"]) == (snapshot.timestamp, snapshot.hash)
    assert [level["size"] for level in book["bids"]] == [level["size"] for level in mirror["asks"]]


async def test_the_hash_is_that_of_the_published_recipe(http: aiohttp.ClientSession, world: World) -> None:
    book = await get(http, f"/book?token_id={tokens(world.open_sheets()[0])[0]}")

    compact = json.dumps({**book, "hash": ""}, separators=(",", ":"))

    assert book["hash"] == sha1(compact.encode()).hexdigest()


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("", 400, "Invalid token id"),
        ("?token_id=abc", 400, "Invalid token id"),
        ("?token_id=12345", 404, "No orderbook exists for the requested token id"),
    ],
)
async def test_no_book_is_an_error_in_the_venues_words(
    http: aiohttp.ClientSession, query: str, status: int, error: str
) -> None:
    assert await get(http, f"/book{query}", status) == {"error": error}


async def test_paging_shows_every_event_once(http: aiohttp.ClientSession, world: World) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await get(http, f"/events/keyset?limit=2{cursor and '&after_cursor=' + cursor}")
        seen += [event["id"] for event in page["events"]]
        cursor = page.get("next_cursor")

    assert seen == [str(event.number) for event in world.events()]
    assert len(set(seen)) == len(seen) > 4


@pytest.mark.parametrize(
    ("closed", "expected"), [("true", {True}), ("false", {False})], ids=["closed", "open"]
)
async def test_events_are_filtered_by_state(
    http: aiohttp.ClientSession, closed: str, expected: set[bool]
) -> None:
    page = await get(http, f"/events/keyset?closed={closed}&limit=500")

    assert {event["closed"] for event in page["events"]} == expected


async def test_events_are_filtered_by_tag(http: aiohttp.ClientSession) -> None:
    page = await get(http, "/events/keyset?tag_id=65&limit=500")

    assert {event["slug"].partition("-")[0] for event in page["events"]} == {"lol"}


@pytest.mark.parametrize("query", ["offset=1", "limit=0", "limit=501", "after_cursor=x", "closed=maybe"])
async def test_a_query_that_makes_no_sense_is_refused(http: aiohttp.ClientSession, query: str) -> None:
    answer = await get(http, f"/events/keyset?{query}", 422)

    assert answer["type"] == "validation error"


async def test_an_event_tells_all_that_discovery_reads(http: aiohttp.ClientSession, world: World) -> None:
    page = await get(http, "/events/keyset?closed=false")
    event, market = page["events"][0], page["events"][0]["markets"][1]
    sheet = next(s for s in world.open_sheets() if str(s.booking.number) == event["id"] and s.map_number)

    teams = [team["name"] for team in event["teams"]]

    assert json.loads(market["outcomes"]) == teams == [sheet.name(outcome) for outcome in Outcome]
    assert all(isinstance(token, str) and token.isdecimal() for token in json.loads(market["clobTokenIds"]))
    assert event["markets"][0]["sportsMarketType"] == "moneyline"
    assert (market["sportsMarketType"], market["slug"]) == ("child_moneyline", f"{event['slug']}-game1")
    assert (market["orderMinSize"], market["secondsDelay"], market["feesEnabled"]) == (5, 1, True)
    assert market["feeSchedule"] == {"exponent": 1, "rate": 0.05, "takerOnly": True, "rebateRate": 0.15}
    assert market["clearBookOnStart"]
    assert isinstance(event["gameId"], int)


async def test_a_market_is_found_by_each_of_its_names(http: aiohttp.ClientSession, world: World) -> None:
    async def ids(query: str) -> list[str]:
        page = await get(http, f"/markets/keyset?{query}")
        return [market["id"] for market in page["markets"]]

    for sheet in world.open_sheets():
        padded, own = sheet.terms.market_id, sheet.condition_id
        assert await ids(f"condition_ids={padded}") == await ids(f"condition_ids={own}") == [sheet.number]
        assert await ids(f"slug={sheet.slug}") == await ids(f"id={sheet.number}") == [sheet.number]
        assert await ids(f"condition_ids={padded}&closed=true") == []
    assert await ids("condition_ids=0x00") == []


async def test_a_market_alone_carries_its_event(http: aiohttp.ClientSession) -> None:
    page = await get(http, "/markets/keyset?limit=1")

    [market] = page["markets"]

    assert [event["slug"] for event in market["events"]] == [market["slug"].removesuffix("-game1")]
    assert "markets" not in market["events"][0]


async def test_paging_visits_every_market_once(http: aiohttp.ClientSession, world: World) -> None:
    seen: list[str] = []
    query = ""
    while page := await get(http, f"/markets/keyset?limit=5{query}"):
        seen += [market["id"] for market in page["markets"]]
        if "next_cursor" not in page:
            break
        query = f"&after_cursor={page['next_cursor']}"

    assert seen == sorted(set(seen), key=int)
    assert {sheet.number for sheet in world.open_sheets()} < set(seen)
