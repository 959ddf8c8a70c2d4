"""A new market told of by the channel: ours or not, and how soon the list is read again."""

import asyncio
import json
from pathlib import Path

import pytest

from feeds import discovery, services
from feeds.discovery import Round, Waiting
from feeds.sources.polymarket.announcements import announced
from infra import clock
from infra.redis import close_async
from simulator.world import World
from tests.feeds.gamma import NOON, Json, condition
from tests.test_house_rules import ROOT

SESSION = ROOT.parent / "shared" / "data" / "ws_market_session_2026-10-05_excerpt" / "session.jsonl"


def a_frame(**said: object) -> Json:
    frame: Json = {
        "id": "1",
        "event_type": "new_market",
        "market": condition(1),
        "slug": "lol-red-blue-2025-11-01",
        "tags": [],
        "sports_market_type": "moneyline",
    }
    return frame | said


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ({}, True),
        ({"sports_market_type": "child_moneyline"}, True),
        ({"sports_market_type": ""}, True),
        ({"slug": "match-winner", "tags": ["esports", "dota-2"]}, True),
        ({"sports_market_type": "totals"}, False),
        ({"slug": "will-it-rain"}, False),
        ({"slug": "cs2-red-blue-2025-11-01", "tags": ["counter-strike-2"]}, False),
        ({"event_type": "market_resolved"}, False),
    ],
)
def test_only_markets_of_our_games_and_kinds_concern_us(said: Json, *, ours: bool) -> None:
    frame = json.dumps(a_frame(**said)).encode()

    assert announced(frame) == ([condition(1)] if ours else [])


@pytest.mark.parametrize("frame", [b"PONG", b"{", b"[]", b'[{"event_type": 7}]', b"null"])
def test_what_cannot_be_read_announces_nothing(frame: bytes) -> None:
    assert announced(frame) == []


def test_the_simulators_own_announcement_is_understood() -> None:
    from msgspec.json import encode

    from simulator.gamma import new_market

    sheet = next(iter(World(7, NOON).open_sheets()))

    assert announced(encode(new_market(sheet, NOON))) == [sheet.terms.market_id]


@pytest.mark.tape
def test_the_recorded_announcement_of_another_category_is_passed_over() -> None:
    if not Path(SESSION).is_file():
        pytest.skip(f"no recording at {SESSION}")
    frames = [json.loads(line)["data"] for line in SESSION.read_text().splitlines() if "new_market" in line]

    assert frames
    assert [announced(frame.encode()) for frame in frames] == [[] for _ in frames]


def a_round(new: int = 0) -> Round:
    return Round(markets=1, new=new, changed=0, refused=0, missing=0, problem=None)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, ms in (("LOOK_MS", 10), ("ASKED_GAP_MS", 100), ("ASKED_AGAIN_MS", 200)):
        monkeypatch.setattr(discovery, name, ms)


@pytest.mark.usefixtures("redis", "quick")
async def test_a_round_that_is_asked_for_comes_soon_and_is_tried_again_while_nothing_is_new() -> None:
    waiting, gaps = Waiting(asyncio.Event()), []
    await services.ask_discovery()
    async with asyncio.timeout(10):
        for new in (0, 0, 0, 1):
            began = clock.monotonic_ms()
            assert not await waiting.over(700, a_round(new))
            gaps.append(clock.monotonic_ms() - began)
    await close_async()

    soon, again, once_more, planned = gaps
    assert 100 <= soon < 700
    assert all(200 <= gap < 700 for gap in (again, once_more))
    assert planned >= 700


@pytest.mark.usefixtures("redis", "quick")
async def test_many_announcements_are_one_round_in_a_while() -> None:
    waiting, rounds = Waiting(asyncio.Event()), 0
    until = clock.monotonic_ms() + 600
    async with asyncio.timeout(10):
        while clock.monotonic_ms() < until:
            await services.ask_discovery()
            await waiting.over(60_000, a_round())
            rounds += 1
    await close_async()

    assert rounds <= 6


@pytest.mark.usefixtures("redis")
async def test_waiting_ends_when_told_to_stop() -> None:
    stop = asyncio.Event()
    stop.set()

    assert await Waiting(stop).over(60_000, a_round())

    await close_async()
