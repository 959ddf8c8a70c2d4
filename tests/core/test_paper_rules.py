"""What the paper venue refuses, locks, wipes and closes, one rule after another."""

from dataclasses import replace

import pytest

from core.events import (
    Evidence,
    FeedBack,
    FeedLost,
    OrderAcked,
    OrderRejected,
    RejectCode,
    TickSizeChanged,
)
from core.intents import Place
from core.units import Ms, price, shares, usdc
from tests.core.accounts import (
    BUY,
    MARKET,
    NO,
    OTHER,
    SELL,
    T0,
    YES,
    a_book,
    a_change,
    a_listing,
    a_place,
    a_take,
)
from tests.core.paper_play import HELD, Script, a_venue, play, resolved


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (a_place(at="0.52"), RejectCode.POST_ONLY_WOULD_CROSS),
        (a_place(NO, BUY, at="0.52"), RejectCode.POST_ONLY_WOULD_CROSS),
        (a_place(YES, SELL, at="0.48"), RejectCode.POST_ONLY_WOULD_CROSS),
        (a_place(at="0.485"), RejectCode.OFF_TICK),
        (a_place(at="0.0001"), RejectCode.OFF_TICK),
        (a_place(at="1"), RejectCode.OFF_TICK),
        (a_place(size="4.99"), RejectCode.BELOW_MINIMUM),
        (a_place(size="10.001"), RejectCode.BELOW_MINIMUM),
        (a_take(NO, BUY, "0.19", "5"), RejectCode.BELOW_MINIMUM),
        (a_place(at="0.40", size="2500.01"), RejectCode.NOT_ENOUGH_BALANCE),
        (a_place(YES, SELL, "0.60", "100.01"), RejectCode.NOT_ENOUGH_BALANCE),
        (a_place(NO, SELL, "0.60", "60.01"), RejectCode.NOT_ENOUGH_BALANCE),
        (a_take(YES, SELL, "0.48", "100.01"), RejectCode.NOT_ENOUGH_BALANCE),
        (a_place(market=OTHER), RejectCode.UNTRADABLE),
    ],
)
def test_what_the_venue_would_refuse_is_refused(place: Place, code: RejectCode) -> None:
    played = play([(0, place)], held=HELD)

    (answer,) = [event for event in played.said if isinstance(event, OrderRejected)]
    assert (answer.code, answer.heard_ms) == (code, T0 + 60)
    assert answer.detail
    assert played.venue.open_keys() == ()
    assert played.venue.free_cash() == usdc("1000")


@pytest.mark.parametrize(
    "place",
    [
        a_place(at="0.51"),
        a_place(size="5"),
        a_place(at="0.40", size="2500"),
        a_place(YES, SELL, "0.60", "100"),
        a_take(YES, BUY, "0.52", "5"),
    ],
)
def test_what_lies_just_within_the_rules_is_taken(place: Place) -> None:
    played = play([(0, place)], held=HELD)

    assert any(isinstance(event, OrderAcked) for event in played.said)


def test_a_take_needs_cash_for_its_fee_too() -> None:
    played = play([(0, a_take(at="0.52", size="100"))], cash="53.24")
    assert played.lines("t1") == [(60, "not_enough_balance")]

    played = play([(0, a_take(at="0.52", size="100"))], cash="53.25")
    assert len(played.fills()) == 1


def test_open_buys_lock_their_cash() -> None:
    played = play(
        [(0, a_place(at="0.40", size="1000", key="a")), (5, a_place(at="0.40", size="1501", key="b"))]
    )

    assert played.lines("b") == [(65, "not_enough_balance")]
    assert played.venue.free_cash() == usdc("600")
    assert played.venue.cash == usdc("1000")


def test_open_sells_lock_their_shares() -> None:
    script: Script = [
        (0, a_place(YES, SELL, "0.60", "70", key="a")),
        (5, a_place(YES, SELL, "0.60", "31", key="b")),
    ]

    played = play(script, held=HELD)

    assert played.lines("b") == [(65, "not_enough_balance")]
    assert played.venue.free_shares(MARKET, YES) == shares("30")


def test_shares_just_bought_cannot_be_sold_before_they_are_confirmed() -> None:
    early, late = a_place(YES, SELL, "0.60", "40", key="early"), a_place(YES, SELL, "0.60", "40", key="late")

    played = play([(0, a_take(size="40")), (3_000, early), (8_000, late)])

    assert played.lines("early") == [(3_060, "not_enough_balance")]
    assert played.lines("late") == [(8_060, "live")]


def test_a_take_is_checked_again_when_its_delay_is_over() -> None:
    script: Script = [
        (10, a_take(at="0.52", size="100")),
        (500, TickSizeChanged(MARKET, price("0.1"), T0, T0)),
    ]

    played = play(script)

    assert played.lines("t1") == [(70, "delayed"), (1_070, "off_tick")]


