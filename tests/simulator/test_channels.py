"""A real websocket client against the running server. The world moves only when a test says so."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from core.ids import TokenId
from core.units import Ms
from simulator import channels, server
from simulator.world import World
from tests.simulator.evenings import START, Hour, tokens
from tests.simulator.venues import SECOND_MS, Venue, flat, heard, running


@asynccontextmanager
async def a_venue(seed: int = 7, start_ms: Ms = START) -> AsyncIterator[Venue]:
    async with running(World(seed, start_ms)) as venue:
        yield venue


async def subscribe(socket: ClientConnection, wanted: list[TokenId], **options: bool) -> list[Any]:
    """Subscribe as the venue's documentation shows it; returns the first frame, the books."""
    await socket.send(json.dumps({"type": "market", "assets_ids": wanted, "level": 2, **options}))
    books: list[Any] = json.loads(await socket.recv())
    return books


async def test_a_subscriber_first_gets_the_books_in_one_array_frame() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        books = await subscribe(socket, venue.tokens[:4])

        assert [book["asset_id"] for book in books] == venue.tokens[:4]
        assert {book["event_type"] for book in books} == {"book"}


async def test_ping_is_answered_with_pong() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        await socket.send("PING")

        assert await socket.recv() == "PONG"


async def test_changes_and_trades_follow_and_a_trade_brings_both_books_again() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        await subscribe(socket, venue.tokens)

        venue.advance(30 * SECOND_MS)
        frames = await heard(socket)

        kinds = Counter(message["event_type"] for message in flat(frames))
        assert kinds["price_change"] > 100
        assert kinds["last_trade_price"] > 2
        assert set(kinds) <= {"price_change", "last_trade_price", "book", "tick_size_change"}
        books = [frame for frame in frames if isinstance(frame, list)]
        assert books
        assert all({b["event_type"] for b in frame} == {"book"} and len(frame) == 2 for frame in books)


async def test_only_what_was_subscribed_arrives_and_a_change_speaks_for_both_tokens() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        yes, no = tokens(venue.world.open_sheets()[0])
        await subscribe(socket, [yes])

        venue.advance(60 * SECOND_MS)
        messages = flat(await heard(socket))

        changes = [change for message in messages for change in message.get("price_changes", [])]
        assert {change["asset_id"] for change in changes} == {yes, no}
        assert {message["asset_id"] for message in messages if "asset_id" in message} <= {yes}


async def test_unsubscribing_silences_and_subscribing_again_brings_the_book() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        await subscribe(socket, venue.tokens)
        await socket.send(json.dumps({"operation": "unsubscribe", "assets_ids": venue.tokens}))
        assert await heard(socket) == []

        venue.advance(10 * SECOND_MS)
        silent = await heard(socket)
        await socket.send(json.dumps({"operation": "subscribe", "assets_ids": venue.tokens[:1]}))
        (books,) = await heard(socket)

        assert silent == []
        assert [book["asset_id"] for book in books] == venue.tokens[:1]


async def test_custom_features_are_sent_to_those_who_asked() -> None:
    async with (
        a_venue() as venue,
        venue.connect("/ws/market") as plain,
        venue.connect("/ws/market") as custom,
    ):
        await subscribe(plain, venue.tokens)
        await subscribe(custom, venue.tokens, custom_feature_enabled=True)

        venue.advance(20 * SECOND_MS)
        plain_kinds = {message["event_type"] for message in flat(await heard(plain))}
        custom_kinds = {message["event_type"] for message in flat(await heard(custom))}

        assert custom_kinds - plain_kinds == {"best_bid_ask"}


async def test_without_initial_dump_no_book_is_sent() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        wish = {"type": "market", "assets_ids": venue.tokens, "initial_dump": False}
        await socket.send(json.dumps(wish))

        assert await heard(socket) == []


async def test_unknown_tokens_are_taken_without_a_word() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        await socket.send(json.dumps({"type": "market", "assets_ids": ["1234"]}))

        assert await heard(socket) == []


@pytest.mark.parametrize("text", ["hello", "[]", '{"type":"user","assets_ids":[]}', '{"assets_ids":"1"}'])
async def test_what_is_not_understood_closes_the_connection(text: str) -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as socket:
        await socket.send(text)

        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_a_resolution_is_told_and_the_book_is_gone(hour: Hour) -> None:
    resolved = next(iter(hour.resolutions.values()))
    before_ms = Ms(int(resolved.timestamp) - 2 * SECOND_MS)
    async with a_venue(seed=11, start_ms=before_ms) as venue, venue.connect("/ws/market") as socket:
        await subscribe(socket, resolved.assets_ids, custom_feature_enabled=True)

        venue.advance(3 * SECOND_MS)
        messages = flat(await heard(socket))

        last = next(message for message in messages if message["event_type"] == "market_resolved")
        assert last["winning_asset_id"] == resolved.winning_asset_id
        assert venue.world.rest_book(TokenId(resolved.winning_asset_id)) is None
        books = [message for message in messages if message["event_type"] == "book"]
        assert (books[-1]["bids"], books[-1]["asks"]) == ([], [])


async def test_a_client_that_does_not_read_is_closed_and_nobody_waits_for_it() -> None:
    async with a_venue() as venue, venue.connect("/ws/market") as reader:
        hub = venue.app[channels.MARKET_HUB]
        await subscribe(reader, venue.tokens)
        _, writer = await deaf_client(venue)
        await heard(reader)
        assert len(hub.clients) == 2

        told = 0
        for _ in range(600):
            venue.advance(5 * SECOND_MS)
            told += len(await heard(reader))
            if len(hub.clients) == 1:
                break

        assert len(hub.clients) == 1
        assert told > channels.QUEUE_MAX
        writer.close()


async def deaf_client(venue: Venue) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that subscribes to everything and never reads another byte."""
    reader, writer = await asyncio.open_connection(server.HOST, venue.port, limit=1_024)
    writer.write(
        b"GET /ws/market HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    wish = json.dumps({"type": "market", "assets_ids": venue.tokens}).encode()
    # A client's frames are masked; a mask of zeros leaves the text as it is.
    writer.write(b"\x81\xfe" + len(wish).to_bytes(2, "big") + bytes(4) + wish)
    await writer.drain()
    return reader, writer


async def test_the_match_feed_begins_with_where_each_match_stands() -> None:
    async with a_venue() as venue, venue.connect("/ws/matches") as socket:
        first = await heard(socket)
        venue.advance(4 * SECOND_MS)
        later = await heard(socket)

        assert {word["match_id"] for word in first} == {word["match_id"] for word in later}
        assert len(later) >= 2 * len(first) - 1
        assert set(first[0]) == {
            *("match_id", "game", "teams", "tournament", "best_of", "kind", "map_number", "maps"),
            *("score", "lead", "clock_ms", "winner", "said_ms"),
        }


async def test_stopping_says_good_bye_to_everybody() -> None:
    async with a_venue() as venue:
        socket = await venue.connect("/ws/market")
        await subscribe(socket, venue.tokens)

    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
