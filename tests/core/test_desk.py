"""What a desk notices: the match, the price, the naked leg, and what it tells only once."""

from typing import Any

import pytest

from core.desk import Desk
from core.events import FillStatus, MarketKind, MatchSignal, SignalKind
from core.ids import FillId
from core.risk import Approved, Refused, Rule
from core.units import shares, usdc
from tests.builders import DEEP_ASKS, NO, SELL, T0, YES, a_book, a_desk, a_place, a_signal, at

MAP_1: dict[str, Any] = {"kind": MarketKind.MAP, "map_number": 1}
MAP_2: dict[str, Any] = {"kind": MarketKind.MAP, "map_number": 2}


def pulled_ms(desk: Desk, now: int = T0) -> int:
    """How long quotes still stay away."""
    return max(0, desk.mood(at(now - T0)).pulled_until_ms - now)


def price_moves(desk: Desk, bids: str, asks: str = DEEP_ASKS, *, now: int) -> None:
    for snapshot in a_book(bids, asks, now=now):
        desk.book.apply(snapshot)
    desk.book.judge_frame(at(now - T0))
    desk.hear_price(at(now - T0))


def test_a_score_keeps_quotes_away_for_thirty_seconds() -> None:
    desk = a_desk()

    desk.hear_match(a_signal(SignalKind.SCORE))

    assert pulled_ms(desk) == 30_000
    assert desk.mood(T0).pulled_why == "score"


def test_a_lead_step_keeps_quotes_away_again() -> None:
    desk = a_desk()
    desk.hear_match(a_signal(SignalKind.SCORE))

    desk.hear_match(a_signal(SignalKind.LEAD, lead=2_500, now=at(20_000)))

    assert pulled_ms(desk, at(20_000)) == 30_000


def test_a_pause_keeps_nothing_away() -> None:
    desk = a_desk()

    desk.hear_match(a_signal(SignalKind.PAUSED))

    assert pulled_ms(desk) == 0


def test_another_maps_score_does_not_stir_a_map_market() -> None:
    desk = a_desk(**MAP_2)

    desk.hear_match(a_signal(SignalKind.SCORE, map_number=1))

    assert pulled_ms(desk) == 0


def test_the_end_of_a_map_stirs_the_market_of_the_next() -> None:
    desk = a_desk(**MAP_2)

    desk.hear_match(a_signal(SignalKind.MAP_ENDED, map_number=1, maps=(1, 0), winner=0))

    assert pulled_ms(desk) == 30_000


def test_the_last_possible_map_is_deciding() -> None:
    desk = a_desk(best_of=3)

    desk.hear_match(a_signal(map_number=2, maps=(1, 0)))
    assert not desk.deciding()
    desk.hear_match(a_signal(map_number=3, maps=(1, 1)))
    assert desk.deciding()


@pytest.mark.parametrize(
    ("listed", "signal", "over"),
    [
        ({}, a_signal(SignalKind.SCORE, map_number=1), False),
        ({}, a_signal(SignalKind.MAP_ENDED, map_number=1, maps=(1, 0)), False),
        ({}, a_signal(SignalKind.MAP_ENDED, map_number=2, maps=(2, 0)), True),
        ({}, a_signal(SignalKind.ENDED, map_number=2, maps=(2, 0)), True),
        ({}, a_signal(SignalKind.ABANDONED), True),
        (MAP_1, a_signal(SignalKind.SCORE, map_number=1), False),
        (MAP_1, a_signal(SignalKind.MAP_ENDED, map_number=1, maps=(0, 0)), True),
        (MAP_1, a_signal(SignalKind.LEAD, map_number=1, maps=(1, 0)), True),
        (MAP_1, a_signal(SignalKind.SCORE, map_number=2, maps=(1, 0)), True),
        (MAP_2, a_signal(SignalKind.MAP_ENDED, map_number=1, maps=(1, 0)), False),
        (MAP_2, a_signal(SignalKind.SCORE, map_number=2, maps=(1, 0)), False),
        (MAP_2, a_signal(SignalKind.ENDED, map_number=2, maps=(2, 0)), True),
    ],
)
def test_a_market_is_over_when_its_own_object_is_decided(
    listed: dict[str, Any], signal: MatchSignal, over: bool
) -> None:
    desk = a_desk(**listed)

    desk.hear_match(signal)

    assert desk.mood(T0).over is over


def test_before_anybody_spoke_the_start_time_says_whether_it_is_played() -> None:
    assert a_desk().in_play(T0) is None
    assert a_desk(starts_ms=at(1)).in_play(T0) is False
    assert a_desk(starts_ms=T0).in_play(T0) is True


def test_a_leg_above_dust_starts_the_naked_clock_and_dust_does_not() -> None:
    assert a_desk(yes="5", paid_yes="2").naked_since_ms == T0
    assert a_desk(yes="4.99", paid_yes="2").naked_since_ms is None


