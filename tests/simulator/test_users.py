"""The user channel against a real client: two wallets trade with each other, and each hears its side of it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from core.ids import MarketId, Outcome, Side
from core.units import CERTAIN
from simulator import channels, users
from simulator.exchange.orders import CancelReason
from simulator.user_channel import Auth
from simulator.world import World
from tests.simulator.desks import Desk, open_desk
from tests.simulator.evenings import START
from tests.simulator.venues import SECOND_MS, heard, running

DELAY_MS = 1_000
UNCONFIRMED = ("MATCHED", "MINED", "RETRYING", "FAILED")


@pytest.fixture(scope="module")
def world() -> World:
    return World(11, START)


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    async with running(world) as venue:
        yield open_desk(venue)


def brief(events: list[Any]) -> list[str]:
    return [f"{event['type']} {event['status']}" for event in events]


async def test_an_order_that_rests_is_told_with_every_field(desk: Desk) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as socket:
        order = desk.place(wallet, "0.4", "25")

        (event,) = await heard(socket)

    assert event == {
        "event_type": "order",
        "id": order.order_id,
        "owner": wallet.key.name,
        "order_owner": wallet.key.name,
        "market": desk.market_id,
        "asset_id": desk.sheet.terms.yes_token,
        "side": "BUY",
        "original_size": "25",
        "size_matched": "0",
        "price": "0.4",
        "associate_trades": None,
        "outcome": desk.sheet.name(Outcome.YES),
        "type": "PLACEMENT",
        "created_at": str(desk.now_ms // 1_000),
        "expiration": "0",
        "order_type": "GTC",
        "status": "LIVE",
        "maker_address": wallet.account.name,
        "timestamp": str(desk.now_ms),
    }


async def test_taker_and_maker_hear_of_one_trade_each_from_its_side(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    async with desk.listening(maker) as to_maker, desk.listening(taker) as to_taker:
        resting = desk.place(maker, "0.45", "30", outcome=Outcome.NO)
        taking = desk.place(taker, "0.56", "20")
        desk.pass_ms(DELAY_MS)

        made, took = await heard(to_maker), await heard(to_taker)

    assert brief(made) == ["PLACEMENT LIVE", "TRADE MATCHED", "UPDATE LIVE"]
    assert brief(took) == ["PLACEMENT DELAYED", "TRADE MATCHED", "UPDATE MATCHED"]
    assert (made[1]["trader_side"], took[1]["trader_side"]) == ("MAKER", "TAKER")
    assert {**made[1], "trader_side": "TAKER"} == took[1]
    trade = took[1]
    assert (trade["taker_order_id"], trade["owner"]) == (taking.order_id, taker.key.name)
    assert (trade["side"], trade["size"], trade["price"]) == ("BUY", "20", "0.55")
    assert (made[2]["size_matched"], made[2]["associate_trades"]) == ("20", [trade["id"]])
    assert (took[2]["size_matched"], took[2]["associate_trades"]) == ("20", [trade["id"]])
    assert made[2]["id"] == resting.order_id


async def test_a_mint_shows_the_maker_its_own_token_side_and_price(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    async with desk.listening(maker) as socket:
        resting = desk.place(maker, "0.45", "30", outcome=Outcome.NO)
        desk.place(taker, "0.56", "20")
        desk.pass_ms(DELAY_MS)

        trade = (await heard(socket))[1]

    assert trade["asset_id"] == desk.sheet.terms.yes_token
    assert trade["maker_orders"] == [
        {
            "order_id": resting.order_id,
            "owner": maker.key.name,
            "maker_address": maker.account.name,
            "matched_amount": "20",
            "price": "0.45",
            "fee_rate_bps": "0",
            "asset_id": desk.sheet.terms.no_token,
            "outcome": desk.sheet.name(Outcome.NO),
            "outcome_index": 1,
            "side": "BUY",
        }
    ]


async def test_a_trade_is_told_again_with_each_status_until_it_is_confirmed(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    desk.place(maker, "0.5", "10", outcome=Outcome.NO)
    async with desk.listening(taker) as socket:
        desk.place(taker, "0.5", "10")
        desk.pass_ms(30 * SECOND_MS)

        trades = [event for event in await heard(socket) if event["event_type"] == "trade"]

    assert [trade["status"] for trade in trades] == ["MATCHED", "MINED", "CONFIRMED"]
    assert len({trade["id"] for trade in trades}) == 1
    assert [bool(trade["transaction_hash"]) for trade in trades] == [False, True, True]
    assert trades[1]["transaction_hash"] == trades[2]["transaction_hash"]


async def test_times_are_in_ms_and_seconds_as_captured(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    desk.place(maker, "0.5", "10", outcome=Outcome.NO)
    async with desk.listening(taker) as socket:
        desk.place(taker, "0.5", "10")
        desk.pass_ms(30 * SECOND_MS)

        events = await heard(socket)

    for event in events:
        in_ms = event["event_type"] == "order" or event["status"] in UNCONFIRMED
        assert len(event["timestamp"]) == (13 if in_ms else 10)
        for field in ("created_at", "match_time", "last_update"):
            assert len(event.get(field, "0123456789")) == 10


async def test_an_order_that_met_nobody_after_its_delay_rests_unmatched(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    resting = desk.place(maker, "0.5", "10", outcome=Outcome.NO)
    async with desk.listening(taker) as socket:
        desk.place(taker, "0.5", "10")
        desk.exchange.cancel(resting, now_ms=desk.now_ms)
        desk.pass_ms(DELAY_MS)

        events = await heard(socket)

    assert brief(events) == ["PLACEMENT DELAYED", "UPDATE UNMATCHED"]
    assert events[1]["size_matched"] == "0"


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (CancelReason.ASKED, "CANCELED"),
        (CancelReason.HEARTBEAT, "CANCELED"),
        (CancelReason.EXPIRED, "CANCELED_EXPIRED_ORDER"),
    ],
)
async def test_a_cancelled_order_is_told_with_its_reason(desk: Desk, why: CancelReason, status: str) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as socket:
        order = desk.place(wallet, "0.4", "25")
        desk.exchange.cancel(order, now_ms=desk.now_ms, why=why)
        users.flush(desk.venue.app)

        events = await heard(socket)

    assert brief(events) == ["PLACEMENT LIVE", f"CANCELLATION {status}"]
    assert events[1]["size_matched"] == "0"


async def test_the_wipe_at_game_start_is_told_order_by_order(desk: Desk) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as socket:
        orders = [desk.place(wallet, at, "10") for at in ("0.3", "0.31")]
        desk.exchange.wipe(desk.market_id)
        users.flush(desk.venue.app)

        events = await heard(socket)

    assert brief(events)[2:] == ["CANCELLATION CANCELED"] * 2
    assert {event["id"] for event in events[2:]} == {order.order_id for order in orders}


async def test_a_failed_trade_ends_with_failed(desk: Desk) -> None:
    maker, taker = desk.wallet(), desk.wallet()
    desk.exchange.settlement.fail_chance = CERTAIN
    desk.place(maker, "0.5", "10", outcome=Outcome.NO)
    async with desk.listening(taker) as socket:
        desk.place(taker, "0.5", "10")
        desk.pass_ms(60 * SECOND_MS)
        desk.exchange.settlement.fail_chance = type(CERTAIN)(0)

        statuses = [event["status"] for event in await heard(socket) if event["event_type"] == "trade"]

    assert statuses[0] == "MATCHED"
    assert statuses[-1] == "FAILED"
    assert "CONFIRMED" not in statuses


async def test_nobody_hears_of_somebody_else_and_nothing_is_told_again(desk: Desk) -> None:
    wallet, stranger = desk.wallet(), desk.wallet()
    async with desk.listening(stranger) as socket:
        desk.place(wallet, "0.4", "25")
        assert await heard(socket) == []

    async with desk.listening(wallet) as socket:
        assert await heard(socket) == [], "what was missed is asked for over REST"


async def test_every_connection_of_a_signer_hears_everything(desk: Desk) -> None:
    wallet = desk.wallet()
    async with desk.listening(wallet) as one, desk.listening(wallet) as other:
        desk.place(wallet, "0.4", "25")

        assert await heard(one) == await heard(other) != []


async def test_markets_narrow_what_is_told_and_can_be_changed(desk: Desk) -> None:
    wallet, elsewhere = desk.wallet(), MarketId("0x" + "ab" * 32)
    async with desk.listening(wallet, elsewhere) as socket:
        desk.place(wallet, "0.4", "10")
        silent = await heard(socket)

        await socket.send(json.dumps({"operation": "subscribe", "markets": [desk.market_id.upper()]}))
        assert await heard(socket) == []
        desk.place(wallet, "0.41", "10")
        told = await heard(socket)

        await socket.send(json.dumps({"operation": "unsubscribe", "markets": [desk.market_id]}))
        assert await heard(socket) == []
        desk.place(wallet, "0.42", "10")
        after = await heard(socket)

    assert (silent, brief(told), after) == ([], ["PLACEMENT LIVE"], [])


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "c2VjcmV0"},
        {"passphrase": "open sesame"},
        {"apiKey": "00000000-0000-0000-0000-000000000000"},
    ],
)
async def test_wrong_credentials_end_the_connection(desk: Desk, change: dict[str, str]) -> None:
    sign_in = desk.wallet().sign_in
    async with desk.venue.connect("/ws/user") as socket:
        await socket.send(json.dumps({**sign_in, "auth": {**sign_in["auth"], **change}}))

        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize(
    "text", ["hello", "[]", '{"type":"market"}', '{"type":"user"}', '{"operation":"subscribe","markets":[]}']
)
async def test_what_is_no_sign_in_ends_the_connection(desk: Desk, text: str) -> None:
    async with desk.venue.connect("/ws/user") as socket:
        await socket.send(text)

        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_client_that_does_not_read_is_cut_off(desk: Desk) -> None:
    wallet, hub = desk.wallet(), desk.venue.app[users.USER_HUB]
    async with desk.listening(wallet):
        order = desk.place(wallet, "0.4", "10")
        for _ in range(channels.QUEUE_MAX):
            desk.exchange.cancel(order, now_ms=desk.now_ms)
            order = desk.place(wallet, "0.4", "10")
            if not hub.clients:
                break

        assert not hub.clients


async def test_v2_markets_are_told_with_their_own_ids(world: World) -> None:
    async with running(world) as venue:
        desk = open_desk(venue, version="v2")
        maker, taker = desk.wallet(), desk.wallet()
        async with desk.listening(taker) as socket:
            desk.place(maker, "0.5", "10", outcome=Outcome.NO)
            desk.place(taker, "0.5", "10", side=Side.BUY)
            desk.pass_ms(DELAY_MS)

            events = await heard(socket)

    assert {event["market"] for event in events} == {desk.market_id}
    assert events[1]["asset_id"] == desk.sheet.terms.yes_token
    assert events[1]["maker_orders"][0]["asset_id"] == desk.sheet.terms.no_token


def test_credentials_are_not_shown() -> None:
    assert repr(Auth("key", "secret", "passphrase")) == "Auth()"
