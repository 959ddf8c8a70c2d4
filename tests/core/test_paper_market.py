"""The queue by hand: who stands before us, and what prints of others give us."""

from core.events import Evidence
from core.paper_market import SAME_TRADE_MS
from core.units import Ms, price, shares
from tests.core.accounts import (
    BUY,
    NO,
    SELL,
    T0,
    YES,
    a_change,
    a_print,
    seen_from_no,
)
from tests.core.paper_queue import a_market, an_order, gave, resting

LATER = Ms(T0 + SAME_TRADE_MS + 1)


def test_an_order_joins_behind_what_is_displayed_at_its_price() -> None:
    market, order = a_market(), an_order(at="0.48")

    resting(market, order)

    assert order.queue == shares("100")


def test_an_order_inside_the_spread_is_first() -> None:
    market, order = a_market(), an_order(at="0.49")

    resting(market, order)

    assert order.queue == 0


def test_a_no_bid_joins_the_yes_asks() -> None:
    market, order = a_market(), an_order(NO, BUY, at="0.48")

    resting(market, order)

    assert order.yes_price == price("0.52")
    assert order.queue == shares("100")


def test_prints_at_our_price_eat_the_queue_and_then_fill_us() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)

    assert market.printed(a_print("0.48", "60"), T0) == []
    assert order.queue == shares("40")
    assert gave(market.printed(a_print("0.48", "55"), T0)) == [("k1", shares("15"), Evidence.QUEUE)]
    assert gave(market.printed(a_print("0.48", "55"), T0)) == [("k1", shares("5"), Evidence.QUEUE)]


def test_a_print_of_the_other_token_counts_mirrored() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)

    matches = market.printed(seen_from_no(a_print("0.48", "110")), T0)

    assert gave(matches) == [("k1", shares("10"), Evidence.QUEUE)]


def test_a_print_on_the_other_side_of_the_book_is_not_ours() -> None:
    market, order = a_market(), an_order(at="0.48")
    resting(market, order)

    assert market.printed(a_print("0.52", "500", taker=BUY), T0) == []
    assert market.printed(a_print("0.48", "500", taker=BUY), T0) == []
    assert order.queue == shares("100")


def test_a_print_at_a_better_price_than_ours_does_not_reach_us() -> None:
    market, order = a_market(), an_order(at="0.47")
    resting(market, order)

    assert market.printed(a_print("0.48", "500"), T0) == []
    assert order.queue == shares("50")


def test_a_print_through_our_price_fills_us_whatever_stood_before() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)

    assert gave(market.printed(a_print("0.47", "12"), T0)) == [("k1", shares("12"), Evidence.QUEUE)]


def test_a_sell_is_filled_by_prints_through_it_from_below() -> None:
    market, order = a_market(), an_order(YES, SELL, "0.52", "20")
    resting(market, order)

    assert market.printed(a_print("0.51", "500", taker=BUY), T0) == []
    assert gave(market.printed(a_print("0.53", "7", taker=BUY), T0)) == [("k1", shares("7"), Evidence.QUEUE)]


def test_one_print_fills_all_our_orders_by_its_size_at_most() -> None:
    """Best price first, then first come."""
    market = a_market(bids="0.46x10")
    orders = [
        an_order(at="0.48", size="5", key="late-best"),
        an_order(at="0.47", size="5", key="first"),
        an_order(at="0.47", size="5", key="second"),
    ]
    resting(market, orders[1], orders[0], orders[2])

    matches = market.printed(a_print("0.46", "12"), T0)

    assert gave(matches) == [
        ("late-best", shares("5"), Evidence.QUEUE),
        ("first", shares("5"), Evidence.QUEUE),
        ("second", shares("2"), Evidence.QUEUE),
    ]


def test_two_orders_at_one_price_share_what_is_left_of_a_print() -> None:
    market = a_market(bids="0.48x100")
    first, second = an_order(size="20", key="first"), an_order(size="20", key="second")
    resting(market, first, second)

    matches = market.printed(a_print("0.48", "130"), T0)

    assert gave(matches) == [
        ("first", shares("20"), Evidence.QUEUE),
        ("second", shares("10"), Evidence.QUEUE),
    ]


def test_a_later_order_stands_behind_what_came_before_it() -> None:
    market = a_market(bids="0.48x100")
    first, second = an_order(size="20", key="first"), an_order(size="20", key="second")
    resting(market, first)
    market.changed(a_change("0.48x150"), T0)
    resting(market, second)

    assert (first.queue, second.queue) == (shares("100"), shares("150"))
    assert gave(market.printed(a_print("0.48", "160"), T0)) == [("first", shares("20"), Evidence.QUEUE)]


def test_cancels_before_us_shrink_the_queue_to_what_is_displayed() -> None:
    market, order = a_market(), an_order(at="0.48")
    resting(market, order)

    market.changed(a_change("0.48x30"), T0)
    assert order.queue == shares("30")

    market.changed(a_change("0.48x90"), T0)
    assert order.queue == shares("30"), "what joined later stands behind us"


def test_a_print_and_then_its_change_eat_the_queue_once() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)

    market.printed(a_print("0.48", "60"), T0)
    market.changed(a_change("0.48x40"), T0)

    assert order.queue == shares("40")
    assert gave(market.printed(a_print("0.48", "50"), T0)) == [("k1", shares("10"), Evidence.QUEUE)]


def test_a_change_and_then_its_print_eat_the_queue_once() -> None:
    """The change alone already shows the trade; taking the print off again would let us jump the queue."""
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)

    market.changed(a_change("0.48x40"), T0)
    assert market.printed(a_print("0.48", "60"), T0) == []

    assert order.queue == shares("40")


def test_a_trade_of_many_told_by_the_change_first_reaches_us_with_its_rest_only() -> None:
    market, order = a_market(), an_order(at="0.48", size="100")
    resting(market, order)
    market.changed(a_change("0.48x150"), T0)

    market.changed(a_change("0.48x30"), T0)

    assert gave(market.printed(a_print("0.48", "120"), T0)) == [("k1", shares("20"), Evidence.QUEUE)]


def test_a_change_long_before_a_print_was_not_that_trade() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)
    market.changed(a_change("0.48x40"), T0)

    assert gave(market.printed(a_print("0.48", "60"), LATER)) == [("k1", shares("20"), Evidence.QUEUE)]


def test_a_fall_long_after_a_print_is_a_cancel() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)
    market.printed(a_print("0.48", "60"), T0)

    market.changed(a_change("0.48x10"), LATER)

    assert order.queue == shares("10")
    assert market.printed(a_print("0.48", "30"), LATER) == [], "the change may have been this print's"
    assert order.queue == shares("10")


def test_a_change_explained_by_its_print_does_not_hold_the_next_print_back() -> None:
    market, order = a_market(), an_order(at="0.48", size="20")
    resting(market, order)
    market.changed(a_change("0.48x50"), T0)
    market.printed(a_print("0.48", "20"), LATER)
    market.changed(a_change("0.48x30"), LATER)

    assert gave(market.printed(a_print("0.48", "40"), LATER)) == [("k1", shares("10"), Evidence.QUEUE)]
