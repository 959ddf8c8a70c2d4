"""The engine and what it holds: fills, settlement, merges, redemption, restarts, the day."""

from dataclasses import replace

from core import events as ev
from core.notes import Booked, DayStarted, InputRefused, Refusal, Settled
from core.risk import Rule
from core.trading import State
from core.units import Ms, price, shares, usdc
from tests.builders import (
    MARKET,
    T0,
    YES,
    a_listing,
    an_order_id,
)
from tests.core.engine_scenes import (
    a_naked_market,
    a_pair_of_fifty,
    a_quoted_market,
    a_resolved_market,
    actions,
)
from tests.fakes import Play


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


def test_the_days_loss_binds_from_the_first_order_after_a_restart() -> None:
    """Nothing had been valued yet, so nothing had been lost."""
    play = Play(cash="9000")
    play.engine.day.start = DayStarted(usdc("10000"), play.now)

    step = play.book()

    assert not step.approved
    assert {refused.rule for refused in step.refusals} == {Rule.DAILY_LOSS}


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


def test_a_failed_merge_is_planned_again_after_a_rest() -> None:
    play = a_quoted_market()
    a_pair_of_fifty(play)
    merge = next(action for step in play.steps for action in step.wallet_actions)
    play.hear(ev.MergeStepped(merge.action_id, MARKET, shares("50"), ev.WalletStatus.FAILED, play.now))

    play.tick(54_000)
    assert actions(play) == [("Merge", "50")], "what failed now fails again at once"
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


def test_a_new_day_begins_with_its_first_valuation() -> None:
    play = Play()
    play.tick()
    first = play.engine.day.start
    play.hear(ev.Tick(Ms(T0 + 86_400_000)))

    assert first is not None
    assert first.equity == usdc("10000")
    assert [note.at_ms for note in play.notes(DayStarted)] == [first.at_ms, T0 + 86_400_000]


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
