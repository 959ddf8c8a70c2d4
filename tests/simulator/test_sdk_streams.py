"""The venue's own SDK, unmodified but for its addresses, listens while an order placed over REST is traded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from eth_account import Account as Signer
from polymarket import AsyncSecureClient
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.models.clob.market_events import MarketBookEvent
from polymarket.models.sports_events import SportsResultEvent
from polymarket.streams import MarketSpec, SportsSpec, SubscriptionHandle, UserSpec

from core.ids import Outcome
from core.units import Ms
from infra import clock
from simulator import server
from simulator.chain.accounts import CHAIN
from simulator.clob.clock import CLOCK
from simulator.world import World
from tests.simulator.approvals import approve
from tests.simulator.desks import Desk, open_desk
from tests.simulator.venues import SECOND_MS, Venue, running

KEYS = count(0x5D_4B)
WAIT_S = 10


@dataclass(frozen=True, slots=True)
class Sdk:
    client: AsyncSecureClient
    venue: Venue
    desk: Desk


@asynccontextmanager
async def an_sdk(world: World) -> AsyncIterator[Sdk]:
    """A client of its deposit wallet, which may trade. The SDK reads the machine's clock, so the venue does too."""
    async with running(world) as venue:
        desk = open_desk(venue)
        venue.app[CLOCK].read = clock.now_ms
        key = f"0x{next(KEYS):064x}"
        wallet = venue.app[CHAIN].wallet_of(Signer.from_key(key).address, 3)
        http, ws = venue.url, f"ws://{server.HOST}:{venue.port}"
        config = replace(
            PRODUCTION_CONFIG,
            clob_url=http,
            clob_market_ws_url=f"{ws}/ws/market",
            clob_user_ws_url=f"{ws}/ws/user",
            sports_ws_url=f"{ws}/ws",
            gamma_url=http,
            data_url=http,
            relayer_url=http,
            rpc_url=f"{http}/rpc",
        )
        environment = create_environment(name="simulator", config=config)
        client = await AsyncSecureClient.create(private_key=key, wallet=wallet, environment=environment)
        try:
            approve(venue.app[CHAIN].wallets[wallet])
            yield Sdk(client, venue, desk)
        finally:
            await client.close()


async def following(events: SubscriptionHandle[Any], number: int) -> list[Any]:
    """The next events. Fails when they do not come."""
    async with asyncio.timeout(WAIT_S):
        return [await anext(events) for _ in range(number)]


async def levels_until(last: tuple[str, str], events: SubscriptionHandle[Any]) -> list[tuple[str, str]]:
    """Token and price of every level that changes, up to a certain one. Fails when that does not come."""
    levels: list[tuple[str, str]] = []
    async with asyncio.timeout(WAIT_S):
        while last not in levels:
            event = await anext(events)
            if event.type == "price_change":
                levels += [(change.asset_id, str(change.price)) for change in event.payload.price_changes]
    return levels


@pytest.fixture(scope="module")
def world() -> World:
    """Its time is now."""
    return World(11, clock.now_ms())


async def test_an_order_over_rest_is_followed_on_the_user_stream_to_its_confirmation(world: World) -> None:
    async with an_sdk(world) as sdk:
        desk, market_id = sdk.desk, sdk.desk.market_id
        maker = desk.wallet()
        desk.place(maker, "0.45", "30", outcome=Outcome.NO)
        events = await sdk.client.subscribe(UserSpec(markets=[market_id]))
        answer = await sdk.client.post_order(
            await sdk.client.create_limit_order(
                asset_id=desk.sheet.terms.yes_token, price="0.56", size="20", side="BUY"
            )
        )
        assert answer.ok
        placed = await following(events, 1)
        desk.now_ms = Ms(max(desk.now_ms, clock.now_ms()))
        desk.pass_ms(40 * SECOND_MS)
        rest = await following(events, 4)
        await events.close()

    told = [event.payload for event in (*placed, *rest)]
    assert [event.type for event in (*placed, *rest)] == ["order", "trade", "order", "trade", "trade"]
    assert told[0].id == told[2].id == answer.order_id
    assert (told[0].status, told[2].status, str(told[2].size_matched)) == ("DELAYED", "MATCHED", "20")
    trades = [told[1], told[3], told[4]]
    assert [trade.status for trade in trades] == ["MATCHED", "MINED", "CONFIRMED"]
    assert {trade.taker_order_id for trade in trades} == {answer.order_id}
    (leg,) = trades[0].maker_orders
    assert (leg.asset_id, str(leg.price), leg.side) == (desk.sheet.terms.no_token, "0.45", "BUY")
    times = [trade.timestamp for trade in trades]
    assert all(abs(at.timestamp() * 1_000 - desk.now_ms) < 60 * SECOND_MS for at in times)


async def test_a_cancel_over_rest_is_told_on_the_user_stream(world: World) -> None:
    async with an_sdk(world) as sdk:
        events = await sdk.client.subscribe(UserSpec())
        answer = await sdk.client.post_order(
            await sdk.client.create_limit_order(
                asset_id=sdk.desk.sheet.terms.yes_token, price="0.3", size="20", side="BUY"
            )
        )
        assert answer.ok
        await sdk.client.cancel_order(order_id=answer.order_id)
        told = [event.payload for event in await following(events, 2)]
        await events.close()

    assert [(event.order_event_type, event.status) for event in told] == [
        ("PLACEMENT", "LIVE"),
        ("CANCELLATION", "CANCELED"),
    ]
    assert {event.id for event in told} == {answer.order_id}


async def test_the_market_stream_begins_with_both_books_and_shows_the_order_as_a_change(world: World) -> None:
    async with an_sdk(world) as sdk:
        terms = sdk.desk.sheet.terms
        tokens = [terms.yes_token, terms.no_token]
        events = await sdk.client.subscribe(MarketSpec(asset_ids=tokens, custom_feature_enabled=True))
        books = await following(events, 2)
        answer = await sdk.client.post_order(
            await sdk.client.create_limit_order(asset_id=terms.yes_token, price="0.3", size="20", side="BUY")
        )
        assert answer.ok
        server.advance(sdk.venue.app, Ms(sdk.venue.world.now_ms + SECOND_MS))
        levels = await levels_until((terms.no_token, "0.7"), events)
        await events.close()

    assert all(isinstance(event, MarketBookEvent) for event in books)
    assert {event.payload.asset_id for event in books} == set(tokens)
    assert levels[-2:] == [(terms.yes_token, "0.3"), (terms.no_token, "0.7")]


async def test_the_sports_stream_tells_every_match(world: World) -> None:
    async with an_sdk(world) as sdk:
        events = await sdk.client.subscribe(SportsSpec())
        games = len(sdk.venue.world.events())
        results = await following(events, games)
        await events.close()

    assert all(isinstance(event, SportsResultEvent) for event in results)
    assert len({event.payload.game_id for event in results}) == games
