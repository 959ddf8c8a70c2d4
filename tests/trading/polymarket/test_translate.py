"""Every kind of message about an order or a trade, and the fact it holds."""

from typing import Any

import msgspec
import pytest

from core.answers import FillStatus
from core.ids import Side
from core.units import price, shares, usdc
from trading.gateways.polymarket.orders.translate import (
    OrderFact,
    Standing,
    TradeFact,
    merged,
    order_read,
    order_told,
    trade_told,
)
from trading.gateways.polymarket.reading import read_order, read_trade, read_user_frame
from trading.gateways.polymarket.wire import OpenOrder, OrderEvent, VenueTrade

ORDER: dict[str, Any] = {
    "id": "0xABC",
    "market": "0xmarket",
    "asset_id": "1",
    "side": "BUY",
    "original_size": "50",
    "size_matched": "0",
    "price": "0.48",
    "status": "LIVE",
}
TRADE: dict[str, Any] = {
    "id": "t1",
    "taker_order_id": "0xTAKER",
    "market": "0xmarket",
    "asset_id": "1",
    "side": "BUY",
    "size": "12.5",
    "price": "0.48",
    "status": "MATCHED",
    "match_time": "1764000000",
}
MAKER: dict[str, Any] = {
    "order_id": "0xMAKER",
    "matched_amount": "12.5",
    "price": "0.52",
    "asset_id": "2",
    "side": "BUY",
}


def told(kind: str, **more: str) -> OrderFact:
    frame = msgspec.json.encode(ORDER | more | {"type": kind, "event_type": "order", "timestamp": "1"})
    (event,) = read_user_frame(frame)
    assert isinstance(event, OrderEvent)
    return order_told(event)


def read(**more: str) -> OrderFact | None:
    order = read_order(msgspec.json.encode(ORDER | more))
    assert isinstance(order, OpenOrder)
    return order_read(order)


def traded(**more: Any) -> TradeFact:
    trade = read_trade(msgspec.json.encode(TRADE | more))
    assert isinstance(trade, VenueTrade)
    return trade_told(trade)


@pytest.mark.parametrize(
    ("kind", "status", "matched", "standing"),
    [
        ("PLACEMENT", "LIVE", "0", Standing.LIVE),
        ("PLACEMENT", "UNMATCHED", "0", Standing.LIVE),
        ("PLACEMENT", "DELAYED", "0", Standing.DELAYED),
        ("PLACEMENT", "", "0", Standing.LIVE),
        ("UPDATE", "LIVE", "12.5", Standing.LIVE),
        ("UPDATE", "MATCHED", "12.5", Standing.LIVE),
        ("UPDATE", "MATCHED", "50", Standing.MATCHED),
        ("UPDATE", "LIVE", "50.000", Standing.MATCHED),
        ("UPDATE", "CANCELED", "5", Standing.CANCELLED),
        ("CANCELLATION", "CANCELED", "5", Standing.CANCELLED),
        ("CANCELLATION", "CANCELED_order couldn't be fully filled.", "0", Standing.CANCELLED),
        ("CANCELLATION", "", "0", Standing.CANCELLED),
        ("CANCELLATION", "INVALID", "0", Standing.INVALID),
    ],
)
def test_what_the_channel_says_of_an_order(kind: str, status: str, matched: str, standing: Standing) -> None:
    assert told(kind, status=status, size_matched=matched) == OrderFact(
        told("PLACEMENT").order_id, standing, shares(matched)
    )


@pytest.mark.parametrize(
    ("status", "matched", "standing"),
    [
        ("LIVE", "0", Standing.LIVE),
        ("ORDER_STATUS_LIVE", "5", Standing.LIVE),
        ("LIVE", "50", Standing.MATCHED),
        ("UNMATCHED", "0", Standing.LIVE),
        ("DELAYED", "0", Standing.DELAYED),
        ("MATCHED", "50", Standing.MATCHED),
        ("MATCHED", "49.999999", Standing.MATCHED),
        ("CANCELED", "0", Standing.CANCELLED),
        ("ORDER_STATUS_CANCELED_MARKET_RESOLVED", "5", Standing.CANCELLED),
        ("INVALID", "0", Standing.INVALID),
    ],
)
def test_what_a_read_says_of_an_order(status: str, matched: str, standing: Standing) -> None:
    fact = read(status=status, size_matched=matched)

    assert fact is not None
    assert (fact.standing, fact.matched) == (standing, shares(matched))


def test_a_read_without_a_status_says_nothing_of_where_it_stands() -> None:
    assert read(status="") is None


def test_a_size_that_was_not_said_is_unknown_and_not_none() -> None:
    assert told("CANCELLATION", size_matched="").matched is None


def test_ids_are_compared_in_lower_case() -> None:
    assert told("PLACEMENT").order_id == "0xabc"
    assert traded().taker.order_id == "0xtaker"


def test_a_trade_has_the_takers_leg_and_each_makers_in_its_own_terms() -> None:
    fact = traded(maker_orders=[MAKER])

    assert (fact.taker.side, fact.taker.price, fact.taker.amount) == (Side.BUY, price("0.48"), usdc("6"))
    assert fact.makers is not None
    (maker,) = fact.makers
    assert (maker.token, maker.side, maker.price) == ("2", Side.BUY, price("0.52"))
    assert (maker.shares, maker.amount) == (shares("12.5"), usdc("6.5"))


@pytest.mark.parametrize("more", [{}, {"maker_orders": None}, {"maker_orders": []}])
def test_makers_that_were_left_out_are_unknown(more: dict[str, Any]) -> None:
    assert traded(**more).makers is None


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("MATCHED", FillStatus.MATCHED),
        ("MATCHED_NOT_BROADCASTED", FillStatus.MATCHED),
        ("TRADE_STATUS_MINED", FillStatus.MINED),
        ("CONFIRMED", FillStatus.CONFIRMED),
        ("TRADE_STATUS_RETRYING", FillStatus.RETRYING),
        ("FAILED", FillStatus.FAILED),
    ],
)
def test_a_trades_status(status: str, read_as: FillStatus) -> None:
    assert traded(status=status).status is read_as


def test_a_maker_listed_twice_is_one_leg() -> None:
    fact = traded(maker_orders=[MAKER, MAKER | {"matched_amount": "7.5"}])
    assert fact.makers is not None

    leg = merged(list(fact.makers))

    assert (leg.shares, leg.amount) == (shares("20"), usdc("10.4"))
