"""One order and one market's orders: what the venue says, in every order in which it may say it."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import AckStatus, CloseReason, FillSettled, FillStatus, OrderEvent
from core.ids import FillId, IntentKey, Outcome, Side
from core.intents import Place
from core.orders import REMEMBERED, Happening, IllegalTransition, Order, Orders, Status, Stray, in_yes_terms
from core.units import ONE, Ms, Price, price, shares, usdc
from tests.core.accounts import (
    BUY,
    MARKET,
    NO,
    OTHER,
    SELL,
    T0,
    YES,
    a_place,
    acked,
    cancel_failed,
    closed,
    fill,
    rejected,
    sent,
    unanswered,
)


def orders(*places: Place, live: bool = True) -> Orders:
    """Orders of one market, all resting unless said otherwise."""
    book = Orders(MARKET)
    for place in places:
        book.add(place)
        if live:
            book.apply(sent(place.key))
            book.apply(acked(key=place.key))
    return book


def the(book: Orders, key: str = "k1") -> Order:
    order = book.get(IntentKey(key))
    assert order is not None
    return order


def test_an_order_begins_pending_with_everything_remaining() -> None:
    book = orders(a_place(size="30"), live=False)

    order = the(book)

    assert order.status is Status.PENDING
    assert order.remaining == shares("30")
    assert order.order_id is None
    assert order.since_ms == T0
    assert order.is_open


def test_sending_tells_the_order_id() -> None:
    book = orders(a_place(), live=False)

    assert book.apply(sent()) is Happening.SENT

    assert the(book).order_id == "id-k1"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (AckStatus.LIVE, Status.LIVE),
        (AckStatus.DELAYED, Status.DELAYED),
        (AckStatus.MATCHED, Status.MATCHED),
    ],
)
def test_the_answer_says_what_became_of_it(status: AckStatus, expected: Status) -> None:
    book = orders(a_place(), live=False)
    book.apply(sent())

    book.apply(acked(status, at=T0 + 70))

    assert the(book).status is expected
    assert the(book).since_ms == T0 + 70


def test_the_time_of_a_status_is_kept_over_repeats() -> None:
    book = orders(a_place())

    book.apply(acked(at=T0 + 500))

    assert the(book).since_ms == T0


def test_a_rejected_order_is_open_no_more() -> None:
    book = orders(a_place(), live=False)
    book.apply(sent())

    assert book.apply(rejected()) is Happening.REJECTED

    assert book.open() == []
    assert the(book).status is Status.REJECTED


def test_an_unanswered_order_counts_in_full() -> None:
    book = orders(a_place(size="30"), live=False)
    book.apply(sent())

    book.apply(unanswered())

    assert book.any_unknown
    assert book.open_bid_shares(YES) == shares("30")
    assert [order.status for order in book.open()] == [Status.UNKNOWN]


def test_an_unknown_order_found_live_is_known_again() -> None:
    book = orders(a_place(), live=False)
    book.apply(sent())
    book.apply(unanswered())

    book.apply(acked())

    assert not book.any_unknown
    assert the(book).status is Status.LIVE


def test_an_unknown_order_that_never_landed_is_remembered() -> None:
    book = orders(a_place(), live=False)
    book.apply(sent())
    book.apply(unanswered())

    book.apply(closed(CloseReason.NEVER_LANDED))

    assert the(book).status is Status.NEVER_LANDED
    assert book.open() == []


def test_a_fill_of_an_order_that_never_landed_opens_it_again() -> None:
    book = orders(a_place(size="100"), live=False)
    for event in (sent(), unanswered(), closed(CloseReason.NEVER_LANDED)):
        book.apply(event)

    book.apply(fill("40", paid="19.2"))

    assert the(book).status is Status.PARTIAL
    assert [order.place.key for order in book.open()] == ["k1"]
    assert book.open_bid_shares(YES) == shares("60")


def test_fills_add_up() -> None:
    book = orders(a_place(size="100"))

    book.apply(fill("40", paid="19.2", fee="0.1", fill_id="f1"))
    book.apply(fill("60", paid="28.8", fee="0.2", fill_id="f2"))

    order = the(book)
    assert (order.filled, order.amount, order.fee) == (shares("100"), usdc("48"), usdc("0.3"))
    assert order.status is Status.MATCHED
    assert not order.is_open


def test_a_fill_told_twice_counts_once() -> None:
    book = orders(a_place(size="100"))
    book.apply(fill("40", paid="19.2"))

    assert book.apply(fill("40", paid="19.2")) is None

    assert the(book).filled == shares("40")


def test_a_fill_told_first_as_failed_never_counts() -> None:
    book = orders(a_place(size="100"))

    assert book.apply(fill("40", status=FillStatus.FAILED)) is None

    assert the(book).status is Status.LIVE
    assert the(book).filled == 0


def test_a_fill_may_come_before_the_answer() -> None:
    book = orders(a_place(size="100"), live=False)
    book.apply(sent())

    book.apply(fill("40", paid="19.2"))
    assert book.apply(acked()) is Happening.ACKED_LIVE

    assert the(book).status is Status.PARTIAL


def test_a_fill_of_a_closed_order_is_counted() -> None:
    book = orders(a_place(size="100"))
    book.apply(closed(filled="40"))

    assert book.apply(fill("40", paid="19.2")) is Happening.FILLED_PART

    assert the(book).status is Status.CANCELLED
    assert the(book).filled == shares("40")


def test_shares_told_of_at_closing_stay_at_stake_until_their_fills_come() -> None:
    """Between the two the holding has not grown yet: forgetting them would be room for another order."""
    book = orders(a_place(size="100"))

    book.apply(closed(filled="40"))
    assert book.open_bid_shares(YES) == shares("40")
    assert book.open() == []

    book.apply(fill("40", paid="19.2"))
    assert book.open_bid_shares(YES) == 0


def test_a_match_whose_fills_were_not_told_is_still_open() -> None:
    book = orders(a_place(size="100"), live=False)
    book.apply(sent())
    book.apply(acked(AckStatus.MATCHED))

    assert [order.place.key for order in book.open()] == ["k1"]

    book.apply(fill("100", paid="48"))
    assert book.open() == []


def test_the_killed_rest_of_a_match_closes_it() -> None:
    book = orders(a_place(size="100"), live=False)
    for event in (sent(), acked(AckStatus.MATCHED), fill("70", paid="33.6")):
        book.apply(event)

    book.apply(closed(CloseReason.KILLED, "70"))

    assert the(book).status is Status.CANCELLED
    assert the(book).filled == shares("70")
    assert book.open() == []


def test_more_filled_than_ordered_leaves_nothing_remaining() -> None:
    book = orders(a_place(size="100"))

    book.apply(fill("100.5", paid="48.24"))

    assert the(book).remaining == 0
    assert the(book).status is Status.MATCHED


def test_asking_to_cancel_keeps_the_order_open_until_it_is_confirmed() -> None:
    book = orders(a_place())

    assert book.cancel_asked(IntentKey("k1"), Ms(T0 + 5)) is Happening.CANCEL_ASKED

    assert the(book).status is Status.CANCELLING
    assert the(book).cancel_asked_ms == T0 + 5
    assert len(book.open()) == 1

    book.apply(closed())
    assert book.open() == []


def test_asking_to_cancel_what_is_not_there_says_so() -> None:
    assert orders().cancel_asked(IntentKey("k9"), T0) is None


def test_a_failed_cancel_may_be_asked_again() -> None:
    book = orders(a_place())
    book.cancel_asked(IntentKey("k1"), T0)

    book.apply(cancel_failed())

    assert the(book).status is Status.UNKNOWN
    assert the(book).cancel_asked_ms is None


def test_a_cancel_that_comes_after_the_match_is_no_news() -> None:
    book = orders(a_place(size="100"))
    book.cancel_asked(IntentKey("k1"), T0)
    book.apply(fill("100"))

    assert book.apply(cancel_failed()) is Happening.CANCEL_FAILED

    assert the(book).status is Status.MATCHED


def test_a_contradiction_is_an_error_that_names_both_sides() -> None:
    book = orders(a_place())

    with pytest.raises(IllegalTransition, match="rejected cannot follow live"):
        book.apply(rejected())


def test_a_settlement_moves_no_order() -> None:
    book = orders(a_place(size="100"))
    book.apply(fill("40"))

    assert book.apply(FillSettled(FillId("f1"), FillStatus.CONFIRMED, T0)) is None

    assert the(book).status is Status.PARTIAL


@pytest.mark.parametrize(
    "event",
    [
        sent("k9"),
        acked(key="k9"),
        fill(key="k9"),
        closed(key="k9"),
        FillSettled(FillId("f9"), FillStatus.MINED, T0),
    ],
)
def test_what_names_no_order_of_ours_is_handed_back(event: OrderEvent) -> None:
    assert orders(a_place()).apply(event) == Stray(event)


def test_a_key_names_one_order() -> None:
    book = orders(a_place())

    with pytest.raises(ValueError, match="k1"):
        book.add(a_place())


def test_an_order_of_another_market_is_refused() -> None:
    with pytest.raises(ValueError, match=OTHER):
        orders().add(a_place(market=OTHER))


def test_closed_orders_are_remembered_for_late_fills_up_to_a_bound() -> None:
    book = orders()
    for number in range(REMEMBERED + 1):
        key = f"n{number}"
        book.add(a_place(key=key))
        book.apply(sent(key))
        book.apply(acked(key=key))
        book.apply(fill("40", fill_id=f"{key}-a", key=key))
        book.apply(closed(key=key, filled="40"))

    late, kept = fill("1", fill_id="late", key="n0"), fill("1", fill_id="kept", key="n1")

    assert book.apply(late) == Stray(late), "the oldest is forgotten, and that is said"
    assert book.apply(kept) is Happening.FILLED_PART
    repeated = FillSettled(FillId("n0-a"), FillStatus.CONFIRMED, T0)
    assert book.apply(repeated) == Stray(repeated)
    assert len(book._fills) == REMEMBERED + 1, "what is forgotten takes no room"


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
