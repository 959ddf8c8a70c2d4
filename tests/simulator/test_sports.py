"""The sports channel against a real client. The world and both clocks move only when a test says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from core.units import Ms
from simulator import sports
from simulator.world import World
from tests.simulator.evenings import START, Hour
from tests.simulator.venues import SECOND_MS, Venue, running, until

PING_MS = 5 * SECOND_MS
END = "end"


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with running(World(7, START)) as venue:
        yield venue


async def told(venue: Venue, socket: ClientConnection) -> list[Any]:
    """Everything said to this client until now: an end is put behind it."""
    for client in venue.app[sports.SCORES].clients:
        client.answer(END)
    said = []
    while (text := await socket.recv()) != END:
        if text != "ping":
            said.append(json.loads(text))
    return said


async def test_a_client_hears_of_every_match_without_asking(venue: Venue) -> None:
    async with venue.connect("/ws") as socket:
        said = await told(venue, socket)

    games = {event.described["gameId"]: event.described for event in venue.world.events()}
    assert {result["gameId"] for result in said} == set(games)
    for result in said:
        assert result["score"] == games[result["gameId"]]["score"]
        assert result["slug"] == games[result["gameId"]]["slug"]
        assert result["leagueAbbreviation"] in {"lol", "dota2"}


async def test_a_score_is_kills_unknown_then_maps_then_format(venue: Venue) -> None:
    async with venue.connect("/ws") as socket:
        said = await told(venue, socket)

    for result in said:
        kills, maps, best_of = result["score"].split("|")
        assert kills == "000-000"
        assert sum(map(int, maps.split("-"))) <= int(result["period"].partition("/")[0])
        assert best_of == f"Bo{result['period'].partition('/')[2]}"


async def test_a_start_and_an_end_are_told_when_they_happen_and_nothing_is_said_twice(hour: Hour) -> None:
    began = next(word for word in hour.words if word.kind == "started" and word.map_number == 1)
    ended = next(word for word in hour.words if word.kind == "ended")
    for word, before, after in ((began, "not_started", "running"), (ended, "running", "finished")):
        async with running(World(11, Ms(word.said_ms - SECOND_MS))) as venue, venue.connect("/ws") as socket:
            stood = {str(result["gameId"]): result for result in await told(venue, socket)}

            for _ in range(30):
                venue.advance(100)
            said = [result for result in await told(venue, socket) if str(result["gameId"]) == word.match_id]

            assert stood[word.match_id]["status"] == before
            assert [result["status"] for result in said] == [after]
            assert ("finished_timestamp" in said[0]) == (said[0]["ended"] is True) == (word is ended)
            assert said[0]["last_update"] > stood[word.match_id]["last_update"]


async def test_the_server_pings_every_five_seconds_and_keeps_who_answers(venue: Venue) -> None:
    scores = venue.app[sports.SCORES]
    async with venue.connect("/ws") as socket:
        await told(venue, socket)
        began = begin(venue)

        for ms in range(began, began + 60 * SECOND_MS, SECOND_MS):
            sports.step(venue.app, venue.world.now_ms, ms)
            if (ms - began) % PING_MS == 0:
                assert await socket.recv() == "ping"
                await socket.send("pong")
                await answered(venue)

        assert len(scores.clients) == 1


async def test_who_does_not_answer_for_ten_seconds_is_cut_off(venue: Venue) -> None:
    async with venue.connect("/ws") as socket:
        await told(venue, socket)
        began = begin(venue)

        sports.step(venue.app, venue.world.now_ms, began)
        sports.step(venue.app, venue.world.now_ms, began + sports.PONG_WITHIN_MS)

        async with asyncio.timeout(5):
            await socket.wait_closed()
        assert socket.close_code == 1006, "without a word"


def begin(venue: Venue) -> int:
    """A moment of the monotonic clock at which a ping is due."""
    return venue.app[sports.SCORES]._pinged_ms + PING_MS


async def answered(venue: Venue) -> None:
    """Wait until the server has read every pong."""
    await until(lambda: all(client.pinged_ms is None for client in venue.app[sports.SCORES].clients))


async def test_other_words_are_ignored(venue: Venue) -> None:
    async with venue.connect("/ws") as socket:
        await told(venue, socket)
        await socket.send("hello")
        venue.advance(Ms(SECOND_MS))

        await told(venue, socket)
        assert len(venue.app[sports.SCORES].clients) == 1
