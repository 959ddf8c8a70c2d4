"""The engine as a whole: events in, steps out, scene by scene."""

from dataclasses import replace

import pytest

from core import events as ev
from core.book import Trust
from core.engine import Step
from core.events import Top
from core.ids import FillId, MarketId, MatchId
from core.intents import OrderKind, Redeem
from core.notes import Booked, DayStarted, Decided, InputRefused, Refusal, Settled
from core.risk import Rule
from core.strategies.view import Gate
from core.trading import State
from core.units import Ms, price, shares, text, usdc
from tests.builders import (
    BUY,
    MARKET,
    NO,
    OTHER,
    T0,
    YES,
    a_book,
    a_change,
    a_fill,
    a_listing,
    a_place,
    a_signal,
    an_order_id,
)
from tests.fakes import Play


def a_quoted_market() -> Play:
    """Both quotes rest: 50 YES at 0.49 and 50 NO at 0.49."""
    play = Play()
    play.take_up(play.book())
    return play


def a_naked_market(play: Play | None = None) -> Play:
    """25 YES bought at 0.49 and confirmed; the rest of that quote is withdrawn."""
    play = play or a_quoted_market()
    play.confirm_cancels(play.fill(play.quote(YES), "25"))
    return play


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


def test_a_naked_leg_has_been_naked_since_before_the_restart() -> None:
    """A process that restarts every four minutes would never resolve a leg."""
    before = a_naked_market()
    entries = [entry for note in before.notes(Booked) for entry in note.entries]
    later = Ms(T0 + 240_000)

    after = Play(entries=entries, markets=[a_listing(heard_ms=later)])

    assert after.desk.pair.held(YES) == shares("25")
    assert after.desk.state is State.BUILDING_PAIR
    assert after.desk.naked_since_ms == T0


def test_a_clock_that_was_ahead_before_the_restart_does_not_owe_time() -> None:
    before = a_naked_market()
    entries = [entry for note in before.notes(Booked) for entry in note.entries]
    earlier = Ms(T0 - 60_000)

    after = Play(entries=entries, markets=[a_listing(heard_ms=earlier)])

    assert after.desk.naked_since_ms == earlier


def test_a_market_forgotten_and_listed_again_goes_on_numbering() -> None:
    """Its order keys would have been used twice."""
    play = a_quoted_market()
    play.confirm_cancels(play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now)))
    assert play.engine.forget(MARKET)

    play.hear(a_listing())
    play.take_up(play.book())

    assert [order.place.key.split("|")[3] for order in play.open()] == ["3", "4"]


def test_the_callers_sequences_are_left_alone() -> None:
    given = {MARKET: 7}
    play = Play(sequences=given)
    play.take_up(play.book())

    assert given == {MARKET: 7}
    assert play.quote(YES).place.key.endswith("|8")


def test_a_fill_told_again_with_a_later_status_is_settled_by_it() -> None:
    """The venue tells the same trade once per status."""
    play = a_quoted_market()
    order = play.quote(YES)
    play.fill(order, "25", status=ev.FillStatus.MATCHED)
    seen = play.events[-1]
    assert isinstance(seen, ev.FillSeen)
    assert play.desk.pair.provisional == 1

    step = play.hear(replace(seen, status=ev.FillStatus.CONFIRMED))

    assert play.desk.pair.provisional == 0
    assert play.desk.pair.held(YES) == shares("25")
    assert not [note for note in step.notes if isinstance(note, InputRefused)]


def test_a_fill_told_again_word_for_word_is_counted_and_changes_nothing() -> None:
    play = a_quoted_market()
    play.fill(play.quote(YES), "25")

    step = play.hear(play.events[-1])

    assert [note.refusal for note in step.notes if isinstance(note, InputRefused)] == [Refusal.REPEATED_FILL]
    assert play.desk.pair.held(YES) == shares("25")
    assert play.engine.ledger.cash == usdc("10000") - usdc("12.25")


def test_a_fill_that_fails_is_taken_back_whole() -> None:
    play = a_quoted_market()
    play.fill(play.quote(YES), "25", status=ev.FillStatus.MATCHED)
    seen = play.events[-1]
    assert isinstance(seen, ev.FillSeen)

    play.hear(ev.FillSettled(seen.fill_id, ev.FillStatus.FAILED, play.now))

    assert play.desk.pair.held(YES) == 0
    assert play.engine.ledger.cash == usdc("10000")
    assert play.desk.state is State.IDLE
    assert play.desk.naked_since_ms is None


def a_resolved_market() -> Play:
    """25 YES held, YES won, the venue has wiped what rested; redemption of 25 is asked for."""
    play = a_naked_market()
    step = play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    play.confirm_cancels(step)
    return play


def actions(play: Play) -> list[tuple[str, str]]:
    return [
        (type(action).__name__, text(action.yes if isinstance(action, Redeem) else action.shares, 6))
        for step in play.steps
        for action in step.wallet_actions
    ]


def test_a_resolved_market_is_redeemed_once_nothing_is_open() -> None:
    play = a_naked_market()

    step = play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    assert step.cancels, "what rests is withdrawn"
    assert actions(play) == []
    play.confirm_cancels(step)

    assert actions(play) == [("Redeem", "25")]
    assert play.desk.state is State.RESOLVED


def test_shares_that_arrive_after_the_redemption_are_redeemed_too() -> None:
    play = a_resolved_market()
    late = play.fills
    key = play.approved()[0].key
    play.fill(play.order(key), "10")
    assert play.fills == late + 1
    redeem = next(action for step in play.steps for action in step.wallet_actions)

    play.hear(ev.Redeemed(redeem.action_id, MARKET, shares("25"), shares("0"), usdc("25"), play.now))

    assert actions(play) == [("Redeem", "25"), ("Redeem", "10")]


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


