"""What one order's followers hear: cases that need no venue at large."""

from collections.abc import Sequence

import pytest

from core.answers import (
    AckStatus,
    CancelFailed,
    CloseReason,
    FillSeen,
    FillSettled,
    FillStatus,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    OrderUnknown,
    RejectCode,
)
from core.events import Event
from core.lifecycle import Status
from core.units import Shares, price, shares, usdc
from tests.builders import NO, YES, a_place, a_take
from tests.trading.polymarket.following import Following
from tests.trading.polymarket.venue_model import an_id
from trading.gateways.polymarket.orders.moves import MOVES, Move, Stage
from trading.gateways.polymarket.orders.translate import OrderFact, Standing

ID = an_id(1)


def kinds(heard: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in heard]


def test_the_table_has_a_move_for_every_pair() -> None:
    assert set(MOVES) == set(Stage)
    assert all(set(row) == set(Standing) for row in MOVES.values())


def test_nothing_opens_what_the_venue_closed() -> None:
    assert set(MOVES[Stage.CLOSED].values()) == {Move.NOTHING}


def test_the_channel_may_be_faster_than_the_answer() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    held = us.venue.land(place, ID)
    us.venue.end(held)
    us.deliver_all()

    own.accepted(Standing.LIVE, us.now)
    us.listen()

    assert kinds(us.heard) == ["OrderAcked", "OrderClosed"]
    assert us.order(place).status is Status.CANCELLED


def test_a_cancelled_order_waits_for_the_fills_it_had() -> None:
    us, place = Following(), a_place(size="50")
    own = us.send(place, ID)
    held = us.venue.land(place, ID)
    us.deliver_all()
    us.venue.match(held, size="20")
    us.venue.end(held)
    us.venue.mail = us.venue.mail[-1:]  # only the end is heard
    us.deliver_all()

    assert us.order(place).status is Status.CANCELLED
    assert us.order(place).at_stake == shares("20")
    us.pass_time(1_000)
    assert us.order(place).at_stake == 0
    assert us.pair.held(YES) == shares("20")
    assert own.over_ms is not None


def test_an_answered_cancel_is_believed_with_the_size_that_traded_before() -> None:
    us, place = Following(), a_place(size="50")
    own = us.send(place, ID)
    own.accepted(Standing.LIVE, us.now)
    held = us.venue.land(place, ID)
    us.venue.match(held, size="20")
    us.venue.mail.clear()

    own.want_gone(us.now, asked_by_core=True)
    us.carry_out()
    assert us.order(place).is_open, "the answer to a cancel does not say what had traded"
    us.venue.mail.clear()
    us.pass_time(1_500)

    closed = next(event for event in us.heard if isinstance(event, OrderClosed))
    assert closed.filled == shares("20")
    assert us.pair.held(YES) == shares("20")


@pytest.mark.parametrize(("outcome", "side_price"), [(YES, "0.48"), (NO, "0.48")])
def test_a_maker_pays_no_fee_and_its_own_price_also_when_the_trade_mints(
    outcome: object, side_price: str
) -> None:
    us, place = Following(), a_place(side_price, "50", outcome=YES if outcome is YES else NO)
    us.send(place, ID).accepted(Standing.LIVE, us.now)
    held = us.venue.land(place, ID)

    us.venue.match(held, size="50")
    us.deliver_all()

    fill = next(event for event in us.heard if isinstance(event, FillSeen))
    assert (fill.shares, fill.amount, fill.fee) == (shares("50"), usdc("24"), 0)


def test_a_taker_pays_the_fee_of_the_price_it_got() -> None:
    us, place = Following(), a_take("0.52", "50")
    us.send(place, ID).accepted(Standing.DELAYED, us.now)
    held = us.venue.land(place, ID, "DELAYED")

    us.venue.match(held, size="50", took=True, price=price("0.50"))
    us.deliver_all()

    fill = next(event for event in us.heard if isinstance(event, FillSeen))
    assert (fill.amount, fill.fee) == (usdc("25"), usdc("0.625"))
    assert us.order(place).status is Status.MATCHED


