"""All orders of one market: what they may still bring, and which of them could trade with each other."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import AckStatus, CloseReason, OrderEvent
from core.ids import IntentKey, Outcome, Side
from core.intents import Place
from core.orders import Happening, IllegalTransition, Order, Status, in_yes_terms
from core.units import ONE, Price, price, shares
from tests.core.accounts import (
    BUY,
    NO,
    SELL,
    T0,
    YES,
    a_place,
    acked,
    cancel_failed,
    closed,
    fill,
    orders,
    sent,
    the,
    unanswered,
)


def test_open_orders_come_in_the_order_they_were_added() -> None:
    book = orders(a_place(key="b"), a_place(key="a"), a_place(key="c"))

    book.apply(closed(key="a"))

    assert [order.place.key for order in book.open()] == ["b", "c"]


def test_open_bid_shares_are_of_buys_of_that_outcome_only() -> None:
    book = orders(
        a_place(YES, BUY, "0.48", "30", key="a"),
        a_place(YES, BUY, "0.47", "20", key="b"),
        a_place(YES, SELL, "0.60", "10", key="c"),
        a_place(NO, BUY, "0.40", "7", key="d"),
    )
    book.apply(fill("5", key="a"))

    assert book.open_bid_shares(YES) == shares("45")
    assert book.open_bid_shares(NO) == shares("7")


def test_the_best_own_bid_is_the_highest_open_buy() -> None:
    book = orders(
        a_place(YES, BUY, "0.46", key="a"),
        a_place(YES, BUY, "0.48", key="b"),
        a_place(YES, SELL, "0.60", key="c"),
    )
    assert book.best_own_bid(YES) == price("0.48")
    assert book.best_own_bid(NO) is None

    book.apply(closed(key="b"))
    assert book.best_own_bid(YES) == price("0.46")


def test_own_size_at_a_price_is_seen_from_both_tokens() -> None:
    book = orders(a_place(YES, BUY, "0.48", "30", key="a"), a_place(NO, SELL, "0.52", "12", key="b"))

    assert book.size_at(YES, price("0.48")) == shares("42")
    assert book.size_at(NO, price("0.52")) == shares("42")
    assert book.size_at(YES, price("0.52")) == 0

    book.apply(fill("10", key="a"))
    assert book.size_at(YES, price("0.48")) == shares("32")


@pytest.mark.parametrize(
    ("resting", "coming", "meets"),
    [
        # the same token: a buy at or above a sell
        ((YES, SELL, "0.50"), (YES, BUY, "0.50"), True),
        ((YES, SELL, "0.50"), (YES, BUY, "0.49"), False),
        ((NO, BUY, "0.50"), (NO, SELL, "0.50"), True),
        ((NO, BUY, "0.50"), (NO, SELL, "0.51"), False),
        # two buys that together pay a dollar mint a pair
        ((YES, BUY, "0.48"), (NO, BUY, "0.52"), True),
        ((YES, BUY, "0.48"), (NO, BUY, "0.51"), False),
        # two sells that together ask a dollar at most merge one
        ((YES, SELL, "0.48"), (NO, SELL, "0.52"), True),
        ((YES, SELL, "0.48"), (NO, SELL, "0.53"), False),
        # a buy of one token and a sell of the other stand on the same side
        ((YES, BUY, "0.90"), (NO, SELL, "0.01"), False),
        ((YES, BUY, "0.48"), (YES, BUY, "0.99"), False),
    ],
)
def test_an_order_that_could_trade_with_our_own_is_found(
    resting: tuple[Outcome, Side, str], coming: tuple[Outcome, Side, str], *, meets: bool
) -> None:
    book = orders(a_place(*resting))

    found = book.would_match_own(a_place(*coming, key="new"))

    assert (found is not None) is meets
    assert found is None or found.place.key == "k1"


@pytest.mark.parametrize(
    "story",
    [
        [],
        [sent()],
        [sent(), acked(AckStatus.DELAYED)],
        [sent(), unanswered()],
        [sent(), acked(), fill("10")],
    ],
)
def test_every_open_status_can_meet_a_new_order(story: list[OrderEvent]) -> None:
    book = orders(a_place(YES, BUY, "0.48"), live=False)
    for event in story:
        book.apply(event)

    assert book.would_match_own(a_place(NO, BUY, "0.55", key="new")) is the(book)


def test_an_order_whose_cancel_is_under_way_can_still_meet_a_new_one() -> None:
    book = orders(a_place(YES, BUY, "0.48"))
    book.cancel_asked(IntentKey("k1"), T0)
    assert book.would_match_own(a_place(NO, BUY, "0.55", key="new")) is not None

    book.apply(closed())
    assert book.would_match_own(a_place(NO, BUY, "0.55", key="new")) is None


prices = st.integers(1, 99).map(lambda cents: Price(cents * 100))


@given(
    st.sampled_from(Outcome),
    st.sampled_from(Side),
    prices,
    st.sampled_from(Outcome),
    st.sampled_from(Side),
    prices,
)
def test_meeting_is_mutual_and_told_by_money(
    outcome: Outcome, side: Side, at: Price, outcome2: Outcome, side2: Side, at2: Price
) -> None:
    """Two orders can trade exactly when the buyers' money covers what the sellers, or a minted pair, ask."""
    one = Order.pending(a_place(outcome, side, key="a"))
    other = Order.pending(a_place(outcome2, side2, key="b"))
    first = _priced(one.place, at)
    second = _priced(other.place, at2)

    paid = sum(p.price for p in (first, second) if p.side is BUY)
    asked = sum(p.price for p in (first, second) if p.side is SELL)
    same, sides = outcome is outcome2, {side, side2}
    trade = same and sides == {BUY, SELL} and paid >= asked
    mint = not same and sides == {BUY} and paid >= ONE
    merge = not same and sides == {SELL} and asked <= ONE

    found = orders(first).would_match_own(second) is not None
    back = orders(second).would_match_own(first) is not None
    assert found == back == (trade or mint or merge)


