"""Cancels, reads, balances and heartbeats against a venue on a real socket that fails in between."""

from typing import Final

import pytest

from core.ids import MarketId, OrderId
from core.units import Ms
from tests.trading.polymarket.fake_venue import FakeVenue, HangsUp, Says
from tests.trading.polymarket.test_signing import terms
from tests.trading.polymarket.test_wire import a_trade, an_open_order
from tests.trading.polymarket.transports import transport, venue
from trading.gateways.polymarket.answers import Beat, CancelOutcome, Unanswered
from trading.gateways.polymarket.transport.transport import Transport

__all__ = ["transport", "venue"]

MARKET: Final = MarketId("0xdd22")
ONE, TWO = OrderId("0x1"), OrderId("0x2")


async def test_cancels_say_per_id_what_happened(venue: FakeVenue, transport: Transport) -> None:
    ids = [ONE, TWO]
    told = {"canceled": ["0x1"], "not_canceled": {"0x2": "Order already matched"}}
    venue.does("/orders", Says(told))
    venue.does("/order", Says({"canceled": ["0x1"], "not_canceled": {}}))

    assert await transport.cancel(ids) == CancelOutcome((ONE,), {TWO: "Order already matched"})
    assert await transport.cancel(ids[:1]) == CancelOutcome((ONE,), {})
    assert await transport.cancel([]) == CancelOutcome((), {})
    assert [(each.method, each.body) for each in venue.heard[-2:]] == [
        ("DELETE", b'["0x1","0x2"]'),
        ("DELETE", b'{"orderID":"0x1"}'),
    ]


async def test_a_cancel_that_was_lost_is_asked_again(venue: FakeVenue, transport: Transport) -> None:
    gone = {ONE: "Order not found or already canceled"}
    venue.does(
        "/order", HangsUp(), Says({"error": "restarting"}, 425), Says({"canceled": [], "not_canceled": gone})
    )

    assert await transport.cancel([OrderId("0x1")]) == CancelOutcome((), gone)


async def test_a_cancel_nobody_answers_is_unanswered(venue: FakeVenue, transport: Transport) -> None:
    venue.always["/cancel-all"] = HangsUp()

    assert isinstance(await transport.cancel_all(), Unanswered)
    assert len(venue.asked("/cancel-all")) == 3


async def test_an_id_the_venue_cannot_read_is_not_cancelled(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/order", Says({"error": "Invalid orderID"}, 400))

    outcome = await transport.cancel([OrderId("0xnone")])

    assert outcome == CancelOutcome((), {OrderId("0xnone"): '{"error":"Invalid orderID"}'})


async def test_a_markets_orders_are_cancelled_together(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/cancel-market-orders", Says({"canceled": ["0x1"], "not_canceled": {}}))

    assert await transport.cancel_market(MARKET) == CancelOutcome((ONE,), {})
    assert venue.heard[-1].body == b'{"market":"0xdd22"}'


async def test_more_ids_than_the_venue_takes_are_our_mistake(transport: Transport) -> None:
    with pytest.raises(ValueError, match="1001"):
        await transport.cancel([OrderId(str(number)) for number in range(1_001)])


async def test_an_order_is_found_or_not_or_nobody_says(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/data/order/0x1", HangsUp(), Says(an_open_order(id="0x1")))
    venue.does("/data/order/0x2", Says({"error": "order not found"}, 404))
    venue.does("/data/order/0x3", Says(None))
    venue.always["/data/order/0x4"] = Says({"error": "Internal server error"}, 500)

    found = await transport.order(OrderId("0x1"))

    assert found is not None
    assert not isinstance(found, Unanswered)
    assert found.matched == 25_500_000
    assert await transport.order(OrderId("0x2")) is None
    assert await transport.order(OrderId("0x3")) is None
    assert isinstance(await transport.order(OrderId("0x4")), Unanswered)


async def test_open_orders_are_read_to_the_last_page_each_once(
    venue: FakeVenue, transport: Transport
) -> None:
    pages = [
        {"data": [an_open_order(id="0x1"), an_open_order(id="0x2")], "next_cursor": "Mg=="},
        {"data": [an_open_order(id="0x2"), an_open_order(id="0x3")], "next_cursor": "LTE="},
    ]
    venue.does("/data/orders", *map(Says, pages))

    found = await transport.open_orders(MARKET)

    assert not isinstance(found, Unanswered)
    assert [order.id for order in found] == ["0x1", "0x2", "0x3"]
    assert [heard.query for heard in venue.asked("/data/orders")] == [
        {"market": "0xdd22", "next_cursor": "MA=="},
        {"market": "0xdd22", "next_cursor": "Mg=="},
    ]


async def test_trades_are_asked_for_since_a_time(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/data/trades", Says({"data": [a_trade()], "next_cursor": "LTE="}))

    found = await transport.trades(Ms(1_725_868_859_999), MARKET)

    assert not isinstance(found, Unanswered)
    assert [trade.worth for trade in found] == [7_770_000]
    assert venue.heard[-1].query == {"after": "1725868858", "market": "0xdd22", "next_cursor": "MA=="}


async def test_a_trade_that_cannot_be_read_makes_the_whole_unknown(
    venue: FakeVenue, transport: Transport
) -> None:
    venue.does("/data/trades", Says({"data": [a_trade(), a_trade(price="two")], "next_cursor": "LTE="}))

    outcome = await transport.trades()

    assert isinstance(outcome, Unanswered)
    assert "not a price: 'two'" in outcome.reason


async def test_balances_are_asked_for_by_asset(venue: FakeVenue, transport: Transport) -> None:
    venue.always["/balance-allowance"] = Says({"balance": "10000000000", "allowances": {"0xE1": "5"}})
    venue.always["/balance-allowance/update"] = Says(b"")

    cash = await transport.balance()
    await transport.balance(terms().token_id)
    await transport.balance(terms(version="v2").token_id)

    assert not isinstance(cash, Unanswered)
    assert (cash.micro, cash.allowed) == (10_000_000_000, {"0xe1": 5})
    assert [heard.query["asset_type"] for heard in venue.heard[-3:]] == [
        "COLLATERAL",
        "CONDITIONAL",
        "CONDITIONAL-V2",
    ]
    assert await transport.refresh_balance() is None


async def test_heartbeats_chain_and_a_wrong_one_names_the_right(
    venue: FakeVenue, transport: Transport
) -> None:
    venue.does(
        "/v1/heartbeats",
        Says({"heartbeat_id": "one"}),
        Says({"error_msg": "Invalid Heartbeat ID", "heartbeat_id": "two"}, 400),
        HangsUp(),
    )

    assert await transport.heartbeat(None) == Beat("one", accepted=True)
    assert await transport.heartbeat("zero") == Beat("two", accepted=False)
    assert isinstance(await transport.heartbeat("two"), Unanswered)
    assert [heard.body for heard in venue.asked("/v1/heartbeats")][:2] == [
        b'{"heartbeat_id":null}',
        b'{"heartbeat_id":"zero"}',
    ]


async def test_health_is_what_the_venue_says(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/ok", Says("OK"), Says("no", 503))
    venue.does("/auth/ban-status/closed-only", Says({"closed_only": True}), Says({"open": 1}))

    assert await transport.ok() is True
    assert await transport.ok() is False
    assert await transport.closed_only() is True
    assert isinstance(await transport.closed_only(), Unanswered)
