"""The engine as a whole: events in, steps out, scene by scene."""

from core.book import Trust
from core.notes import Booked
from core.trading import State
from core.units import Ms, shares
from tests.builders import T0, YES, a_listing
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