def _priced(place: Place, at: Price) -> Place:
    return Place(
        place.key,
        place.market_id,
        place.strategy,
        place.outcome,
        place.side,
        at,
        place.shares,
        place.kind,
        place.purpose,
        place.decided_ms,
    )


@pytest.mark.parametrize(
    ("outcome", "side", "expected"),
    [(YES, BUY, True), (YES, SELL, False), (NO, BUY, False), (NO, SELL, True)],
)
def test_every_order_has_one_place_in_the_mirrored_book(
    outcome: Outcome, side: Side, *, expected: bool
) -> None:
    is_bid, at = in_yes_terms(a_place(outcome, side, "0.30"))

    assert is_bid is expected
    assert at == price("0.30" if outcome is YES else "0.70")


VENUE: list[OrderEvent] = [
    sent(),
    acked(),
    acked(AckStatus.DELAYED),
    acked(AckStatus.MATCHED),
    unanswered(),
    cancel_failed(),
    closed(filled="50"),
    closed(CloseReason.NEVER_LANDED),
    fill("20", fill_id="f1"),
    fill("30", fill_id="f2"),
    fill("50", fill_id="f3"),
]


@given(st.lists(st.sampled_from(range(len(VENUE))), max_size=25))
def test_whatever_the_venue_says_what_is_filled_and_at_stake_stays_true(talk: list[int]) -> None:
    """No order of words loses a fill, counts one twice, or hides shares that may still come."""
    book = orders(a_place(size="100"), live=False)
    heard: dict[str, int] = {}
    for index in talk:
        event = VENUE[index]
        try:
            book.apply(event)
        except IllegalTransition:
            continue
        if index >= 8:
            heard[str(index)] = getattr(event, "shares", 0)

    order = the(book)
    assert order.filled == sum(heard.values())
    assert order.remaining == max(0, shares("100") - order.filled)
    assert book.open_bid_shares(YES) == order.at_stake
    assert order.is_open == (order in book.open())
    assert book.any_unknown == (order.status is Status.UNKNOWN)


def test_every_event_of_the_venue_finds_its_happening() -> None:
    """An answer the table has no word for would be a hole in it."""
    for status, reason in product(AckStatus, CloseReason):
        book = orders(a_place(), live=False)
        book.apply(sent())
        book.apply(unanswered())
        assert isinstance(book.apply(closed(reason)), Happening)
        other = orders(a_place(), live=False)
        other.apply(sent())
        assert isinstance(other.apply(acked(status)), Happening)
