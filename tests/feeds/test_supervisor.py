"""A source as it runs: its words on the bus, its matches and its health in rows, its checks."""

import asyncio
import json
from collections.abc import AsyncIterator
from random import Random

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from core.events import MatchSignal
from core.units import Ms
from feeds import checks, selectors, services, supervisor
from feeds.errors import UnknownSource
from feeds.listings import SourceStatus
from feeds.models import Match
from feeds.supervisor import MatchWatch
from infra import bus, clock
from infra.checks import Verdict
from infra.redis import close_async
from polyloly_site.env import Venue
from simulator import server
from simulator.world import World
from tests.feeds.builders import a_word
from tests.feeds.gamma import NOON
from tests.servers import Valkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]


@pytest.fixture(autouse=True)
async def loop_ends_clean() -> AsyncIterator[None]:
    yield
    await close_async()
    # Rows were asked for on a thread of asgiref's, whose connection would outlive the test database.
    await sync_to_async(connections.close_all)()


async def hear(world: World, *, until: int) -> None:
    """Run the match source beside the simulator until it said something about so many matches."""
    stop = asyncio.Event()
    async with server.listening(server.application(world), 0) as port, asyncio.timeout(20):
        watch = MatchWatch(f"ws://{server.HOST}:{port}/ws/matches", chance=Random(1))
        running = asyncio.create_task(watch.run(stop))
        while await sync_to_async(Match.objects.count)() < until:
            await asyncio.wait({running}, timeout=0.05)
        stop.set()
        await running


async def test_words_reach_the_bus_and_matches_their_rows() -> None:
    world = World(7, NOON)
    running = {f"simulator:{word.match_id}" for word in world.match_words()}

    await hear(world, until=len(running))

    heard = set()
    async with asyncio.timeout(5):
        async for event in bus.subscribe("matches", after="0"):
            assert isinstance(event, MatchSignal)
            heard.add(event.match_id)
            if heard == running:
                break
    rows = [row async for row in Match.objects.all()]
    assert {row.match_id for row in rows} == running
    assert all(row.heard_ms is not None and row.state["source"] == "simulator" for row in rows)


async def test_a_stopped_source_says_so() -> None:
    world = World(7, NOON)

    await hear(world, until=len(world.match_words()))

    (row,) = await sync_to_async(selectors.source_health)()
    assert (row.source, row.status, row.detail) == ("matches", SourceStatus.LOST, "stopped")
    assert row.heard_ms is not None


async def test_a_silent_bus_costs_words_and_not_the_source(redis_server: Valkey) -> None:
    watch = MatchWatch("ws://127.0.0.1:9/ws/matches", chance=Random(1))

    with redis_server.silent():
        await watch.heard(json.dumps(a_word()), NOON)
    await watch.keep()

    assert await sync_to_async(Match.objects.count)() == 1


def test_a_source_nobody_has_is_named_in_the_refusal(settings: Settings) -> None:
    with pytest.raises(UnknownSource, match="'gossip'"):
        supervisor.named("gossip")
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"venue": Venue.POLYMARKET})
    with pytest.raises(UnknownSource, match="polymarket"):
        supervisor.named("matches")


def note(source: str, status: SourceStatus, *, ago_ms: int) -> None:
    now = clock.now_ms()
    services.record_health(source, status, Ms(now - ago_ms), "as noted", at_ms=now)


@pytest.mark.parametrize(
    ("status", "ago_ms", "verdict"),
    [
        (SourceStatus.CONNECTED, 1_000, Verdict.PASS),
        (SourceStatus.CONNECTED, 60_000, Verdict.FAIL),
        (SourceStatus.LOST, 1_000, Verdict.FAIL),
        (SourceStatus.CONNECTING, 1_000, Verdict.FAIL),
    ],
)
def test_the_match_feed_passes_connected_and_fresh(
    status: SourceStatus, ago_ms: int, verdict: Verdict
) -> None:
    assert checks.matches_heard().verdict is Verdict.FAIL, "it never ran"

    note("matches", status, ago_ms=ago_ms)

    check = checks.matches_heard()
    assert check.verdict is verdict
    assert bool(check.next_step) is (verdict is not Verdict.PASS)


@pytest.mark.parametrize(
    ("status", "ago_ms", "verdict"),
    [
        (SourceStatus.CONNECTED, 1_000, Verdict.PASS),
        (SourceStatus.LOST, 1_000, Verdict.WARN),
        (SourceStatus.CONNECTED, 3_600_000, Verdict.FAIL),
        (SourceStatus.LOST, 3_600_000, Verdict.FAIL),
    ],
)
def test_discovery_passes_when_a_round_has_just_succeeded(
    status: SourceStatus, ago_ms: int, verdict: Verdict
) -> None:
    assert checks.discovery_runs().verdict is Verdict.FAIL, "it never ran"

    note("discovery", status, ago_ms=ago_ms)

    assert checks.discovery_runs().verdict is verdict
