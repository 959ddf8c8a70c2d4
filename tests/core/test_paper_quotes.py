"""Displayed quotes by hand: what crosses us, what a sweep meets, and what is ours only once."""

from core.events import Evidence, Origin, RejectCode
from core.ids import OrderId
from core.intents import OrderKind
from core.paper_market import PaperMarket, PaperOrder
from core.units import Price, Shares, price, shares
from tests.core.accounts import (
    BUY,
    NO,
    SELL,
    T0,
    YES,
    a_book,
    a_change,
    a_listing,
    a_place,
    a_print,
    a_take,
)
from tests.core.paper_queue import a_market, an_order, gave, resting


def test_a_quote_that_crosses_us_fills_us_at_most_by_its_size() -> None:
    market, order = a_market(bids="0.47x50"), an_order(at="0.48", size="20")
    resting(market, order)

    matches = market.changed(a_change(asks="0.48x12"), T0)

    assert gave(matches) == [("k1", shares("12"), Evidence.CROSSED)]
    assert matches[0].yes_price == price("0.48")


def test_a_quote_through_us_trades_at_our_price() -> None:
    market, order = a_market(bids="0.44x50"), an_order(at="0.48", size="20")
    resting(market, order)

    matches = market.changed(a_change(asks="0.45x12"), T0)

    assert matches[0].yes_price == price("0.48")


def test_a_displayed_size_crosses_us_once() -> None:
    market, order = a_market(bids="0.47x50"), an_order(at="0.48", size="100")
    resting(market, order)

    market.changed(a_change(asks="0.48x12"), T0)

    assert market.changed(a_change(bids="0.47x40"), T0) == [], "nothing new on that level"
    assert gave(market.changed(a_change(asks="0.48x15"), T0)) == [("k1", shares("3"), Evidence.CROSSED)]


def test_crossing_size_is_shared_by_our_orders_best_price_first() -> None:
    market = a_market(bids="0.45x50")
    resting(market, an_order(at="0.47", size="20", key="low"), an_order(at="0.48", size="20", key="high"))

    matches = market.changed(a_change(asks="0.46x25"), T0)

    assert gave(matches) == [("high", shares("20"), Evidence.CROSSED), ("low", shares("5"), Evidence.CROSSED)]


def test_a_bid_that_crosses_our_sell_fills_it() -> None:
    market, order = a_market(asks="0.55x50"), an_order(YES, SELL, "0.52", "20")
    resting(market, order)

    assert gave(market.changed(a_change(bids="0.52x5 0.53x6"), T0)) == [
        ("k1", shares("11"), Evidence.CROSSED)
    ]


def test_a_torn_book_fills_nobody() -> None:
    """An ask at or below the displayed bid would have traded: one of the two is late."""
    market, order = a_market(bids="0.48x100"), an_order(at="0.48", size="20")
    resting(market, order)

    assert market.changed(a_change(asks="0.48x12"), T0) == []
    assert gave(market.changed(a_change(bids="0.48x0"), T0)) == [("k1", shares("12"), Evidence.CROSSED)]


def test_a_book_is_looked_at_after_a_whole_frame() -> None:
    market, order = a_market(bids="0.47x50"), an_order(at="0.48", size="20")
    resting(market, order)

    assert market.changed(a_change(asks="0.48x12", ends_frame=False), T0) == []
    assert market.changed(a_change(asks="0.48x0"), T0) == []
    assert order.filled == 0


def test_a_marketable_order_meets_the_levels_within_its_limit_best_first() -> None:
    market = a_market(asks="0.53x50 0.52x100 0.55x70")
    order = PaperOrder(a_take(YES, BUY, "0.54", "200"), OrderId("t"))

    assert list(market.offers(order)) == [(price("0.52"), shares("100")), (price("0.53"), shares("50"))]


def test_a_no_buyer_meets_the_yes_bids() -> None:
    market = a_market(bids="0.48x100 0.47x50 0.40x9")
    order = PaperOrder(a_take(NO, BUY, "0.53", "200"), OrderId("t"))

    assert list(market.offers(order)) == [(price("0.48"), shares("100")), (price("0.47"), shares("50"))]


def test_a_torn_level_is_offered_to_nobody() -> None:
    market = a_market(bids="0.53x10", asks="0.52x100 0.54x20")
    order = PaperOrder(a_take(YES, BUY, "0.55", "200"), OrderId("t"))

    assert list(market.offers(order)) == [(price("0.54"), shares("20"))]


