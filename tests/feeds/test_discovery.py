"""Discovery against a Gamma of ours that pages, tears, stalls and errs, and against the simulator's."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from aiohttp import web
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from core.ids import MarketId
from core.units import ONE, Ms, Price
from feeds import discovery, selectors
from feeds.discovery import Discovery, Round
from feeds.errors import Unanswered
from feeds.listings import MarketState, SourceStatus
from feeds.models import Market
from feeds.refusals import RefusalReason
from feeds.sources.polymarket.gamma_client import BYTES_MAX, PAGES_MAX, GammaClient
from infra import bus, metrics
from infra.lease import single_runner
from infra.loops import Loop
from infra.redis import close_async
from simulator import server
from simulator.world import World
from tests.feeds.gamma import NOON, FakeGamma, a_gamma, a_map_market, a_market, an_event, condition

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
PAGE_S = 0.3


@pytest.fixture(autouse=True)
async def loop_ends_clean() -> AsyncIterator[None]:
    yield
    await close_async()
    # Rows were asked for on a thread of asgiref's, whose connection would outlive the test database.
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def gamma() -> AsyncIterator[FakeGamma]:
    async with a_gamma() as fake:
        yield fake


@pytest.fixture
async def finder(gamma: FakeGamma) -> AsyncIterator[Discovery]:
    client = GammaClient(gamma.url, chance=Random(1), page_s=PAGE_S, tries=2)
    yield Discovery(client, venue="simulator", every_ms=0)
    await client.close()


async def states() -> dict[str, str]:
    return {row.market_id: row.state async for row in Market.objects.all()}


async def test_every_page_is_read(gamma: FakeGamma, finder: Discovery) -> None:
    gamma.page_size = 2
    gamma.events = [an_event(a_market(number), number=number) for number in range(1, 6)]

    found = await finder.round()

    assert found == Round(markets=5, new=5, changed=0, refused=0, missing=0, problem=None)
    assert len(await sync_to_async(selectors.listed_markets)()) == 5
    first, *others = gamma.queries
    assert {("tag_id", "64"), ("closed", "false")} <= set(first)
    assert [dict(query)["after_cursor"] for query in others] == ["2", "4"]


async def test_a_second_round_finds_nothing_new(gamma: FakeGamma, finder: Discovery) -> None:
    gamma.events = [an_event(a_market())]
    await finder.round()

    assert await finder.round() == Round(markets=1, new=0, changed=0, refused=0, missing=0, problem=None)


@pytest.mark.parametrize(
    "mishap",
    [
        web.Response(status=500, text="oops"),
        web.Response(status=429, text="slow down"),
        web.Response(text='{"events": [{"id": "1", "ti'),
        web.Response(text="<html>maintenance</html>"),
        web.Response(text='{"events": ' + "[" * 100_000 + "]" * 100_000 + "}"),
        None,
    ],
    ids=["500", "429", "torn", "no JSON", "bottomless", "never answers"],
)
async def test_a_page_that_failed_is_asked_for_again(
    mishap: web.Response | None, gamma: FakeGamma, finder: Discovery
) -> None:
    gamma.events = [an_event(a_market())]
    gamma.mishaps.append(mishap)

    found = await finder.round()

    assert (found.markets, found.problem) == (1, None)
    assert len(gamma.queries) == 2


async def test_a_gamma_that_stays_away_is_a_problem_and_closes_nothing(
    gamma: FakeGamma, finder: Discovery
) -> None:
    gamma.events = [an_event(a_market())]
    await finder.round()
    gamma.mishaps.extend(web.Response(status=503) for _ in range(2))

    found = await finder.round()

    assert found.problem is not None
    assert "503" in found.problem
    assert await states() == {condition(1): MarketState.OPEN}


async def test_our_own_mistake_is_not_repeated(gamma: FakeGamma, finder: Discovery) -> None:
    gamma.mishaps.append(web.Response(status=422, text="offset is not allowed"))

    found = await finder.round()

    assert found.problem is not None
    assert "offset is not allowed" in found.problem
    assert len(gamma.queries) == 1


async def test_what_was_read_before_a_page_failed_is_kept_and_the_rest_not_given_up(
    gamma: FakeGamma, finder: Discovery
) -> None:
    gamma.page_size = 1
    gamma.events = [an_event(a_market(1), number=1), an_event(a_market(2), number=2)]
    await finder.round()
    gamma.events[0]["markets"][0]["orderPriceMinTickSize"] = 0.001
    gamma.mishaps.extend([web.json_response({"events": gamma.events[:1], "next_cursor": "1"})])
    gamma.mishaps.extend(web.Response(status=500) for _ in range(2))

    found = await finder.round()

    assert (found.changed, found.missing) == (1, 0)
    assert found.problem is not None
    assert await states() == {condition(1): MarketState.OPEN, condition(2): MarketState.OPEN}


async def test_a_list_without_end_is_given_up(gamma: FakeGamma) -> None:
    gamma.mishaps.extend(
        web.json_response({"events": [], "next_cursor": str(number)}) for number in range(PAGES_MAX + 1)
    )
    client = GammaClient(gamma.url, chance=Random(1))

    with pytest.raises(Unanswered, match="pages"):
        _ = [page async for page in client.events([("closed", "false")])]

    await client.close()


async def test_a_bad_market_is_counted_and_the_others_are_listed(gamma: FakeGamma, finder: Discovery) -> None:
    gamma.events = [an_event(a_market(1, conditionId="0xnonsense"), a_map_market(2, 1)), {"closed": False}]

    found = await finder.round()

    assert (found.markets, found.refused, found.problem) == (1, 2, None)
    assert finder.reader.refused == {RefusalReason.BAD_NUMBER: 1, RefusalReason.MISSING_FIELD: 1}


async def test_a_resolved_map_of_a_running_match_is_seen_in_the_open_list(
    gamma: FakeGamma, finder: Discovery
) -> None:
    gamma.events = [an_event(a_market(1), a_map_market(2, 1))]
    await finder.round()
    gamma.events[0]["markets"][1] |= {
        "closed": True,
        "acceptingOrders": False,
        "outcomePrices": '["1", "0"]',
        "umaResolutionStatus": "resolved",
    }

    await finder.round()

    assert await sync_to_async(selectors.resolutions)([MarketId(condition(2))]) == {condition(2): ONE}
    assert len(gamma.queries) == 2


async def test_an_event_that_left_the_list_is_asked_for_by_id_until_its_end_is_known(
    gamma: FakeGamma, finder: Discovery
) -> None:
    gamma.events = [an_event(a_market(1), number=7), an_event(a_market(2), number=8)]
    await finder.round()
    gone = gamma.events[0]
    gone["closed"] = True
    gone["markets"][0] |= {"closed": True, "acceptingOrders": False, "umaResolutionStatus": "proposed"}

    await finder.round()
    assert await states() == {condition(1): MarketState.CLOSED, condition(2): MarketState.OPEN}

    gone["markets"][0] |= {"outcomePrices": '["0.5", "0.5"]', "umaResolutionStatus": "resolved"}
    await finder.round()
    assert await sync_to_async(selectors.resolutions)([MarketId(condition(1))]) == {
        condition(1): Price(5_000)
    }

    asked = len(gamma.queries)
    await finder.round()
    assert len(gamma.queries) == asked + 1, "nothing is left to ask for"


async def test_a_market_the_venue_forgot_is_closed(gamma: FakeGamma, finder: Discovery) -> None:
    gamma.events = [an_event(a_market(1), number=7), an_event(a_market(2), number=8)]
    await finder.round()
    del gamma.events[0]

    found = await finder.round()

    assert found.missing == 1
    assert await states() == {condition(1): MarketState.CLOSED, condition(2): MarketState.OPEN}


async def test_a_long_missing_end_is_asked_for_ever_more_rarely(gamma: FakeGamma) -> None:
    client = GammaClient(gamma.url, chance=Random(1))
    finder = Discovery(client, venue="simulator", every_ms=3_600_000)
    gamma.events = [an_event(a_market(1), number=7)]
    await finder.round()
    gamma.events = []

    for _ in range(3):
        await finder.round()

    assert sum("id" in dict(query) for query in gamma.queries) == 2, (
        "once among the closed, once among the open"
    )
    await client.close()


async def test_the_trader_is_nudged_about_new_and_changed_markets(
    gamma: FakeGamma, finder: Discovery
) -> None:
    gamma.events = [an_event(a_market(1))]
    await finder.round()
    gamma.events[0]["markets"][0]["orderPriceMinTickSize"] = 0.001
    await finder.round()
    await finder.round()

    heard = []
    async with asyncio.timeout(5):
        async for event in bus.subscribe("markets", after="0"):
            heard.append(event)
            if len(heard) == 2:
                break

    assert [getattr(event, "tick", None) for event in heard] == [Price(100), Price(10)]


async def test_a_report_is_kept_as_the_health_of_discovery() -> None:
    await discovery.report(Round(markets=3, new=3, changed=0, refused=1, missing=0, problem=None))
    (well,) = await sync_to_async(selectors.source_health)()
    await discovery.report(Round(markets=0, new=0, changed=0, refused=0, missing=0, problem="503 there"))
    (ill,) = await sync_to_async(selectors.source_health)()

    assert (well.status, well.detail) == (SourceStatus.CONNECTED, "3 markets listed, 1 refused")
    assert (ill.status, ill.detail, ill.heard_ms) == (SourceStatus.LOST, "503 there", well.heard_ms)


async def test_the_age_of_the_list_grows_between_rounds() -> None:
    await discovery.report(Round(markets=0, new=0, changed=0, refused=0, missing=0, problem=None))
    ages = [metrics.REGISTRY.get_sample_value("polyloly_source_age_seconds", {"source": "discovery"})]
    while ages[-1] == ages[0]:
        ages.append(metrics.REGISTRY.get_sample_value("polyloly_source_age_seconds", {"source": "discovery"}))

    assert None not in ages
    assert ages == sorted(ages, key=lambda age: age or 0)


async def test_the_simulators_list_is_read_without_a_refusal() -> None:
    world = World(7, NOON)
    async with server.listening(server.application(world), 0) as port:
        client = GammaClient(f"http://{server.HOST}:{port}", chance=Random(1))
        finder = Discovery(client, venue="simulator", every_ms=0)

        found = await finder.round()

        await client.close()
    open_ids = {sheet.terms.market_id for sheet in world.open_sheets()}
    listed = await sync_to_async(selectors.listed_markets)()
    assert (found.refused, found.missing, found.problem) == (0, 0, None)
    assert {market.market_id for market in listed} == open_ids
    assert all(market.fees is not None and market.match_id is not None for market in listed)
    assert finder.reader.skipped.total() == 0
    signed_for = {
        sheet.terms.market_id: (sheet.terms.neg_risk, sheet.terms.version.value)
        for sheet in world.open_sheets()
    }
    terms = await sync_to_async(selectors.venue_terms)(list(signed_for))
    assert {name: (each.neg_risk, each.version) for name, each in terms.items()} == signed_for
    assert len(set(signed_for.values())) == 3, "standard, neg-risk and v2 markets"


async def test_what_the_simulator_resolves_is_known_a_round_later() -> None:
    world = World(7, Ms(NOON + 140_000))  # one of its markets resolves 14 s later
    app = server.application(world)
    async with server.listening(app, 0) as port:
        client = GammaClient(f"http://{server.HOST}:{port}", chance=Random(1))
        finder = Discovery(client, venue="simulator", every_ms=0)
        await finder.round()
        before = {sheet.terms.market_id for sheet in world.open_sheets()}
        now_ms = world.now_ms
        while before <= {sheet.terms.market_id for sheet in world.open_sheets()}:
            now_ms = Ms(now_ms + 2_000)
            server.advance(app, now_ms)

        await finder.round()

        await client.close()
    ended = before - {sheet.terms.market_id for sheet in world.open_sheets()}
    paid = await sync_to_async(selectors.resolutions)(list(ended))
    assert paid.keys() == ended
    assert set(paid.values()) <= {ONE, Price(0)}


async def test_an_answer_too_big_to_be_true_is_not_taken_in(gamma: FakeGamma) -> None:
    gamma.mishaps.append(web.Response(body=b"[" * (BYTES_MAX + 1)))
    client = GammaClient(gamma.url, chance=Random(1), tries=1)

    with pytest.raises(Unanswered, match="bytes"):
        _ = [page async for page in client.events([("closed", "false")])]

    await client.close()


async def test_the_loop_reads_at_once_and_stops_when_told(gamma: FakeGamma, settings: Settings) -> None:
    gamma.events = [an_event(a_market())]
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"simulator_url": gamma.url})
    with single_runner("feed:discovery") as lease:
        assert lease is not None
        loop = Loop("feed:discovery", lease)
        running = asyncio.create_task(discovery.run(loop))
        async with asyncio.timeout(10):
            while not await sync_to_async(selectors.source_health)():
                await asyncio.wait({running}, timeout=0.05)
            loop.stop.set()
            await running

    assert await states() == {condition(1): MarketState.OPEN}
