"""Faults of the channels against real clients: what is lost, late, torn, twice, or out of order, and how often."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from core.ids import Outcome, TokenId
from core.units import CERTAIN, Ms
from simulator import channels
from simulator.faults import FAULTS, Fault, Name
from simulator.faults.catalogue import ALWAYS
from simulator.faults.switchboard import Tally
from simulator.world import World
from tests.simulator.desks import Desk, open_desk
from tests.simulator.evenings import START, Hour, tokens
from tests.simulator.venues import SECOND_MS, Venue, flat, heard, running

DELAY_MS = 1_000


@pytest.fixture(scope="module")
def world() -> World:
    return World(11, START)


@pytest.fixture
async def venue(world: World) -> AsyncIterator[Venue]:
    async with running(world) as venue:
        yield venue


@pytest.fixture
async def desk(venue: Venue) -> Desk:
    return open_desk(venue)


def on(venue: Venue, name: Name, *, rate: int = ALWAYS, target: str | None = None) -> Tally:
    venue.app[FAULTS].switch_on(Fault(name, rate, seed=5, target=target))
    return venue.app[FAULTS].tallies[name]


def off(venue: Venue) -> None:
    venue.app[FAULTS].switch_off()


async def subscribed(socket: ClientConnection, wanted: list[TokenId]) -> list[Any]:
    await socket.send(json.dumps({"type": "market", "assets_ids": wanted}))
    return flat(await heard(socket))


def times(messages: list[dict[str, Any]], token: str) -> list[int]:
    """When each word about one token was true, in the order in which it came."""
    return [
        int(message["timestamp"])
        for message in messages
        if token == message.get("asset_id")
        or token in (change["asset_id"] for change in message.get("price_changes", []))
    ]


def rebuilt(messages: list[dict[str, Any]], token: str) -> dict[tuple[str, str], str]:
    """The book of a token as a client has it after these messages: side and price to size."""
    book: dict[tuple[str, str], str] = {}
    for message in messages:
        if message["event_type"] == "book" and message["asset_id"] == token:
            book = {("BUY", level["price"]): level["size"] for level in message["bids"]}
            book |= {("SELL", level["price"]): level["size"] for level in message["asks"]}
        for change in message.get("price_changes", []):
            if change["asset_id"] == token:
                book[change["side"], change["price"]] = change["size"]
    return {level: size for level, size in book.items() if size != "0"}


async def test_sockets_of_every_channel_break(venue: Venue) -> None:
    tally = on(venue, Name.CLOSE_SOCKETS)
    sockets = [await venue.connect(path) for path in ("/ws/market", "/ws/user", "/ws", "/ws/matches")]

    venue.advance(SECOND_MS)

    async with asyncio.timeout(5):
        for socket in sockets:
            await socket.wait_closed()
    assert [socket.close_code for socket in sockets] == [1006] * 4
    assert tally.done == 4


async def test_a_target_is_the_name_of_a_channel(venue: Venue) -> None:
    tally = on(venue, Name.CLOSE_SOCKETS, target="user")
    async with venue.connect("/ws/market") as market, venue.connect("/ws/user") as user:
        venue.advance(SECOND_MS)

        async with asyncio.timeout(5):
            await user.wait_closed()
        assert await heard(market) == []
    assert tally.done == 1


async def test_a_frozen_channel_answers_ping_and_says_nothing_else_for_a_while(venue: Venue) -> None:
    async with venue.connect("/ws/market") as socket:
        await subscribed(socket, venue.tokens)
        tally = on(venue, Name.FREEZE)
        venue.advance(SECOND_MS)
        off(venue)
        await heard(socket)
        (client,) = venue.app[channels.MARKET_HUB].clients

        froze_ms, said = venue.world.now_ms, []
        while client.frozen:
            said += await heard(socket)
            venue.advance(100)
        thawed_ms = venue.world.now_ms
        venue.advance(SECOND_MS)
        after = await heard(socket)

    assert said == []
    assert 5 * SECOND_MS <= thawed_ms - froze_ms <= 20 * SECOND_MS
    assert tally.done == 1
    assert client.lost > 0
    assert after, "it thaws; what was lost stays lost"


async def test_a_frozen_user_channel_loses_events_for_good(desk: Desk) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as socket:
        on(desk.venue, Name.FREEZE, target="user")
        desk.pass_ms(SECOND_MS)
        off(desk.venue)
        desk.place(wallet, "0.4", "10")
        desk.pass_ms(25 * SECOND_MS)

        assert await heard(socket) == []
        order = desk.place(wallet, "0.41", "10")
        assert [event["id"] for event in await heard(socket)] == [order.order_id]


async def test_torn_tokens_come_apart_by_seconds_and_lose_nothing(venue: Venue) -> None:
    pair = tokens(venue.world.open_sheets()[0])
    async with venue.connect("/ws/market") as socket:
        said = await subscribed(socket, pair)
        tally = on(venue, Name.TEAR, rate=300)
        apart = []
        for _ in range(300):
            venue.advance(100)
            said += flat(await heard(socket))
            latest = [max(times(said, token)) for token in pair]
            apart.append(abs(latest[0] - latest[1]))
        off(venue)
        venue.advance(5 * SECOND_MS)
        said += flat(await heard(socket))

    assert tally.done > 3
    assert max(apart) >= SECOND_MS
    for token in pair:
        assert times(said, token) == sorted(times(said, token)), "each token by itself is in order"
        book = venue.world.rest_book(token)
        assert book is not None
        levels = {("BUY", level.price): level.size for level in book.bids}
        levels |= {("SELL", level.price): level.size for level in book.asks}
        assert rebuilt(said, token) == levels, "and whole again in the end"


async def test_a_book_that_is_newer_than_what_was_kept_back_replaces_it(venue: Venue) -> None:
    yes, no = tokens(venue.world.open_sheets()[0])
    async with venue.connect("/ws/market") as socket:
        await subscribed(socket, [yes, no])
        on(venue, Name.TEAR)
        (client,) = venue.app[channels.MARKET_HUB].clients
        while not client.held:
            venue.advance(100)
        off(venue)
        await heard(socket)

        books = await subscribed(socket, [yes, no])
        newest = max(int(book["timestamp"]) for book in books)
        venue.advance(5 * SECOND_MS)
        after = flat(await heard(socket))

    assert not client.held
    assert all(int(message["timestamp"]) > newest for message in after)


async def test_a_resolution_is_not_said(hour: Hour) -> None:
    resolved = next(iter(hour.resolutions.values()))
    world = World(11, Ms(int(resolved.timestamp) - 2 * SECOND_MS))
    async with running(world) as venue, venue.connect("/ws/market") as socket:
        wish = {"type": "market", "assets_ids": resolved.assets_ids, "custom_feature_enabled": True}
        await socket.send(json.dumps(wish))
        tally = on(venue, Name.MUTE_RESOLVED)

        await heard(socket)
        venue.advance(3 * SECOND_MS)
        kinds = {message["event_type"] for message in flat(await heard(socket))}

    assert "market_resolved" not in kinds
    assert venue.world.rest_book(resolved.assets_ids[0]) is None
    assert tally.done == 1


async def test_an_event_comes_twice(desk: Desk) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as socket:
        tally = on(desk.venue, Name.DUPLICATE)
        desk.place(wallet, "0.4", "10")
        first = await heard(socket)
        off(desk.venue)
        desk.pass_ms(6 * SECOND_MS)

        assert len(first) == 1
        assert await heard(socket) == first
    assert (tally.asked, tally.done) == (1, 1)


async def test_events_overtake_one_another_within_two_seconds_and_none_is_lost(desk: Desk) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as socket:
        tally = on(desk.venue, Name.REORDER, rate=500)
        orders = [desk.place(wallet, f"0.{number}", "10").order_id for number in range(20, 40)]
        off(desk.venue)
        desk.pass_ms(2 * SECOND_MS)

        told = [event["id"] for event in await heard(socket)]

    assert sorted(told) == sorted(orders)
    assert told != orders
    assert 0 < tally.done < tally.asked == 20


async def test_a_trade_comes_without_its_makers(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    async with desk.listening(maker) as socket:
        tally = on(desk.venue, Name.MISSING_MAKERS)
        desk.place(maker, "0.5", "10", outcome=Outcome.NO)
        desk.place(taker, "0.5", "10")
        desk.pass_ms(DELAY_MS)

        (trade,) = (event for event in await heard(socket) if event["event_type"] == "trade")

    assert "maker_orders" not in trade
    assert trade["trader_side"] == "MAKER"
    assert tally.done == 1


async def test_trades_are_reverted_and_counted_and_the_usual_chances_come_back(desk: Desk) -> None:
    desk.pass_ms(60 * SECOND_MS)  # what was traded before is settled
    maker, taker = desk.wallet(), desk.wallet()
    usual = (desk.exchange.settlement.retry_chance, desk.exchange.settlement.fail_chance)
    async with desk.listening(taker) as socket:
        tally = on(desk.venue, Name.REVERT)
        assert desk.exchange.settlement.fail_chance == CERTAIN
        desk.place(maker, "0.5", "10", outcome=Outcome.NO)
        desk.place(taker, "0.5", "10")
        desk.pass_ms(60 * SECOND_MS)
        off(desk.venue)

        statuses = [event["status"] for event in await heard(socket) if event["event_type"] == "trade"]

    assert statuses[-1] == "FAILED"
    assert tally.asked == 1
    assert tally.done == len([status for status in statuses if status in ("RETRYING", "FAILED")])
    assert (desk.exchange.settlement.retry_chance, desk.exchange.settlement.fail_chance) == usual