def test_taken_size_stays_taken_until_a_trade_renews_the_level() -> None:
    market = a_market(asks="0.52x100")
    order = PaperOrder(a_take(YES, BUY, "0.52", "60"), OrderId("t"))
    market.take(order, price("0.52"), shares("60"))

    def offered() -> list[tuple[Price, Shares]]:
        return list(market.offers(order))

    assert offered() == [(price("0.52"), shares("40"))]

    market.changed(a_change(asks="0.52x0"), T0)
    market.changed(a_change(asks="0.52x100"), T0)
    assert offered() == [(price("0.52"), shares("40"))], "the same quote, taken away and put back"

    market.printed(a_print("0.52", "30", taker=BUY), T0)
    assert offered() == [(price("0.52"), shares("40"))], "a print alone shows no new size"

    market.changed(a_change(asks="0.52x70"), T0)
    assert offered() == [(price("0.52"), shares("70"))]


def test_a_trade_before_our_take_does_not_renew_the_level_after_it() -> None:
    market = a_market(asks="0.52x100")
    order = PaperOrder(a_take(YES, BUY, "0.52", "90"), OrderId("t"))
    market.take(order, price("0.52"), shares("60"))
    market.printed(a_print("0.52", "30", taker=BUY), T0)
    market.take(order, price("0.52"), shares("20"))

    market.changed(a_change(asks="0.52x90"), T0)

    assert list(market.offers(order)) == [(price("0.52"), shares("10"))]


def test_a_trade_elsewhere_renews_nothing() -> None:
    market = a_market(asks="0.52x100 0.53x50")
    order = PaperOrder(a_take(YES, BUY, "0.52", "60"), OrderId("t"))
    market.take(order, price("0.52"), shares("60"))

    market.printed(a_print("0.53", "30", taker=BUY), T0)
    market.printed(a_print("0.52", "30", taker=SELL), T0)
    market.changed(a_change(asks="0.52x90"), T0)

    assert list(market.offers(order)) == [(price("0.52"), shares("30"))]


def test_what_a_sweep_took_does_not_cross_a_resting_order_as_well() -> None:
    market = a_market(bids="0.47x50", asks="0.52x100")
    market.take(PaperOrder(a_take(YES, BUY, "0.52", "100"), OrderId("t")), price("0.52"), shares("100"))
    order = an_order(at="0.49", size="20")
    resting(market, order)
    assert market.changed(a_change(asks="0.52x0 0.49x5"), T0) != []

    assert market.changed(a_change(asks="0.49x0 0.52x100"), T0) == []
    assert order.filled == shares("5")


def test_an_order_that_left_is_filled_no_more() -> None:
    market, order = a_market(bids="0.47x50"), an_order(at="0.48", size="20")
    resting(market, order)

    market.leave(order)

    assert market.printed(a_print("0.40", "500"), T0) == []
    assert market.changed(a_change(asks="0.48x12"), T0) == []


def test_nothing_is_believed_before_the_first_snapshot() -> None:
    market = PaperMarket(a_listing())

    market.changed(a_change(asks="0.48x12"), T0)

    assert market.blind
    refusal = market.refusal(an_order())
    assert refusal is not None
    assert refusal.code is RejectCode.UNTRADABLE


def test_an_answer_of_the_venue_is_believed_but_opens_no_eyes() -> None:
    market = PaperMarket(a_listing())

    market.changed(a_book(origin=Origin.REST), T0)
    seen = [market.blind]
    market.changed(a_book("0.48x100"), T0)
    market.changed(a_book("0.48x70", origin=Origin.REST, at=T0 + 1), T0)
    seen.append(market.blind)

    assert seen == [True, False]
    assert market.book.size_at(True, price("0.48")) == shares("70")


def test_the_quote_and_the_take_are_told_apart_by_kind() -> None:
    market = a_market()
    quote = PaperOrder(a_place(YES, BUY, "0.52", "20"), OrderId("q"))
    take = PaperOrder(a_place(YES, BUY, "0.52", "20", kind=OrderKind.TAKE), OrderId("t"))

    refusal = market.refusal(quote)

    assert refusal is not None
    assert refusal.code is RejectCode.POST_ONLY_WOULD_CROSS
    assert market.refusal(take) is None