def test_a_delayed_take_keeps_its_cash_locked() -> None:
    script: Script = [(0, a_take(at="0.52", size="100")), (10, a_place(at="0.48", size="20", key="q"))]

    played = play(script, cash="55")

    assert played.lines("q") == [(70, "not_enough_balance")]
    assert len(played.fills("t1")) == 1


def test_an_order_that_could_trade_with_our_own_is_refused() -> None:
    script: Script = [(0, a_place(YES, BUY, "0.50", key="yes")), (5, a_place(NO, BUY, "0.50", key="no"))]

    played = play(script)

    assert played.lines("yes") == [(60, "live")]
    assert played.lines("no") == [(65, "other")]


def test_a_take_never_meets_our_own_quote() -> None:
    script: Script = [
        (0, a_place(YES, SELL, "0.51", "50", key="ask")),
        (100, a_take(YES, BUY, "0.53", "50")),
    ]

    played = play(script, held=HELD)

    assert played.lines("t1") == [(160, "other")]
    assert played.fills() == []


def test_where_the_fee_is_unknown_nothing_is_taken() -> None:
    played = play([(0, a_place())], listing=a_listing(fees=None))

    assert played.lines("k1") == [(60, "untradable")]


def test_a_tick_that_refines_opens_finer_prices() -> None:
    played = play([(0, TickSizeChanged(MARKET, price("0.001"), T0, T0)), (5, a_place(at="0.485"))])

    assert played.lines("k1") == [(65, "live")]


def test_while_the_feed_is_lost_nothing_is_taken_and_nothing_fills() -> None:
    script: Script = [
        (0, a_place(size="20")),
        (100, FeedLost((MARKET,), "closed", T0)),
        (110, a_place(at="0.47", key="blind")),
        (300, a_change(asks="0.45x100")),
    ]

    played = play(script)

    assert played.lines("blind") == [(170, "untradable")]
    assert played.fills() == []
    assert played.venue.open_keys() == ("k1",)


def test_after_the_feed_is_back_the_new_book_decides() -> None:
    script: Script = [
        (0, a_place(size="20")),
        (100, FeedLost((MARKET,), "closed", T0)),
        (200, FeedBack((MARKET,), T0)),
        (300, a_book("0.40x100", "0.45x12")),
        (310, a_place(at="0.41", key="seeing")),
    ]

    played = play(script)

    assert [(fill.shares, fill.evidence) for fill in played.fills()] == [(shares("12"), Evidence.CROSSED)]
    assert played.lines("seeing") == [(370, "live")]


def test_a_feed_of_other_markets_is_not_ours() -> None:
    played = play([(0, FeedLost((OTHER,), "closed", T0)), (5, a_place())])

    assert played.lines("k1") == [(65, "live")]


def test_game_start_wipes_what_rests() -> None:
    played = play([(0, a_place())], listing=a_listing(starts=T0 + 5_000, wiped=True))

    assert played.lines("k1") == [(60, "live"), (5_000, "cancelled")]


def test_a_delayed_take_outlives_the_wipe() -> None:
    played = play([(0, a_take(size="40"))], listing=a_listing(starts=T0 + 500, wiped=True))

    assert played.lines("t1") == [(60, "delayed"), (1_060, "fill")]


@pytest.mark.parametrize("wiped", [True, False])
def test_a_game_start_that_moved_wipes_at_its_new_time_only(*, wiped: bool) -> None:
    listing = a_listing(starts=T0 + 5_000, wiped=True)
    later = replace(listing, starts_ms=Ms(T0 + 9_000), wiped_at_start=wiped, heard_ms=Ms(T0 + 100))

    played = play([(0, a_place()), (100, later)], listing=listing)

    assert played.lines("k1") == [(60, "live")] + ([(9_000, "cancelled")] if wiped else [])


def test_a_market_listed_again_plans_its_start_once() -> None:
    listing = a_listing(starts=T0 + 5_000, wiped=True)
    venue = a_venue()

    for _ in range(3):
        venue.list_market(listing)

    assert venue.advance(Ms(T0 + 4_999)) == []
    assert len(venue._due) == 1


def test_a_market_that_is_not_wiped_keeps_its_orders() -> None:
    played = play([(0, a_place())], listing=a_listing(starts=T0 + 5_000))

    assert played.venue.open_keys() == ("k1",)


def test_resolution_closes_every_order_and_takes_no_more() -> None:
    script: Script = [
        (0, a_place(key="rests")),
        (1, a_take(key="waits")),
        (500, a_place(key="flies")),
        (510, resolved()),
        (600, a_place(key="late")),
    ]

    played = play(script)

    assert played.lines("rests")[-1] == (510, "cancelled")
    assert played.lines("waits")[-1] == (510, "cancelled")
    assert played.lines("flies") == [(560, "untradable")]
    assert played.lines("late") == [(660, "untradable")]
    assert played.venue.free_cash() == usdc("1000")