def test_open_bids_cost_what_they_may_still_cost() -> None:
    desk = a_desk()
    desk.orders.add(a_place("0.48", "50"))

    assert desk.open_bids_cost() == usdc("24")
    assert desk.at_risk() == usdc("24")


def test_a_sale_at_a_loss_hides_no_risk_until_it_is_confirmed() -> None:
    """Half of the 50 USDC seemed lost for good while the sale could still fail and the shares still lose all."""
    desk = a_desk(yes="100", paid_yes="50")
    sale = FillId("sale")

    desk.pair.filled(sale, YES, SELL, shares("100"), usdc("25"), usdc("0"), FillStatus.MATCHED, T0)
    assert desk.at_risk() == usdc("50")
    desk.pair.settled(sale, FillStatus.CONFIRMED, T0)

    assert desk.at_risk() == usdc("0")


def test_a_jump_of_two_ticks_keeps_quotes_away() -> None:
    desk = a_desk()
    price_moves(desk, "0.48x1000", "0.52x1000", now=T0)

    price_moves(desk, "0.49x1000", "0.54x1000", now=at(100))
    assert pulled_ms(desk, at(100)) == 0, "a tick and a half"
    price_moves(desk, "0.50x1000", "0.54x1000", now=at(200))

    assert pulled_ms(desk, at(200)) == 30_000
    assert desk.mood(at(200)).pulled_why == "price jump"


def test_a_jump_after_a_long_silence_is_a_jump() -> None:
    """The mid had stood for a minute: the first change after it was taken for a new beginning."""
    desk = a_desk()
    price_moves(desk, "0.48x1000", "0.52x1000", now=T0)

    price_moves(desk, "0.58x1000", "0.62x1000", now=at(60_000))

    assert pulled_ms(desk, at(60_000)) == 30_000


def test_a_jump_across_the_edge_of_a_window_is_a_jump() -> None:
    desk = a_desk()
    price_moves(desk, "0.48x1000", "0.52x1000", now=T0)
    price_moves(desk, "0.49x1000", "0.53x1000", now=at(4_900))

    price_moves(desk, "0.50x1000", "0.54x1000", now=at(5_100))

    assert pulled_ms(desk, at(5_100)) == 30_000


def test_a_slow_drift_is_no_jump() -> None:
    desk = a_desk()
    for step in range(6):
        price_moves(desk, f"0.{48 + step}x1000", f"0.{52 + step}x1000", now=at(step * 6_000))

    assert pulled_ms(desk, at(30_000)) == 0


def test_one_jump_pulls_once() -> None:
    desk = a_desk()
    price_moves(desk, "0.48x1000", "0.52x1000", now=T0)
    price_moves(desk, "0.50x1000", "0.54x1000", now=at(100))

    price_moves(desk, "0.50x1000", "0.55x1000", now=at(4_000))

    assert pulled_ms(desk, at(4_000)) == 26_100


def test_a_state_message_that_repeats_the_last_word_is_no_event() -> None:
    """The match feed says every two seconds where a match stands. Quotes would never have come back."""
    desk = a_desk()
    desk.hear_match(a_signal(SignalKind.SCORE))

    for second in range(2, 30, 2):
        desk.hear_match(a_signal(SignalKind.LEAD, now=at(second * 1_000)))

    assert pulled_ms(desk, at(30_000)) == 0


def test_an_end_of_map_told_all_through_the_break_is_one_event() -> None:
    desk = a_desk()
    desk.hear_match(a_signal(SignalKind.MAP_ENDED, maps=(1, 0), winner=0))

    desk.hear_match(a_signal(SignalKind.MAP_ENDED, maps=(1, 0), winner=0, now=at(2_000)))

    assert pulled_ms(desk, at(2_000)) == 28_000


def test_a_second_source_with_its_own_figures_repeats_only_itself() -> None:
    """It counts gold otherwise: taking turns with the first it is no stream of leads."""
    desk = a_desk()
    for second in range(0, 30, 2):
        desk.hear_match(a_signal(SignalKind.LEAD, lead=500, now=at(second * 1_000)))
        desk.hear_match(a_signal(SignalKind.LEAD, lead=480, source="steam", now=at(second * 1_000)))

    assert pulled_ms(desk, at(30_000)) == 0


def test_a_refusal_is_news_once_a_minute_and_again_after_its_wish_was_granted() -> None:
    desk = a_desk()

    def refused_at(after_ms: int) -> bool:
        wish = a_place(outcome=NO)
        return desk.refused_anew(Refused(wish, Rule.BALANCE, "too dear", 2, 1, at(after_ms)))

    assert refused_at(0)
    assert not refused_at(59_999)
    assert refused_at(60_000)
    assert not refused_at(60_001)

    desk.granted(Approved(a_place(outcome=YES), T0))
    assert not refused_at(60_002), "that was the other outcome's"
    desk.granted(Approved(a_place(outcome=NO), T0))
    assert refused_at(60_003)