def test_the_rest_of_a_marketable_order_is_cancelled_by_us() -> None:
    us, place = Following(), a_take("0.52", "50")
    us.send(place, ID).accepted(Standing.DELAYED, us.now)
    held = us.venue.land(place, ID, "DELAYED")
    us.venue.match(held, size="20", took=True)
    us.venue.wake(held)
    us.deliver_all()

    us.carry_out()
    us.deliver_all()

    closed = us.heard[-1]
    assert isinstance(closed, OrderClosed)
    assert (closed.reason, closed.filled) == (CloseReason.KILLED, shares("20"))


def test_a_delayed_order_of_which_nothing_is_heard_is_asked_for() -> None:
    us, place = Following(), a_take("0.52", "50")
    us.send(place, ID).accepted(Standing.DELAYED, us.now)
    held = us.venue.land(place, ID, "DELAYED")
    us.venue.throw_out(held)
    us.venue.mail.clear()

    us.pass_time(1_000 + 1_500)

    assert us.order(place).status is Status.REJECTED


def test_each_status_of_a_trade_is_told_once() -> None:
    us, place = Following(), a_place()
    us.send(place, ID).accepted(Standing.LIVE, us.now)
    trade = us.venue.match(us.venue.land(place, ID), size="50")
    for status in (FillStatus.MINED, FillStatus.MATCHED, FillStatus.MINED, FillStatus.CONFIRMED):
        us.venue.settle(trade, status)
    us.venue.mail += us.venue.mail

    us.deliver_all()

    told = [event.status for event in us.heard if isinstance(event, (FillSeen, FillSettled))]
    assert told == [FillStatus.MATCHED, FillStatus.MINED, FillStatus.CONFIRMED]


def test_a_trade_first_heard_of_as_failed_counts_as_traded_and_not_as_held() -> None:
    us, place = Following(), a_place(size="50")
    us.send(place, ID).accepted(Standing.LIVE, us.now)
    trade = us.venue.match(us.venue.land(place, ID), size="50")
    us.venue.mail.clear()
    us.venue.settle(trade, FillStatus.FAILED)

    us.deliver_all()

    assert us.order(place).at_stake == 0
    assert us.pair.held(YES) == 0


def test_a_cancel_while_the_post_is_under_way_leaves_with_its_answer() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    own.want_gone(us.now, asked_by_core=True)
    us.carry_out()
    assert us.venue.cancels == []

    us.venue.land(place, ID)
    us.venue.mail.clear()
    own.accepted(Standing.LIVE, us.now)
    us.carry_out()

    assert us.venue.cancels == [[ID]]


def test_an_unanswered_cancel_is_told_asked_about_and_repeated() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    own.accepted(Standing.LIVE, us.now)
    us.listen()
    us.venue.land(place, ID)
    us.venue.silent = True
    us.order(place).cancel_asked(us.now)
    own.want_gone(us.now, asked_by_core=True)
    us.carry_out()
    assert isinstance(us.heard[-1], CancelFailed)
    assert us.order(place).status is Status.UNKNOWN

    us.venue.silent = False
    us.pass_time(2_000)

    assert us.order(place).status is Status.CANCELLED


def test_a_cancel_the_venue_refuses_for_a_resting_order_makes_it_known_again_and_is_repeated() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    own.accepted(Standing.LIVE, us.now)
    us.listen()
    us.venue.land(place, ID)
    us.venue.cancels_refused[ID] = "try later"
    us.order(place).cancel_asked(us.now)
    own.want_gone(us.now, asked_by_core=True)
    us.pass_time(300)
    assert kinds(us.heard[-2:]) == ["CancelFailed", "OrderAcked"]
    assert us.order(place).status is Status.LIVE

    us.venue.cancels_refused.clear()
    us.pass_time(3_000)

    assert us.order(place).status is Status.CANCELLED


def test_a_match_the_venue_rounded_below_the_whole_ends_when_the_cancel_finds_nothing() -> None:
    us, place = Following(), a_place(size="50")
    us.send(place, ID).accepted(Standing.LIVE, us.now)
    held = us.venue.land(place, ID)
    us.venue.match(held, size="49.99")
    held.state = "MATCHED"
    us.deliver_all()

    us.pass_time(20_000)

    assert us.order(place).status is Status.CANCELLED
    assert us.order(place).at_stake == 0
    assert us.venue.cancels


