"""The engine as a whole, events in and steps out: markets, feeds, matches, halts."""

import pytest

from core import events as ev
from core.book import Trust
from core.events import Top
from core.ids import FillId, MarketId, MatchId
from core.intents import OrderKind
from core.notes import Decided, InputRefused, Refusal
from core.risk import Rule
from core.strategies.view import Gate
from core.trading import State
from core.units import price, shares
from tests.builders import (
    BUY,
    MARKET,
    NO,
    OTHER,
    YES,
    a_book,
    a_change,
    a_fill,
    a_listing,
    a_place,
    a_signal,
)
from tests.core.engine_scenes import a_naked_market, a_quoted_market
from tests.fakes import Play


def test_a_trusted_book_brings_two_quotes() -> None:
    assert a_quoted_market().shown() == {"yes": "50 at 0.49", "no": "50 at 0.49"}


def test_nothing_is_done_before_the_book_is_trusted() -> None:
    play = Play()

    assert not play.tick().approved
    assert play.desk.book.trust is Trust.SYNCING


def test_a_market_listed_again_with_a_larger_minimum_has_dust_where_it_had_a_leg() -> None:
    play = a_naked_market()

    play.hear(a_listing(min_size="30"))

    assert play.desk.naked_since_ms is None
    assert play.desk.state is State.IDLE


def test_a_market_listed_again_without_a_fee_loses_its_quotes_at_once() -> None:
    play = a_quoted_market()

    step = play.hear(a_listing(fees=None))

    assert len(step.cancels) == 2


def test_the_callers_sequences_are_left_alone() -> None:
    given = {MARKET: 7}
    play = Play(sequences=given)
    play.take_up(play.book())

    assert given == {MARKET: 7}
    assert play.quote(YES).place.key.endswith("|8")


def test_leaving_a_halt_recomputes_the_state_from_the_ledger() -> None:
    play = a_naked_market()
    play.hear(ev.Halted(MARKET, "looks wrong", play.now))
    play.desk.state = State.TEMPORAL_ACTIVE

    play.hear(ev.Resumed(MARKET, "looked at", play.now))

    assert play.desk.state is State.BUILDING_PAIR


@pytest.mark.parametrize("state", [State.FINALIZING, State.RESOLVED])
def test_what_the_world_decided_stays_decided_after_a_halt(state: State) -> None:
    play = a_quoted_market()
    play.hear(ev.Halted(None, "manual_halt", play.now))
    play.desk.state = state

    play.hear(ev.Resumed(None, "reset", play.now))

    assert play.desk.state is state


def test_a_lost_feed_withdraws_quotes_and_a_naked_leg_waits_with_its_clock_running() -> None:
    play = a_naked_market()
    since = play.desk.naked_since_ms

    play.confirm_cancels(play.hear(ev.FeedLost((MARKET,), "socket closed", play.now)))
    play.tick(400_000)

    assert play.open() == []
    assert play.desk.naked_since_ms == since
    assert play.desk.last_decision is not None
    assert play.desk.last_decision.gate is Gate.BOOK


def test_a_naked_leg_overdue_when_the_feed_comes_back_is_resolved_at_the_first_trusted_book() -> None:
    play = a_naked_market()
    play.confirm_cancels(play.hear(ev.FeedLost((MARKET,), "socket closed", play.now)))
    play.tick(400_000)

    assert not play.hear(ev.FeedBack((MARKET,), play.now)).approved
    step = play.book()

    (take,) = [approved.intent for approved in step.approved]
    assert (take.kind, take.outcome, take.shares) == (OrderKind.TAKE, NO, shares("25"))


def test_a_torn_book_withdraws_quotes_and_a_short_tear_does_not() -> None:
    play = a_quoted_market()

    play.wait(100)
    tear = a_change(yes_top=Top(price("0.50"), price("0.52")), now=play.now)
    assert not play.hear(tear).cancels
    assert play.desk.last_decision is not None
    play.wait(1_500)
    step = play.hear(a_change(bids="0.3x1", now=play.now))

    assert play.desk.book.trust is Trust.TORN
    assert len(step.cancels) == 2


def test_nothing_is_placed_on_a_broken_mirror() -> None:
    play = Play()
    first, last = a_book(now=play.now)
    play.hear(first)
    step = play.hear(last._replace(top=Top(price("0.47"), price("0.52"))))

    assert not step.approved


