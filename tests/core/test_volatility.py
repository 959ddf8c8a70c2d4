"""How far the mid moved within five minutes, and how far our clock seems off the venue's."""

from random import Random

import pytest

from core.skew import Skew
from core.units import Ms
from core.volatility import SPAN_MS, WINDOW_MS, MidRange


def heard(*moves: tuple[int, int]) -> MidRange:
    """(after ms, twice the mid)."""
    range_ = MidRange()
    for at, mid2 in moves:
        range_.hear(mid2, Ms(at))
    return range_


def test_nothing_heard_is_nothing_known() -> None:
    assert MidRange().width(Ms(0)) is None


def test_one_mid_is_no_move() -> None:
    assert heard((0, 10_000)).width(Ms(1_000)) == 0


def test_the_range_is_from_the_lowest_to_the_highest_mid_rounded_up() -> None:
    assert heard((0, 10_000), (1, 10_500), (2, 9_901), (3, 10_000)).width(Ms(4)) == 300


def test_a_mid_is_in_effect_until_the_next_one_comes() -> None:
    long_ago = heard((0, 10_000), (10 * WINDOW_MS, 11_000))

    assert long_ago.width(Ms(10 * WINDOW_MS)) == 500


def test_what_left_the_window_does_not_count() -> None:
    range_ = heard((0, 12_000), (1, 10_000))

    assert range_.width(Ms(WINDOW_MS)) == 1_000
    assert range_.width(Ms(WINDOW_MS + SPAN_MS)) == 0, "its span of ten seconds has left whole"


@pytest.mark.parametrize("seed", range(20))
def test_it_is_never_below_the_true_range_nor_above_that_of_a_span_more(seed: int) -> None:
    dice, range_, now, told = Random(seed), MidRange(), 0, list[tuple[int, int]]()
    for _ in range(300):
        now += dice.choice((0, 5, 700, 9_000, 40_000, 400_000))
        mid2 = 10_000 + dice.randrange(-2_000, 2_000)
        told.append((now, mid2))
        range_.hear(mid2, Ms(now))
        later = now + dice.choice((0, 3_000, 350_000))

        width = range_.width(Ms(later))

        assert width is not None
        assert true_range(told, later, WINDOW_MS) <= width <= true_range(told, later, WINDOW_MS + SPAN_MS)


def true_range(told: list[tuple[int, int]], now: int, window: int) -> int:
    """Every mid that was in effect at some time of the window."""
    ends = [at for at, _ in told[1:]] + [now + 1]
    within = [mid2 for (_, mid2), end in zip(told, ends, strict=True) if end > now - window]
    return -(-(max(within) - min(within)) // 2)


def test_the_fastest_frame_says_how_far_the_clock_is_off() -> None:
    skew = Skew()
    for took in (900, 40, 3_000):
        skew.hear(Ms(10_000), Ms(10_000 + took))

    assert skew.off_ms(Ms(13_000)) == 40


def test_a_stamp_of_the_future_means_that_our_clock_is_behind() -> None:
    skew = Skew()
    skew.hear(Ms(15_000), Ms(10_000))

    assert skew.off_ms(Ms(10_001)) == -5_000


def test_what_was_said_counts_for_one_to_two_minutes() -> None:
    skew = Skew()
    assert skew.off_ms(Ms(0)) is None
    skew.hear(Ms(100_000), Ms(100_050))

    assert skew.off_ms(Ms(160_049)) == 50
    assert skew.off_ms(Ms(160_051)) == 50, "the minute before is remembered"
    assert skew.off_ms(Ms(220_060)) is None


def test_a_clock_that_jumps_is_told_once_the_timely_frames_are_forgotten() -> None:
    skew = Skew()
    skew.hear(Ms(0), Ms(50))
    for minute in range(1, 4):
        skew.hear(Ms(minute * 60_100), Ms(minute * 60_100 + 5_000))

    assert skew.off_ms(Ms(190_000)) == 5_000


def test_what_is_older_than_two_minutes_tells_nothing_of_the_clock_any_more() -> None:
    """A lull in which nothing was said must not keep the last word before it alive a minute longer."""
    skew = Skew()
    skew.hear(Ms(10_000), Ms(10_000))
    skew.hear(Ms(108_000), Ms(111_000))

    assert skew.off_ms(Ms(131_000)) == 3_000, "the first was 121 s ago"
