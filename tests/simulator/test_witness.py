"""What a prover may ask of the venue: who came when, a larger evening, and a price that turns at once."""

from collections.abc import AsyncIterator

import httpx
import pytest

from core.ids import Outcome
from core.units import Ms
from simulator.evening import STAGES, Evening
from simulator.faults import FAULTS, Fault, Name
from simulator.gamma import event_slug
from simulator.world import World
from tests.simulator.evenings import START
from tests.simulator.venues import Venue, running

HOUR_MS = 3_600_000
BORNE = {"POLY_ADDRESS": "0xAbC0000000000000000000000000000000000001"}


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


async def came(client: httpx.AsyncClient, after: int = 0) -> list[tuple[str, str, int | None]]:
    answer = await client.get("/simulator/requests", params={"after": str(after)})
    return [(each["method"], each["path"], each["status"]) for each in answer.json()["requests"]]


async def test_a_request_is_written_down_with_its_answer_and_in_whose_name(client: httpx.AsyncClient) -> None:
    await client.delete("/cancel-all", headers=BORNE)
    await client.get("/time")

    assert await came(client) == [("DELETE", "/cancel-all", 401)]
    (visit,) = (await client.get("/simulator/requests")).json()["requests"]
    assert visit["address"] == BORNE["POLY_ADDRESS"].lower()
    assert await came(client, after=visit["number"]) == []


async def test_what_a_fault_answers_came_all_the_same(venue: Venue, client: httpx.AsyncClient) -> None:
    venue.app[FAULTS].switch_on(Fault(Name.ERROR_BEFORE, 1000, seed=5))

    await client.post("/order", headers=BORNE)

    ((method, path, status),) = await came(client)
    assert (method, path) == ("POST", "/order")
    assert status is not None
    assert status >= 500


async def test_a_number_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/simulator/requests", params={"after": "x"})).status_code == 422


async def test_a_shock_turns_the_price_within_seconds(venue: Venue, client: httpx.AsyncClient) -> None:
    sheet = max(venue.world.open_sheets(), key=lambda each: each.booking.starts_ms)
    token = sheet.token(Outcome.YES)

    for _ in range(10):
        answer = await client.post(
            "/simulator/shocks", json={"market": sheet.terms.market_id, "chance": 50_000}
        )
        assert answer.status_code == 200
        venue.world.step(Ms(venue.world.now_ms + 1_000))

    book = (await client.get("/book", params={"token_id": token})).json()
    assert max(float(level["price"]) for level in book["bids"]) < 0.15


async def test_makers_that_withdraw_are_back_within_seconds(venue: Venue, client: httpx.AsyncClient) -> None:
    sheet = max(venue.world.open_sheets(), key=lambda each: each.booking.starts_ms)
    token = sheet.token(Outcome.YES)

    async def bids() -> int:
        return len((await client.get("/book", params={"token_id": token})).json()["bids"])

    assert await bids() > 0
    await client.post("/simulator/shocks", json={"market": sheet.terms.market_id, "chance": None})
    assert await bids() == 0

    venue.world.step(Ms(venue.world.now_ms + 10_000))

    assert await bids() > 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"market": "0xnone", "chance": None}, 404),
        ({"market": "0xnone", "chance": 500_000}, 404),
        ({"market": "0xnone", "chance": 0}, 422),
        ({"market": "0xnone", "chance": 1_000_000}, 422),
        ({"market": "0xnone"}, 422),
    ],
)
async def test_a_shock_that_cannot_be_is_refused(
    body: dict[str, object], status: int, client: httpx.AsyncClient
) -> None:
    assert (await client.post("/simulator/shocks", json=body)).status_code == status


def test_a_larger_evening_has_the_same_first_stages_and_no_name_twice() -> None:
    usual, large = Evening(7, START), Evening(7, START, stages=4 * len(STAGES))
    hours = [Ms(START + hour * HOUR_MS) for hour in range(13)]

    few = [booking for hour in hours for booking in usual.opened(hour)]
    many = [booking for hour in hours for booking in large.opened(hour)]

    assert {booking.number: booking for booking in few}.items() <= {
        booking.number: booking for booking in many
    }.items()
    assert len({booking.number for booking in many}) == len(many)
    assert len({event_slug(booking) for booking in many}) == len(many)


def test_twenty_stages_are_more_than_fifty_markets() -> None:
    assert len(World(7, START, stages=20).open_sheets()) >= 50