def test_a_score_pulls_the_quotes_of_both_markets_of_the_match() -> None:
    on_map = a_listing(OTHER, kind=ev.MarketKind.MAP, map_number=1)
    play = Play(markets=[a_listing(), on_map])
    for market in (MARKET, OTHER):
        play.take_up(play.book(market=market))

    step = play.hear(a_signal(now=play.now))

    assert {cancel.market_id for cancel in step.cancels} == {MARKET, OTHER}
    play.confirm_cancels(step)
    play.tick(29_000)
    assert play.open() == play.open(OTHER) == []
    play.take_up(play.book())
    play.take_up(play.tick(1_000))
    assert len(play.open()) == 2


def test_another_matchs_score_pulls_nothing() -> None:
    play = a_quoted_market()

    assert not play.hear(a_signal(match=MatchId("simulator:8"))).cancels


def test_quotes_come_back_after_a_halt() -> None:
    play = a_quoted_market()
    play.confirm_cancels(play.hear(ev.Halted(None, "manual_halt", play.now)))
    assert play.open() == []
    play.tick()
    assert play.open() == []

    play.take_up(play.hear(ev.Resumed(None, "reset", play.now)))

    assert play.shown() == {"yes": "50 at 0.49", "no": "50 at 0.49"}


def test_a_market_halt_outlasts_the_end_of_the_global_one() -> None:
    play = a_quoted_market()
    play.hear(ev.Halted(MARKET, "looks wrong", play.now))
    play.confirm_cancels(play.hear(ev.Halted(None, "manual_halt", play.now)))
    for order in play.open():
        play.hear(play.closed(order.place.key))

    step = play.hear(ev.Resumed(None, "reset", play.now))

    assert not step.approved


def test_input_for_nobody_is_counted_and_nothing_else() -> None:
    play = a_quoted_market()
    strangers: list[ev.Event] = [
        ev.TradePrinted(OTHER, YES, BUY, price("0.5"), shares("1"), play.now, play.now),
        ev.OrderClosed(a_place(market=OTHER).key, ev.CloseReason.CANCELLED, shares("0"), play.now),
        ev.OrderClosed(a_place(number=77).key, ev.CloseReason.CANCELLED, shares("0"), play.now),
        a_fill("1", "0.5", number=77),
        ev.FillSettled(FillId("nobody's"), ev.FillStatus.MINED, play.now),
    ]

    told = [note for event in strangers for note in play.hear(event).notes]
    refused = [note.refusal for note in told if isinstance(note, InputRefused)]

    assert refused == [
        Refusal.UNKNOWN_MARKET,
        Refusal.UNKNOWN_ORDER,
        Refusal.UNKNOWN_ORDER,
        Refusal.LATE_FILL_FORGOTTEN,
        Refusal.UNKNOWN_ORDER,
    ]


def test_a_repeated_decision_is_not_told_again() -> None:
    play = a_quoted_market()
    before = len(play.notes(Decided))

    for _ in range(5):
        play.tick()

    assert len(play.notes(Decided)) == before


def test_five_orders_a_second_and_not_one_more() -> None:
    others = [a_listing(MarketId(f"0x{number}"), match=None) for number in range(4)]
    play = Play(markets=others)

    approved = sum(len(play.book(market=listing.market_id).approved) for listing in others)

    assert approved == 5
    assert {refused.rule for refused in play.refused()} == {Rule.ORDER_RATE}
    assert len(play.tick(1_000).approved) == 3


def test_a_market_halted_before_it_is_listed_is_halted_when_it_is() -> None:
    """After a restart the halts are read first. Orders left in the second until they were read again."""
    play = Play(markets=[])
    play.hear(ev.Halted(MARKET, "looks wrong", play.now))

    play.hear(a_listing())
    assert not play.book().approved
    assert play.desk.halted == "looks wrong"

    assert play.hear(ev.Resumed(MARKET, "looked at", play.now)).approved


def test_a_halt_ended_before_its_market_is_listed_halts_nothing() -> None:
    play = Play(markets=[])
    play.hear(ev.Halted(MARKET, "looks wrong", play.now))
    play.hear(ev.Resumed(MARKET, "looked at", play.now))

    play.hear(a_listing())

    assert play.book().approved
