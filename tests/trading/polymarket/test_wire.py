"""What the venue says about our orders, parsed or refused by name. Shapes by hand; for captures: ``test_captures``."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import FillStatus
from core.ids import Side
from core.units import Shares
from trading.gateways.polymarket import reading, wire
from trading.gateways.polymarket.wire import OrderEvent, OrderState, Page, TradeEvent, Unreadable

TOKEN: Final = "21742633143463906290569050155826241533067272736897614950488156847949938836455"
OTHER_TOKEN: Final = "48331043336612883890938759509493159234755048973500640148014422747788308965732"
OURS: Final = "0xab679e56242324e15e59cfd488cd0f12e4fd71b153b9bfb57518898b9983145e"


def an_order_event(**changed: Any) -> dict[str, Any]:
    said = {
        "event_type": "order",
        "id": OURS,
        "owner": "a-key",
        "market": "0xdd22",
        "asset_id": TOKEN,
        "side": "BUY",
        "order_owner": "a-key",
        "original_size": "5",
        "size_matched": "0",
        "price": "0.513",
        "associate_trades": None,
        "outcome": "Yes",
        "type": "PLACEMENT",
        "created_at": "1725842520",
        "expiration": "0",
        "order_type": "GTC",
        "status": "LIVE",
        "maker_address": "0xa3D8",
        "timestamp": "1725842520990",
    }
    return said | changed


def a_trade(**changed: Any) -> dict[str, Any]:
    """A sale of ours that was minted against a buy: our part is in the other token."""
    said = {
        "id": "83b5c849-620e-4c23-b63b-2e779c04a6e7",
        "taker_order_id": "0x3ad0",
        "market": "0xdd22",
        "asset_id": TOKEN,
        "side": "BUY",
        "size": "15",
        "price": "0.518",
        "fee_rate_bps": "0",
        "status": "MATCHED",
        "match_time": "1725868859",
        "last_update": "1725868885",
        "outcome": "Yes",
        "bucket_index": 0,
        "owner": "another-key",
        "maker_address": "0x64B7",
        "transaction_hash": "",
        "trader_side": "MAKER",
        "maker_orders": [
            {
                "order_id": OURS,
                "owner": "a-key",
                "maker_address": "0xa3D8",
                "matched_amount": "10",
                "price": "0.482",
                "fee_rate_bps": "0",
                "asset_id": OTHER_TOKEN,
                "outcome": "No",
                "outcome_index": 1,
                "side": "BUY",
            }
        ],
    }
    return said | changed


def a_trade_event(**changed: Any) -> dict[str, Any]:
    return a_trade(event_type="trade", type="TRADE", timestamp="1725868885871", **changed)


def an_open_order(**changed: Any) -> dict[str, Any]:
    said = {
        "id": OURS,
        "status": "LIVE",
        "owner": "a-key",
        "maker_address": "0xa3D8",
        "market": "0xdd22",
        "asset_id": TOKEN,
        "side": "SELL",
        "original_size": "100.0000",
        "size_matched": "25.5",
        "price": "0.5000",
        "outcome": "Yes",
        "expiration": "0",
        "order_type": "GTC",
        "associate_trades": ["t1"],
        "created_at": 1703875200,
    }
    return said | changed


def encoded(said: object) -> bytes:
    return msgspec.json.encode(said)


def test_an_order_event_is_read_with_its_units() -> None:
    [event] = reading.read_user_frame(encoded(an_order_event(size_matched="1.25", type="UPDATE")))

    assert isinstance(event, OrderEvent)
    assert (event.id, event.state, event.direction) == (OURS, OrderState.LIVE, Side.BUY)
    assert (event.shares, event.matched, event.at) == (5_000_000, 1_250_000, 5_130)
    assert event.said_ms == 1725842520990


def test_a_trade_event_is_read_with_its_makers_in_their_own_terms() -> None:
    [event] = reading.read_user_frame(encoded(a_trade_event()))

    assert isinstance(event, TradeEvent)
    assert (event.state, event.shares, event.at, event.worth) == (
        FillStatus.MATCHED,
        15_000_000,
        5_180,
        7_770_000,
    )
    assert event.is_taker is False
    assert event.said_ms == 1725868885871
    assert event.maker_orders is not None
    ours = event.maker_orders[0]
    assert (ours.order_id, ours.asset_id, ours.direction) == (OURS, OTHER_TOKEN, Side.BUY)
    assert (ours.shares, ours.at, ours.worth) == (10_000_000, 4_820, 4_820_000)


def test_a_frame_may_hold_several_events_and_one_bad_one_harms_no_other() -> None:
    frame = encoded(
        [an_order_event(), {"event_type": "order", "id": "0x1"}, a_trade_event(maker_orders=None)]
    )

    events = reading.read_user_frame(frame + b"\n")

    assert [type(event) for event in events] == [OrderEvent, Unreadable, TradeEvent]


@pytest.mark.parametrize("frame", [b"PONG", b"PONG\n", b"", b"[]"])
def test_a_frame_without_events_holds_none(frame: bytes) -> None:
    assert reading.read_user_frame(frame) == []


def test_a_killed_order_has_no_matched_size_and_its_reason_in_its_status() -> None:
    status = "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed."
    said = an_order_event(
        size_matched="", created_at="", status=status, type="CANCELLATION", order_type="FOK"
    )

    [event] = reading.read_user_frame(encoded(said))

    assert isinstance(event, OrderEvent)
    assert (event.state, event.matched, event.status) == (OrderState.CANCELED, 0, status)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"price": "1.5"}, "a price above 1: '1.5'"),
        ({"price": "-0.5"}, "not a price: '-0.5'"),
        ({"price": 0.5}, "Expected `str`, got `float` - at `$.price`"),
        ({"original_size": "many"}, "not an amount with at most 6 decimals: 'many'"),
        ({"side": "HOLD"}, "neither buy nor sell: 'HOLD'"),
        ({"status": "ASLEEP"}, "unknown order status 'ASLEEP'"),
        ({"type": "WISH"}, "'WISH' is not a valid OrderEventKind"),
        ({"event_type": "gossip"}, "no event of the user channel: 'gossip'"),
        ({"timestamp": "yesterday"}, "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_its_reason(changed: dict[str, Any], reason: str) -> None:
    [event] = reading.read_user_frame(encoded(an_order_event(**changed)))

    assert isinstance(event, Unreadable)
    assert event.reason == reason


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1725842520", 1725842520000),
        (1725842520, 1725842520000),
        ("1725842520990", 1725842520990),
        ("1725842520990123", 1725842520990),
        ("1725842520990123456", 1725842520990),
        ("2024-09-09T00:42:00.99Z", 1725842520990),
        ("", None),
        (None, None),
    ],
)
def test_a_times_unit_is_told_by_its_size(stamp: wire.Stamp, expected: int | None) -> None:
    assert wire.ms(stamp) == expected


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("LIVE", OrderState.LIVE),
        ("live", OrderState.LIVE),
        ("ORDER_STATUS_MATCHED", OrderState.MATCHED),
        ("ORDER_STATUS_CANCELED_MARKET_RESOLVED", OrderState.CANCELED),
        ("CANCELLED", OrderState.CANCELED),
        ("INVALID", OrderState.INVALID),
        ("", OrderState.UNSAID),
    ],
)
def test_an_orders_status_is_read_in_all_its_spellings(status: str, state: OrderState) -> None:
    assert wire.order_state(status) is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("MINED", FillStatus.MINED),
        ("TRADE_STATUS_CONFIRMED", FillStatus.CONFIRMED),
        ("MATCHED_NOT_BROADCASTED", FillStatus.MATCHED),
    ],
)
def test_a_trades_status_is_read_in_all_its_spellings(status: str, state: FillStatus) -> None:
    assert wire.trade_state(status) is state


@given(digits=st.integers(1, 12), numerator=st.integers(0, 10**12), shares=st.integers(0, 10**12))
def test_worth_is_the_nearest_millionth_at_a_price_of_any_digits(
    digits: int, numerator: int, shares: int
) -> None:
    numerator %= 10**digits
    text = f"0.{numerator:0{digits}d}"

    found = wire.worth(text, Shares(shares))

    assert 2 * abs(found * 10**digits - numerator * shares) <= 10**digits


def test_pages_are_read_to_the_last_and_bad_items_are_kept_apart() -> None:
    body = {
        "data": [an_open_order(), an_open_order(price="two")],
        "next_cursor": "MTAw",
        "limit": 2,
        "count": 2,
    }

    page = reading.read_orders(encoded(body))

    assert isinstance(page, Page)
    assert [(order.shares, order.matched, order.created_ms) for order in page.items] == [
        (100_000_000, 25_500_000, 1703875200000)
    ]
    assert [each.reason for each in page.unreadable] == ["not a price: 'two'"]
    assert page.after == "MTAw"
    last = reading.read_orders(encoded({"data": [], "next_cursor": "LTE="}))
    assert isinstance(last, Page)
    assert last.after is None


@pytest.mark.parametrize("body", [b"null", b"", b"{}", b" null "])
def test_an_order_the_venue_does_not_know_is_none(body: bytes) -> None:
    assert reading.read_order(body) is None


@pytest.mark.parametrize(
    ("body", "micro"), [({"balance": "1000000000"}, 1_000_000_000), ({"balance": "250.500000"}, 250_500_000)]
)
def test_a_balance_is_in_millionths(body: dict[str, str], micro: int) -> None:
    balance = reading.read_balance(encoded(body | {"allowances": {"0xE111": "17"}}))

    assert isinstance(balance, wire.BalanceAllowance)
    assert (balance.micro, balance.allowed) == (micro, {"0xe111": 17})
