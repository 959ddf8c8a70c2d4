"""The engine as a whole: events in, steps out, scene by scene."""

from dataclasses import replace

import pytest

from core import events as ev
from core.book import Trust
from core.intents import Redeem
from core.notes import Booked, DayStarted, InputRefused, Refusal
from core.risk import Rule
from core.trading import State
from core.units import Ms, price, shares, text, usdc
from tests.builders import MARKET, T0, YES, a_listing
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
    play.engine.day_start = DayStarted(usdc("10000"), play.now)

    step = play.book()

    assert not step.approved
    assert {refused.rule for refused in step.refusals} == {Rule.DAILY_LOSS}