def test_duplicated_means_that_it_had_landed() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    us.venue.land(place, ID)
    us.venue.mail.clear()

    own.duplicated("order 0x1 is invalid. Duplicated.", us.now)
    us.carry_out()

    assert kinds(us.heard) == ["OrderUnknown", "OrderAcked"]
    assert us.order(place).status is Status.LIVE


def test_accepted_without_a_word_on_where_it_stands_is_asked() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    us.venue.land(place, ID)
    us.venue.mail.clear()

    own.accepted(None, us.now)
    us.pass_time(500)

    assert [type(event) for event in us.heard] == [OrderUnknown, OrderAcked]


def test_a_refusal_of_what_the_channel_has_shown_changes_nothing() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    us.venue.land(place, ID)
    us.deliver_all()

    own.refused(RejectCode.OTHER, "no", us.now)
    us.pass_time(1_000)

    assert us.order(place).status is Status.LIVE
    assert not any(isinstance(event, OrderRejected) for event in us.heard)


def test_an_order_that_shows_up_after_it_counted_as_never_landed_is_open_again_and_withdrawn() -> None:
    us, place = Following(), a_place()
    us.send(place, ID).unanswered("timeout", us.now, us.now)
    us.why_not = "too late"
    us.pass_time(14_000)
    assert us.order(place).status is Status.NEVER_LANDED

    us.venue.land(place, ID)
    us.deliver_all()
    assert us.exposed(place) == place.shares
    us.pass_time(1_000)

    assert us.order(place).status is Status.CANCELLED


def test_an_order_the_venue_knows_no_more_is_closed_and_withdrawn_should_it_show_up() -> None:
    us, place = Following(), a_place(size="50")
    us.send(place, ID).accepted(Standing.LIVE, us.now)
    held = us.venue.land(place, ID)
    us.deliver_all()
    del us.venue.orders[ID]
    us.pass_time(60_000)
    assert us.order(place).status is Status.CANCELLED

    us.venue.orders[ID] = held
    back: list[Shares] = []
    while held.state != "CANCELED":
        us.pass_time(500)
        back.append(us.order(place).at_stake)

    assert max(back) == shares("50"), "while it rests it counts"
    us.pass_time(20_000)
    assert us.order(place).at_stake == 0


def test_a_trade_is_looked_for_before_an_order_counts_as_never_landed() -> None:
    us, place = Following(), a_place(size="50")
    us.send(place, ID).unanswered("timeout", us.now, us.now)
    us.why_not = "too late"
    held = us.venue.land(place, ID)
    us.venue.match(held, size="50")
    us.venue.mail.clear()
    del us.venue.orders[ID]  # the venue shows the trade and denies the order

    us.pass_time(14_000)

    assert us.order(place).status is Status.MATCHED
    assert us.pair.held(YES) == shares("50")


def test_a_size_stated_after_the_end_makes_the_core_wait_for_it() -> None:
    us, place = Following(), a_place(size="50")
    own = us.send(place, ID)
    own.heard(OrderFact(ID, Standing.CANCELLED, Shares(0)), us.now)

    own.heard(OrderFact(ID, Standing.LIVE, shares("20")), us.now)
    us.listen()

    assert us.order(place).at_stake == shares("20")


def test_the_answer_to_a_cancel_of_what_is_over_is_its_end_again() -> None:
    us, place = Following(), a_place()
    own = us.send(place, ID)
    own.heard(OrderFact(ID, Standing.CANCELLED, Shares(0)), us.now)
    us.listen()

    own.tell_again(us.now)
    us.listen()

    assert kinds(us.heard[-2:]) == ["OrderClosed", "OrderClosed"]


def test_acks_name_the_status_the_venue_gave() -> None:
    us, place = Following(), a_take()
    own = us.send(place, ID)

    own.accepted(Standing.DELAYED, us.now)
    own.heard(OrderFact(ID, Standing.LIVE, Shares(0)), us.now)
    own.heard(OrderFact(ID, Standing.DELAYED, Shares(0)), us.now)
    us.listen()

    assert [event.status for event in us.heard if isinstance(event, OrderAcked)] == [
        AckStatus.DELAYED,
        AckStatus.LIVE,
    ]


def test_identical_bytes_are_not_made_of_an_order_that_is_not_in_doubt() -> None:
    us = Following()
    own = us.send(a_place(), ID)

    with pytest.raises(AssertionError):
        own.resending()
