"""The match feed: what its words mean, and the connection that carries them.

Method: tables of words for the parser; the real simulator, moved by the test, for the connection.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from core.events import SignalKind
from core.units import Ms
from feeds.listings import Game, SourceStatus
from feeds.refusals import Refusal, RefusalReason
from feeds.sources.simulator import client
from feeds.sources.simulator.client import MatchChannel
from feeds.sources.simulator.parse import LEAD_STEP, Parser
from simulator import server
from simulator.world import World
from tests.feeds.builders import a_word
from tests.feeds.gamma import NOON, Json


def kinds_of(*words: Json) -> list[SignalKind]:
    parser = Parser(lambda refusal: pytest.fail(refusal.detail))
    parsed = [parser.parse(json.dumps(word), NOON) for word in words]
    return [word.signal.kind for word in parsed if word is not None]


def test_a_word_becomes_a_signal_and_says_which_match_it_is_about() -> None:
    word = Parser(lambda refusal: pytest.fail(refusal.detail)).parse(
        json.dumps(a_word(kind="map_ended", maps=[1, 0], winner=0)), Ms(NOON + 5)
    )

    assert word is not None
    signal, match = word.signal, word.match
    assert (signal.match_id, signal.source) == ("simulator:900", "simulator")
    assert (signal.kind, signal.maps, signal.winner) == (SignalKind.MAP_ENDED, (1, 0), 0)
    assert (signal.score, signal.lead, signal.clock_ms) == ((3, 1), 500, 600_000)
    assert (signal.said_ms, signal.heard_ms) == (NOON, NOON + 5)
    assert (match.match_id, match.game, match.teams) == ("simulator:900", Game.LOL, ("Red", "Blue"))
    assert (match.best_of, match.tournament) == (3, "Spring Cup")


def test_where_a_match_stands_moves_no_quote() -> None:
    assert kinds_of(a_word(), a_word(clock_ms=602_000), a_word(clock_ms=604_000)) == [SignalKind.STATE] * 3


def test_a_lead_is_news_when_it_moved_a_step_since_it_was_last_news() -> None:
    step = LEAD_STEP // 2

    kinds = kinds_of(*(a_word(lead=500 + moved * step) for moved in (0, 1, 2, 3, 2, 0)))

    assert [kind is SignalKind.LEAD for kind in kinds] == [False, False, True, False, False, True]


def test_a_score_is_news_also_when_the_word_for_it_was_missed() -> None:
    before, after = a_word(), a_word(score=[4, 1])

    assert kinds_of(before, a_word(kind="score", score=[4, 1])) == [SignalKind.STATE, SignalKind.SCORE]
    assert kinds_of(before, after, after) == [SignalKind.STATE, SignalKind.SCORE, SignalKind.STATE]


def test_the_end_of_a_map_is_news_once() -> None:
    ended = a_word(kind="map_ended", maps=[1, 0], winner=0)

    assert kinds_of(a_word(), ended, ended) == [SignalKind.STATE, SignalKind.MAP_ENDED, SignalKind.STATE]


def test_a_pause_and_the_next_map_are_news() -> None:
    kinds = kinds_of(
        a_word(),
        a_word(kind="paused"),
        a_word(kind="resumed"),
        a_word(kind="map_ended", maps=[1, 0], winner=0),
        a_word(kind="started", map_number=2, maps=[1, 0], score=[0, 0], lead=0),
        a_word(kind="ended", map_number=2, maps=[2, 0], winner=0),
    )

    assert kinds[1:] == ["paused", "resumed", "map_ended", "started", "ended"]


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ({"match_id": "../9"}, RefusalReason.WRONG_TYPE, "$.match_id"),
        ({"game": "chess"}, RefusalReason.WRONG_TYPE, "chess"),
        ({"kind": "exploded"}, RefusalReason.WRONG_TYPE, "exploded"),
        ({"teams": ["Red"]}, RefusalReason.WRONG_TYPE, "$.teams"),
        ({"teams": ["Red", ""]}, RefusalReason.WRONG_TYPE, "$.teams"),
        ({"score": [-1, 0]}, RefusalReason.WRONG_TYPE, "$.score"),
        ({"winner": 2}, RefusalReason.WRONG_TYPE, "$.winner"),
        ({"lead": 10**30}, RefusalReason.WRONG_TYPE, "$.lead"),
        ({"said_ms": 5}, RefusalReason.WRONG_TYPE, "$.said_ms"),
        ({"tournament": "a\x00"}, RefusalReason.WRONG_TYPE, "$.tournament"),
    ],
    ids=json.dumps,
)
def test_a_word_that_cannot_be_is_refused_by_field(said: Json, reason: RefusalReason, words: str) -> None:
    refusals: list[Refusal] = []
    parser = Parser(refusals.append)

    assert parser.parse(json.dumps(a_word(**said)), NOON) is None

    assert parser.refused == {reason: 1}
    assert words in refusals[0].detail


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"match_id": "9', RefusalReason.MALFORMED_JSON),
        ("hello", RefusalReason.MALFORMED_JSON),
        ("{}", RefusalReason.MISSING_FIELD),
        ("[]", RefusalReason.WRONG_TYPE),
        ('{"x": ' + "[" * 100_000, RefusalReason.MALFORMED_JSON),
    ],
    ids=["torn", "no JSON", "empty", "no object", "bottomless"],
)
def test_a_text_that_is_no_word_is_refused(text: str, reason: RefusalReason) -> None:
    parser = Parser(lambda _: None)

    assert parser.parse(text, NOON) is None
    assert parser.refused == {reason: 1}


@given(st.dictionaries(st.sampled_from([*a_word()]), st.none() | st.integers() | st.text() | st.booleans()))
def test_no_junk_raises(said: Json) -> None:
    Parser(lambda _: None).parse(json.dumps(a_word(**said)), NOON)


@dataclass
class Ear:
    """Keeps what it hears; ``full`` is set at the wanted number."""

    wanted: int
    texts: list[str] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, text: str, heard_ms: Ms) -> None:
        self.texts.append(text)
        if len(self.texts) >= self.wanted:
            self.full.set()


@asynccontextmanager
async def listening(url: str, ear: Ear) -> AsyncIterator[MatchChannel]:
    stop = asyncio.Event()
    channel = MatchChannel(url, ear, chance=Random(1))
    running = asyncio.create_task(channel.run(stop))
    try:
        yield channel
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await running


def feed_url(port: int) -> str:
    return f"ws://{server.HOST}:{port}/ws/matches"


async def test_every_running_match_of_the_simulator_is_heard_and_understood() -> None:
    world = World(7, NOON)
    app = server.application(world)
    words = len(world.match_words())
    ear = Ear(wanted=words)
    async with server.listening(app, 0) as port, listening(feed_url(port), ear), asyncio.timeout(10):
        await ear.full.wait()
        ear.full.clear()
        ear.wanted = words * 5
        now_ms = world.now_ms
        while not ear.full.is_set():
            now_ms = Ms(now_ms + 2_000)
            server.advance(app, now_ms)
            await asyncio.sleep(0)
    parser = Parser(lambda refusal: pytest.fail(refusal.detail))

    signals = [word.signal for text in ear.texts if (word := parser.parse(text, NOON)) is not None]

    assert len(signals) == len(ear.texts) >= words * 5
    assert {signal.kind for signal in signals[:words]} <= {
        "state",
        "started",
        "paused",
        "resumed",
        "map_ended",
    }


async def test_a_feed_that_went_away_is_found_again() -> None:
    world = World(7, NOON)
    words = len(world.match_words())
    ear = Ear(wanted=words)
    async with asyncio.timeout(10):
        async with server.listening(server.application(world), 0) as port:
            stack = listening(feed_url(port), ear)
            channel = await stack.__aenter__()
            await ear.full.wait()
            assert channel.status is SourceStatus.CONNECTED
            ear.full.clear()
            ear.wanted = 2 * words
        async with server.listening(server.application(world), port):
            await ear.full.wait()
            assert (channel.status, channel.reconnects) == (SourceStatus.CONNECTED, 1)
            await stack.__aexit__(None, None, None)
    assert (channel.status, channel.detail) == (SourceStatus.LOST, "stopped")


async def test_a_feed_that_says_nothing_at_all_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DEAD_AFTER_MS", 100)
    connections: asyncio.Queue[int] = asyncio.Queue()

    async def mute(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connections.put_nowait(1)
        async for _ in socket:
            pass
        return socket

    app = aiohttp.web.Application()
    app.add_routes([web.get("/ws/matches", mute)])
    async with (
        server.listening(app, 0) as port,
        listening(feed_url(port), Ear(1)) as channel,
        asyncio.timeout(5),
    ):
        await connections.get()
        await connections.get()
    assert channel.heard_ms is None
