"""The life of one order at the paper venue, on scripts of a few lines."""

import pytest

from core.events import (
    CloseReason,
    Evidence,
    FeeSchedule,
    FillSettled,
    FillStatus,
    OrderClosed,
)
from core.ids import IntentKey, OrderId, Side
from core.intents import Cancel
from core.units import Ms, Prob, Shares, cost_up, price, shares, usdc
from tests.core.accounts import (
    BUY,
    MARKET,
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
from tests.core.paper_play import HELD, Script, a_venue, play


def cancel(key: str = "k1") -> Cancel:
    return Cancel(IntentKey(key), MARKET, "test", T0)


def test_a_quote_is_live_after_the_latency() -> None:
    played = play([(10, a_place())])

    assert played.lines("k1") == [(70, "live")]
    assert played.venue.open_keys() == ("k1",)
    assert played.venue.queue_ahead(IntentKey("k1")) == shares("100")


def test_an_order_under_way_has_no_place_in_the_queue_yet() -> None:
    played = play([(10, a_place())], until=60)

    assert played.venue.open_keys() == ()
    assert played.venue.queue_ahead(IntentKey("k1")) is None


def test_a_quote_joins_the_queue_as_it_is_when_it_arrives() -> None:
    played = play([(10, a_place()), (30, a_change("0.48x500"))])

    assert played.venue.queue_ahead(IntentKey("k1")) == shares("500")


def test_a_change_in_the_same_millisecond_as_an_arrival_comes_after_it() -> None:
    played = play([(10, a_place()), (70, a_change("0.48x500"))])

    assert played.venue.queue_ahead(IntentKey("k1")) == shares("100")


def test_a_resting_fill_pays_no_fee_and_our_own_price() -> None:
    played = play([(0, a_place(at="0.48", size="20")), (100, a_print("0.47", "15"))])

    (fill,) = played.fills()
    assert (fill.shares, fill.amount, fill.fee) == (shares("15"), usdc("7.2"), 0)
    assert (fill.evidence, fill.status) == (Evidence.QUEUE, FillStatus.MATCHED)
    assert (fill.fill_id, fill.heard_ms) == ("id-k1:1", T0 + 100)
    assert played.venue.cash == usdc("992.8")
    assert played.venue.held(MARKET, YES) == shares("15")


def test_a_fill_says_when_the_venue_said_what_caused_it() -> None:
    trade = a_print("0.47", "15")._replace(said_ms=Ms(T0 - 30))

    played = play([(0, a_place()), (100, trade)])

    assert played.fills()[0].said_ms == T0 - 30


def test_a_whole_fill_needs_no_closing_word() -> None:
    played = play([(0, a_place(size="20")), (100, a_print("0.47", "50"))])

    assert played.lines("k1") == [(60, "live"), (100, "fill")]
    assert played.venue.open_keys() == ()


def test_many_small_fills_cost_what_one_would() -> None:
    """Prints of odd sizes must not let us lose a millionth with each."""
    script: Script = [
        (0, a_place(at="0.47", size="20")),
        *((100 + number, a_print("0.47", "3.333333")) for number in range(6)),
    ]

    played = play(script, book=a_book("0.46x1", "0.60x1"))

    assert len(played.fills()) == 6
    assert sum(fill.amount for fill in played.fills()) == cost_up(
        price("0.47"), Shares(sum(fill.shares for fill in played.fills()))
    )


def test_every_fill_is_mined_and_then_confirmed() -> None:
    played = play([(0, a_place()), (100, a_print("0.47", "15"))])

    settled = [event for event in played.said if isinstance(event, FillSettled)]

    assert settled == [
        FillSettled(played.fills()[0].fill_id, FillStatus.MINED, Ms(T0 + 2_100)),
        FillSettled(played.fills()[0].fill_id, FillStatus.CONFIRMED, Ms(T0 + 6_100)),
    ]


def test_a_take_is_delayed_and_sweeps_the_book_as_it_is_then() -> None:
    played = play([(0, a_take(at="0.53", size="120")), (500, a_change(asks="0.52x70 0.53x200"))])

    assert played.lines("t1") == [(60, "delayed"), (1_060, "fill"), (1_060, "fill")]
    assert [(fill.shares, fill.amount) for fill in played.fills()] == [
        (shares("70"), usdc("36.4")),
        (shares("50"), usdc("26.5")),
    ]
    assert {fill.evidence for fill in played.fills()} == {Evidence.SWEPT}


def test_a_taker_pays_the_venues_fee_level_by_level() -> None:
    played = play([(0, a_take(at="0.52", size="100"))])

    (fill,) = played.fills()
    assert fill.fee == usdc("1.248")
    assert played.venue.cash == usdc("1000") - usdc("52") - usdc("1.248")


def test_a_sellers_fee_comes_out_of_what_it_brings() -> None:
    played = play([(0, a_take(YES, SELL, "0.48", "50"))], held=HELD)

    (fill,) = played.fills()
    assert (fill.amount, fill.fee) == (usdc("24"), usdc("0.624"))
    assert played.venue.cash == usdc("1000") + usdc("24") - usdc("0.624")
    assert played.venue.held(MARKET, YES) == shares("50")


def test_a_taker_of_no_pays_the_mirrored_price() -> None:
    played = play([(0, a_take(NO, BUY, "0.52", "40"))])

    (fill,) = played.fills()
    assert fill.amount == usdc("20.8")
    assert played.venue.held(MARKET, NO) == shares("40")


def test_without_a_delay_a_take_is_matched_at_once() -> None:
    played = play([(0, a_take(size="40"))], listing=a_listing(delay=0))

    assert played.lines("t1") == [(60, "matched"), (60, "fill")]


def test_the_rest_of_a_take_is_killed() -> None:
    played = play([(0, a_take(at="0.52", size="150"))])

    assert played.lines("t1") == [(60, "delayed"), (1_060, "fill"), (1_060, "killed")]
    closed = [event for event in played.said if isinstance(event, OrderClosed)]
    assert closed == [OrderClosed(IntentKey("t1"), CloseReason.KILLED, shares("100"), Ms(T0 + 1_060))]


def test_a_take_that_reaches_nothing_is_killed_on_arrival() -> None:
    played = play([(0, a_take(at="0.50"))])

    assert played.lines("t1") == [(60, "live"), (60, "killed")]


def test_a_take_whose_offer_left_during_the_delay_is_killed_empty() -> None:
    played = play([(0, a_take(at="0.52")), (500, a_change(asks="0.52x0 0.60x10"))])

    assert played.lines("t1") == [(60, "delayed"), (1_060, "killed")]
    assert played.venue.cash == usdc("1000")


def test_two_takes_do_not_take_the_same_size() -> None:
    played = play([(0, a_take(size="80", key="t1")), (5, a_take(size="80", key="t2"))])

    assert [fill.shares for fill in played.fills("t1")] == [shares("80")]
    assert [fill.shares for fill in played.fills("t2")] == [shares("20")]


def test_a_delayed_order_cannot_be_cancelled() -> None:
    played = play([(0, a_take(size="40")), (200, cancel("t1"))])

    assert played.lines("t1") == [(60, "delayed"), (240, "order is delayed"), (1_060, "fill")]


def test_a_cancel_closes_after_its_latency() -> None:
    played = play([(0, a_place()), (100, cancel())])

    assert played.lines("k1") == [(60, "live"), (140, "cancelled")]
    assert played.venue.open_keys() == ()
    assert played.venue.free_cash() == usdc("1000")


def test_a_fill_may_come_before_the_cancel_does() -> None:
    played = play([(0, a_place(size="20")), (100, cancel()), (120, a_print("0.47", "5"))])

    assert played.lines("k1") == [(60, "live"), (120, "fill"), (140, "cancelled")]
    closed = next(event for event in played.said if isinstance(event, OrderClosed))
    assert closed.filled == shares("5")


@pytest.mark.parametrize("when", [0, 200])
def test_a_cancel_of_what_the_venue_does_not_have_fails(when: int) -> None:
    """Not arrived yet, or matched already: the venue finds no such order."""
    script: Script = [(0, a_place(size="20")), (150, a_print("0.47", "50")), (when, cancel())]

    failed = [word for _, word in play(script).lines("k1") if "not found" in word]

    assert len(failed) == 1


def test_an_order_is_sent_once() -> None:
    with pytest.raises(ValueError, match="k1"):
        play([(0, a_place()), (10, a_place())])


def test_it_says_when_it_next_has_something_to_say() -> None:
    venue = a_venue()
    assert venue.due_ms() is None

    venue.list_market(a_listing())
    venue.observe(a_book(), T0)
    assert venue.due_ms() is None

    venue.submit(a_place(), OrderId("id"), T0)
    assert venue.due_ms() == T0 + 60
    assert venue.advance(Ms(T0 + 59)) == []
    assert len(venue.advance(Ms(T0 + 60))) == 1
    assert venue.due_ms() is None


def test_what_an_observation_caused_is_due_at_once() -> None:
    played = play([(0, a_place(size="20"))], until=100)
    venue = played.venue

    venue.observe(a_print("0.47", "50"), Ms(T0 + 200))

    assert venue.due_ms() == T0 + 200
    assert [type(event).__name__ for event in venue.advance(Ms(T0 + 200))] == ["FillSeen", "BalanceSeen"]


def test_time_never_runs_back() -> None:
    played = play([(0, a_place(size="20")), (100, a_print("0.48", "1"))], until=1_000)
    venue = played.venue

    venue.observe(a_print("0.47", "5"), Ms(T0 - 5_000))

    (fill, _) = venue.advance(Ms(T0 - 5_000))
    assert fill.heard_ms == T0 + 100


def test_what_was_due_before_an_observation_met_the_book_before_it() -> None:
    """Even a caller that does not ask in between gets the honest order of things."""
    venue = a_venue()
    venue.list_market(a_listing(delay=0))
    venue.observe(a_book(asks="0.52x100"), T0)
    venue.submit(a_take(size="40"), OrderId("id-t1"), T0)

    venue.observe(a_change(asks="0.52x0 0.60x1"), Ms(T0 + 500))

    words = [type(event).__name__ for event in venue.advance(Ms(T0 + 500))]
    assert words == ["OrderAcked", "FillSeen", "BalanceSeen"]


def test_a_restarted_venue_knows_what_the_account_owns() -> None:
    venue = a_venue("12", HELD)

    assert (venue.cash, venue.held(MARKET, YES), venue.free_shares(MARKET, NO)) == (
        usdc("12"),
        shares("100"),
        shares("60"),
    )


@pytest.mark.parametrize("side", list(Side))
def test_a_sweep_never_pays_more_than_its_limit(side: Side) -> None:
    book = a_book("0.48x10 0.47x10 0.46x10", "0.52x10 0.53x10 0.54x10")
    limit = "0.53" if side is BUY else "0.47"

    played = play([(0, a_take(YES, side, limit, "50"))], held=HELD, book=book)

    assert [fill.shares for fill in played.fills()] == [shares("10"), shares("10")]


def test_the_purse_ends_a_sweep_before_it_is_empty() -> None:
    """Fees are rounded level by level: three small levels cost 0.000004 more than the limit had promised."""
    listing = a_listing(tick="0.0001", fees=FeeSchedule(Prob(2_400), 1, Prob(0)))
    book = a_book("", "0.4997x0.01 0.4998x0.01 0.4999x0.01 0.5x4.97")

    played = play([(0, a_take(YES, BUY, "0.5", "5"))], cash="2.503", listing=listing, book=book)

    assert [fill.shares for fill in played.fills()] == [shares("0.01")] * 3
    assert played.lines("t1")[-1] == (1_060, "killed")


def test_a_purse_that_lasts_buys_the_last_level_too() -> None:
    listing = a_listing(tick="0.0001", fees=FeeSchedule(Prob(2_400), 1, Prob(0)))
    book = a_book("", "0.4997x0.01 0.4998x0.01 0.4999x0.01 0.5x4.97")

    played = play([(0, a_take(YES, BUY, "0.5", "5"))], cash="2.503004", listing=listing, book=book)

    assert played.venue.cash == 0
