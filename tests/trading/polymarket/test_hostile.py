"""A venue, or somebody between, that says what cannot be: nothing is booked twice, lost or believed."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from core.answers import FillSeen
from core.units import Ms, Shares, Usdc, shares
from tests.builders import YES
from tests.trading.polymarket.following import Following
from tests.trading.polymarket.test_own_orders import ID, SECOND, resting
from tests.trading.polymarket.venue_model import an_id
from trading.gateways.polymarket.answers import read_post
from trading.gateways.polymarket.orders.translate import TradeFact, trade_told
from trading.gateways.polymarket.reading import read_user_frame
from trading.gateways.polymarket.wire import TradeEvent, Unreadable


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_signature_that_the_venue_repeats_is_not_repeated_by_us(status: int) -> None:
    signature = "0x" + "ab" * 65
    for body in (b'{"error":"invalid signature %s"}', b"<html>invalid signature %s"):
        said = read_post(
            status, body % signature.encode(), retry_header=None, maker_amount=1, closed_ms=Ms(1)
        )
        assert "abab" not in repr(said)
        assert "invalid signature" in repr(said)


def a_told_trade(us: Following, number: int, **changed: Any) -> TradeFact:
    """The last trade as the channel tells it, changed."""
    order = us.venue.orders[an_id(number)]
    us.venue.match(order, size="20")
    frame = msgspec.json.decode(us.venue.mail[-1])
    us.venue.mail.clear()
    (event,) = read_user_frame(
        msgspec.json.encode((frame[0] if isinstance(frame, list) else frame) | changed)
    )
    assert isinstance(event, TradeEvent), event
    return trade_told(event)


def test_a_trade_spelled_otherwise_is_the_same_trade() -> None:
    us = Following()
    resting(us, 1)
    name = "28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e"
    fact = a_told_trade(us, 1, id=name)

    us.mine.hear_trade(fact, us.now)
    us.mine.hear_trade(a_told_trade(us, 1, id=name.upper()), us.now)
    us.listen()

    assert us.pair.held(YES) == shares("20")


def test_a_trade_of_nothing_books_nothing() -> None:
    us = Following()
    resting(us, 1)
    fact = a_told_trade(us, 1)
    assert fact.makers is not None
    nothing = tuple(replace(leg, shares=Shares(0), amount=Usdc(0)) for leg in fact.makers)

    us.mine.hear_trade(replace(fact, makers=nothing), us.now)
    us.listen()

    assert not any(isinstance(event, FillSeen) for event in us.heard)


def test_an_order_called_by_anothers_id_keeps_its_own_and_the_other_is_followed() -> None:
    us = Following()
    resting(us, 1)
    resting(us, 2)
    first, second = us.mine.get(ID), us.mine.get(SECOND)
    assert first is not None
    assert second is not None

    us.mine.rename(second, ID)

    assert us.mine.get(ID) is first
    assert us.mine.get(SECOND) is second
    assert us.mine.misnamed == (SECOND, ID)


@pytest.mark.parametrize("size", ["1000000000001", "999999999999999", "-5", "NaN", "Infinity", "1e9"])
def test_a_size_that_cannot_be_is_unreadable(size: str) -> None:
    us = Following()
    resting(us, 1)
    us.venue.match(us.venue.orders[ID], size="20")
    frame = msgspec.json.decode(us.venue.mail[-1])

    (event,) = read_user_frame(
        msgspec.json.encode((frame[0] if isinstance(frame, list) else frame) | {"size": size})
    )

    assert isinstance(event, Unreadable)
