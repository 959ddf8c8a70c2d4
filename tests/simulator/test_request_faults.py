"""What a client sees of a faulty venue over HTTP, and what the venue did meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest

from core.units import Ms
from simulator.chain.accounts import CHAIN
from simulator.clob.clock import CLOCK
from simulator.clob.windows import WINDOWS, Mode
from simulator.faults import FAULTS, Fault, Name
from simulator.faults.catalogue import ALWAYS
from simulator.faults.doors import PATH
from simulator.world import World
from tests.simulator.approvals import approve
from tests.simulator.clob.signers import Trader
from tests.simulator.evenings import START
from tests.simulator.venues import SECOND_MS, Venue, running, until


@pytest.fixture(scope="module")
def world() -> World:
    """One for all tests here; its time only goes on."""
    return World(7, START)


@pytest.fixture
async def venue(world: World) -> AsyncIterator[Venue]:
    async with running(world) as venue:
        yield venue


@pytest.fixture
async def client(venue: Venue) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=venue.url, timeout=10) as client:
        yield client


def on(venue: Venue, name: Name, *, target: str | None = None, rate: int = ALWAYS) -> None:
    venue.app[FAULTS].switch_on(Fault(name, rate, seed=5, target=target))


def book(venue: Venue) -> str:
    return f"/book?token_id={venue.tokens[0]}"


async def test_a_connection_that_breaks_before_the_request_is_read(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    on(venue, Name.DROP_BEFORE)

    with pytest.raises(httpx.TransportError):
        await client.delete("/cancel-all")

    assert venue.app[FAULTS].tallies[Name.DROP_BEFORE].done == 1


@pytest.mark.parametrize("name", [Name.DROP_AFTER_ACCEPT, Name.ERROR_AFTER])
async def test_what_was_refused_is_answered_as_it_was(
    venue: Venue, client: httpx.AsyncClient, name: Name
) -> None:
    on(venue, name)

    answer = await client.post("/order", json={})

    assert answer.status_code == 401
    assert venue.app[FAULTS].tallies[name].done == 0


async def test_what_was_done_is_not_answered(venue: Venue, client: httpx.AsyncClient) -> None:
    on(venue, Name.DROP_AFTER_ACCEPT)

    with pytest.raises(httpx.TransportError):
        await client.get(book(venue))

    assert venue.app[FAULTS].tallies[Name.DROP_AFTER_ACCEPT].done == 1


@pytest.mark.parametrize(
    "name", [Name.DROP_AFTER_ACCEPT, Name.ERROR_AFTER, Name.DROP_BEFORE, Name.ERROR_BEFORE]
)
async def test_whether_an_order_landed_is_only_found_out_by_asking(venue: Venue, name: Name) -> None:
    async with aiohttp.ClientSession(venue.url) as http:
        trader = await signed_in(venue, http)
        order = trader.order(venue.world.open_sheets()[0], "buy yes 10000000 for 100000")
        on(venue, name, target="/order")

        await unanswered(trader, order)
        venue.app[FAULTS].switch_off()
        landed = (await trader.get("/data/orders")).body["data"]
        again = await trader.post(order)

        assert venue.app[FAULTS].tallies[name].done == 1
        if name in (Name.DROP_AFTER_ACCEPT, Name.ERROR_AFTER):
            assert [each["original_size"] for each in landed] == ["10"]
            assert (again.status, again.body["error"]) == (
                400,
                f"order {landed[0]['id']} is invalid. Duplicated.",
            )
        else:
            assert landed == []
            assert (again.status, again.body["status"]) == (200, "live")


async def signed_in(venue: Venue, http: aiohttp.ClientSession) -> Trader:
    """Somebody new who may trade from its EOA."""
    trader = Trader(http, venue.world.now_ms // 1_000)
    assert (await trader.sign_in()).status == 200
    approve(venue.app[CHAIN].wallets[trader.eoa])
    return trader


async def unanswered(trader: Trader, order: dict[str, Any]) -> None:
    """Post an order and get no answer, or one that says nothing."""
    try:
        reply = await trader.post(order)
    except (aiohttp.ClientConnectionError, aiohttp.ContentTypeError):
        return
    assert reply.status >= 500 or reply.body == {"error": "context canceled"}


async def test_errors_before_are_five_hundreds_of_several_kinds(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    on(venue, Name.ERROR_BEFORE)

    answers = [await client.post("/order", json={}) for _ in range(60)]

    assert {answer.status_code for answer in answers} == {500, 502, 504}
    said = {answer.json()["error"] for answer in answers if answer.status_code == 500}
    assert said == {"Internal server error", "could not insert order", "order timed out"}


async def test_errors_after_never_promise_that_nothing_happened(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    on(venue, Name.ERROR_AFTER)

    answers = [await client.get(book(venue)) for _ in range(30)]

    assert {answer.status_code for answer in answers} == {500, 502, 504}
    assert not any("order" in answer.text for answer in answers), "of orders that is said to orders only"


async def test_a_rate_limit_says_when_to_come_back(venue: Venue, client: httpx.AsyncClient) -> None:
    on(venue, Name.RATE_LIMIT)

    answer = await client.delete("/cancel-all")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


async def test_a_late_answer_comes_when_the_world_has_moved_on(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    on(venue, Name.LATE)
    asked = asyncio.create_task(client.get(book(venue)))
    await until(lambda: venue.app[FAULTS].tallies[Name.LATE].done == 1)

    venue.advance(1_900)
    early, _ = await asyncio.wait([asked], timeout=0.2)
    venue.advance(6_200)
    answer = await asked

    assert not early
    assert answer.status_code == 200


async def test_a_late_answer_is_given_when_the_server_stops(world: World) -> None:
    async with running(world) as venue, httpx.AsyncClient(base_url=venue.url, timeout=10) as client:
        on(venue, Name.LATE)
        asked = asyncio.create_task(client.get(book(venue)))
        await until(lambda: venue.app[FAULTS].tallies[Name.LATE].done == 1)
        venue.app[FAULTS].finish()

        assert (await asked).status_code == 200


async def test_a_stale_book_is_one_of_ten_seconds_ago_or_longer(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    token, fresh = venue.tokens[0], (await client.get(book(venue))).json()
    on(venue, Name.STALE_BOOK)
    seen = {}
    for _ in range(30):
        venue.advance(SECOND_MS)
        now = venue.world.rest_book(token)
        assert now is not None
        seen[venue.world.now_ms] = now.hash

    stale = (await client.get(book(venue))).json()
    both = (await client.post("/books", json=[{"token_id": token}])).json()

    now_ms = venue.world.now_ms
    assert stale["hash"] in {value for at_ms, value in seen.items() if at_ms <= now_ms - 10 * SECOND_MS}
    assert stale["hash"] != seen[now_ms]
    assert both == [stale]
    assert list(stale) == list(fresh), "but for its age it is like any other"
    assert venue.app[FAULTS].tallies[Name.STALE_BOOK].done == 2


async def test_what_cannot_be_old_is_not_counted_as_stale(venue: Venue, client: httpx.AsyncClient) -> None:
    on(venue, Name.STALE_BOOK)

    assert (await client.get(book(venue))).status_code == 200
    assert venue.app[FAULTS].tallies[Name.STALE_BOOK].asked == 0


async def test_a_fault_spares_what_it_is_not_meant_for_unless_it_names_it(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    on(venue, Name.ERROR_BEFORE)
    assert (await client.get("/ok")).status_code == 200
    assert (await client.get("/time")).status_code == 200
    assert (await client.get("/events/keyset")).status_code == 200

    on(venue, Name.ERROR_BEFORE, target="/time")
    assert (await client.get("/time")).status_code >= 500
    assert (await client.get(book(venue))).status_code == 200


async def test_no_fault_strikes_the_control_of_faults(venue: Venue, client: httpx.AsyncClient) -> None:
    on(venue, Name.DROP_BEFORE, target="/")

    assert (await client.delete(PATH)).status_code == 200
    assert (await client.get("/ok")).status_code == 200


async def test_a_skewed_clock_is_what_the_venue_tells_and_judges_by(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    venue.app[FAULTS].switch_on(Fault(Name.SKEW, ALWAYS, seed=5, seconds=-40))

    told = (await client.get("/time")).json()

    assert told == venue.world.now_ms // 1_000 - 40
    venue.app[FAULTS].switch_off(Name.SKEW)
    assert (await client.get("/time")).json() == venue.world.now_ms // 1_000
    assert venue.app[FAULTS].tallies[Name.SKEW].done == 1


@pytest.mark.parametrize("seed", range(5))
async def test_without_seconds_the_seed_decides_how_far_the_clock_is_off(venue: Venue, seed: int) -> None:
    venue.app[FAULTS].switch_on(Fault(Name.SKEW, ALWAYS, seed))
    first = venue.app[CLOCK].skew_ms
    venue.app[FAULTS].switch_on(Fault(Name.LATE, 1, seed))

    assert 20 * SECOND_MS <= abs(first) <= 90 * SECOND_MS
    assert venue.app[CLOCK].skew_ms == first, "another fault does not move it"


async def test_a_restart_is_425_then_two_minutes_post_only(venue: Venue) -> None:
    windows = venue.app[WINDOWS]
    on(venue, Name.RESTART)

    venue.advance(SECOND_MS)
    modes = [windows.current(venue.world.now_ms).mode]
    venue.app[FAULTS].switch_off(Name.RESTART)
    for _ in range(140):
        venue.advance(SECOND_MS)
        modes.append(windows.current(venue.world.now_ms).mode)

    down, after, opened = (modes.count(mode) for mode in (Mode.RESTARTING, Mode.POST_ONLY, Mode.OPEN))
    assert modes == [Mode.RESTARTING] * down + [Mode.POST_ONLY] * after + [Mode.OPEN] * opened
    assert 5 <= down <= 15
    assert after == 120
    assert venue.app[FAULTS].tallies[Name.RESTART].done == 1


async def test_the_api_switches_on_and_off_and_tells_what_was_done(
    venue: Venue, client: httpx.AsyncClient
) -> None:
    wish = {"name": "error_before", "rate": 1000, "seed": 9, "for_ms": 60_000, "target": "/book"}
    states = (await client.post(PATH, json=wish)).json()["faults"]
    await client.get(book(venue))

    by_name = {state["name"]: state for state in (await client.get(PATH)).json()["faults"]}
    ended = (await client.delete(PATH, params={"name": "error_before"})).json()["faults"]

    assert {state["name"] for state in states} == {str(name) for name in Name}
    state = by_name["error_before"]
    assert (state["on"], state["rate"], state["seed"], state["target"]) == (True, 1000, 9, "/book")
    assert state["until_ms"] == venue.world.now_ms + 60_000
    assert (state["asked"], state["done"]) == (1, 1)
    assert not any(state["on"] for state in ended)
    assert {state["name"]: state["done"] for state in ended}["error_before"] == 1


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "gremlins", "rate": 1, "seed": 1},
        {"name": "late", "rate": 0, "seed": 1},
        {"name": "late", "rate": 5},
        {"name": "late", "rate": 5, "seed": 1, "seconds": 3},
        {"name": "late", "rate": 5, "seed": 1, "how": "badly"},
    ],
)
async def test_a_wish_that_is_no_fault_is_refused(client: httpx.AsyncClient, wish: dict[str, object]) -> None:
    answer = await client.post(PATH, json=wish)

    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_switching_off_a_fault_that_does_not_exist_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.delete(PATH, params={"name": "gremlins"})).status_code == 422


def test_a_wait_is_told_in_the_words_of_the_clock() -> None:
    assert Fault(Name.LATE, 1, seed=1, for_ms=Ms(1)).for_ms == 1
    with pytest.raises(ValueError, match="cannot last"):
        Fault(Name.LATE, 1, seed=1, for_ms=Ms(0))