def test_the_days_loss_binds_from_the_first_order_after_a_restart() -> None:
    """Nothing had been valued yet, so nothing had been lost."""
    play = Play(cash="9000")
    play.engine.day.start = DayStarted(usdc("10000"), play.now)

    step = play.book()

    assert not step.approved
    assert {refused.rule for refused in step.refusals} == {Rule.DAILY_LOSS}


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


def a_pair_of_fifty(play: Play) -> Step:
    """Both quotes fill whole and are confirmed. Returns the last fill's step."""
    play.fill(play.quote(YES), "50")
    return play.fill(play.quote(NO), "50")


def test_fifty_confirmed_pairs_become_cash_by_a_merge() -> None:
    play = a_quoted_market()
    a_pair_of_fifty(play)
    assert actions(play) == [("Merge", "50")]
    merge = next(action for step in play.steps for action in step.wallet_actions)
    assert play.desk.pair.sellable(YES) == 0, "reserved from planning"

    for status in (ev.WalletStatus.SUBMITTED, ev.WalletStatus.CONFIRMED, ev.WalletStatus.CONFIRMED):
        play.hear(ev.MergeStepped(merge.action_id, MARKET, shares("50"), status, play.now))

    assert play.desk.state is State.IDLE
    assert play.engine.ledger.cash == usdc("10001"), "two legs at 0.49 make 0.98 a pair"
    assert actions(play) == [("Merge", "50")]


def test_a_merge_is_planned_in_a_halt_too() -> None:
    play = a_quoted_market()
    play.hear(ev.Halted(None, "manual_halt", play.now))

    a_pair_of_fifty(play)

    assert actions(play) == [("Merge", "50")]


def test_an_unknown_merge_is_not_planned_again() -> None:
    play = a_quoted_market()
    a_pair_of_fifty(play)
    merge = next(action for step in play.steps for action in step.wallet_actions)
    play.hear(ev.MergeStepped(merge.action_id, MARKET, shares("50"), ev.WalletStatus.UNKNOWN, play.now))

    for _ in range(20):
        play.tick(10_000)

    assert actions(play) == [("Merge", "50")]


def test_a_failed_merge_may_be_planned_again() -> None:
    play = a_quoted_market()
    a_pair_of_fifty(play)
    merge = next(action for step in play.steps for action in step.wallet_actions)
    play.hear(ev.MergeStepped(merge.action_id, MARKET, shares("50"), ev.WalletStatus.FAILED, play.now))

    play.tick(6_000)

    assert actions(play) == [("Merge", "50"), ("Merge", "50")]


def test_a_fill_told_after_its_orders_cancel_is_a_leg_with_a_clock() -> None:
    play = a_quoted_market()
    key = play.quote(YES).place.key
    play.confirm_cancels(play.hear(ev.Halted(None, "manual_halt", play.now)))
    play.wait(5_000)

    play.fill(play.order(key), "25")

    assert play.desk.state is State.BUILDING_PAIR
    assert play.desk.naked_since_ms == play.now


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


def test_a_new_day_begins_with_its_first_valuation() -> None:
    play = Play()
    play.tick()
    first = play.engine.day.start
    play.hear(ev.Tick(Ms(T0 + 86_400_000)))

    assert first is not None
    assert first.equity == usdc("10000")
    assert [note.at_ms for note in play.notes(DayStarted)] == [first.at_ms, T0 + 86_400_000]


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


def test_every_step_of_a_fills_settlement_is_told() -> None:
    """A step without notes reaches nobody, so the record would have kept every fill as just matched."""
    play = a_quoted_market()
    play.fill(play.quote(YES), "25", status=ev.FillStatus.MATCHED)
    seen = play.events[-1]
    assert isinstance(seen, ev.FillSeen)

    play.hear(ev.FillSettled(seen.fill_id, ev.FillStatus.MINED, play.now))
    play.hear(replace(seen, status=ev.FillStatus.CONFIRMED))
    play.hear(ev.FillSettled(seen.fill_id, ev.FillStatus.CONFIRMED, play.now))

    settled = [(note.fill_id, note.status) for note in play.notes(Settled)]
    assert settled == [(seen.fill_id, ev.FillStatus.MINED), (seen.fill_id, ev.FillStatus.CONFIRMED)]


def test_a_fill_first_heard_of_as_failed_closes_its_order_and_brings_nothing() -> None:
    """The order is matched all the same: waiting for shares that never come it blocked its market for ever."""
    play = a_quoted_market()
    order = play.quote(YES)
    play.hear(ev.OrderAcked(order.place.key, an_order_id(order.place.key), ev.AckStatus.MATCHED, play.now))

    play.fill(order, "50", status=ev.FillStatus.FAILED)

    assert order.place.key not in [open_order.place.key for open_order in play.open()]
    assert play.desk.pair.held(YES) == 0
    assert play.engine.ledger.cash == usdc("10000")


def test_a_market_is_not_forgotten_while_a_fill_is_still_to_come() -> None:
    play = a_quoted_market()
    key = play.quote(YES).place.key
    play.confirm_cancels(play.hear(ev.Halted(None, "quiet", play.now)))
    play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    play.desk.orders.apply(ev.OrderClosed(key, ev.CloseReason.CANCELLED, shares("10"), play.now))

    assert not play.engine.forget(MARKET)
    play.fill(play.order(key), "10")
    assert actions(play) == [("Redeem", "10")]


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
