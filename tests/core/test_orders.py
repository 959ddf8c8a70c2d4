"""One order: what the venue says of it, in every order in which it may be said."""

import pytest

from core.events import AckStatus, CloseReason, FillSettled, FillStatus, OrderEvent
from core.ids import FillId, IntentKey, OrderId
from core.kept import KeptOrder
from core.orders import REMEMBERED, Happening, IllegalTransition, Status, Stray
from core.units import Ms, shares, usdc
from tests.core.accounts import (
    OTHER,
    T0,
    YES,
    a_place,
    acked,
    cancel_failed,
    closed,
    fill,
    orders,
    rejected,
    sent,
    the,
    unanswered,
)


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


def test_a_fill_told_first_as_failed_has_used_up_its_part_of_the_order() -> None:
    """The venue matched it and counts it: what is left to fill is less, and nobody waits for more."""
    book = orders(a_place(size="100"))

    assert book.apply(fill("40", status=FillStatus.FAILED)) is Happening.FILLED_PART

    assert the(book).status is Status.PARTIAL
    assert the(book).remaining == shares("60")


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


def test_what_we_can_never_have_done_is_an_error_that_names_both_sides() -> None:
    book = orders(a_place(), live=False)
    book.apply(rejected())

    with pytest.raises(IllegalTransition, match="sent cannot follow rejected"):
        book.apply(sent())


def test_the_refusal_of_a_copy_leaves_the_order_on_the_book() -> None:
    book = orders(a_place())

    book.apply(rejected())

    assert the(book).status is Status.LIVE
    assert len(book.open()) == 1


def test_an_order_that_traded_whole_has_no_rest_to_cancel() -> None:
    book = orders(a_place(size="100"))
    book.apply(fill("100"))

    book.apply(closed(CloseReason.KILLED, filled="100"))

    assert the(book).status is Status.MATCHED


def test_an_order_found_again_after_a_fill_is_partly_filled() -> None:
    book = orders(a_place(size="100"))
    book.apply(closed(CloseReason.NEVER_LANDED))
    assert the(book).status is Status.NEVER_LANDED

    book.apply(fill("40"))
    book.apply(acked())

    assert the(book).status is Status.PARTIAL
    assert the(book).at_stake == shares("60")


def test_a_kept_order_goes_on_where_it_was_left() -> None:
    """Its fills told again are no news, and what the venue says of it finds it."""
    kept = KeptOrder(
        place=a_place(size="100"),
        order_id=OrderId("id-k1"),
        status=Status.UNKNOWN,
        fills=(FillId("f1"),),
        filled=shares("40"),
        amount=usdc("19.2"),
        fee=usdc("0"),
        since_ms=T0,
        orphaned_ms=None,
    )
    book = orders()
    book.restore(kept)
    assert (the(book).status, the(book).at_stake, book.any_unknown) == (Status.UNKNOWN, shares("60"), True)

    assert book.apply(fill("40", fill_id="f1")) is None
    assert book.apply(fill("10", fill_id="f2")) is Happening.FILLED_PART
    book.apply(closed(filled="50"))

    assert (the(book).status, the(book).filled) == (Status.CANCELLED, shares("50"))
    assert book.at_stake() == []


def test_a_kept_order_that_had_ended_is_remembered_for_late_fills() -> None:
    ended = KeptOrder(
        place=a_place(size="100"),
        order_id=OrderId("id-k1"),
        status=Status.CANCELLED,
        fills=(),
        filled=shares("0"),
        amount=usdc("0"),
        fee=usdc("0"),
        since_ms=T0,
        orphaned_ms=None,
    )
    book = orders()
    book.restore(ended)

    assert (book.open(), book.at_stake()) == ([], [])
    assert book.apply(fill("10")) is Happening.FILLED_PART


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
