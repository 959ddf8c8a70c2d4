"""When the venue takes orders: what it says, how long that lasts, and what follows."""

import pytest

from core.answers import WindowMode, WindowTold
from core.intents import OrderKind
from core.units import Ms
from core.windows import AFTER, LASTS_MS, TAKEN, Windows
from tests.builders import T0, at

QUOTE, TAKE = OrderKind.QUOTE, OrderKind.TAKE


def told(mode: WindowMode, now: int = 0, *, wait_ms: int | None = None) -> WindowTold:
    return WindowTold(mode, None if wait_ms is None else Ms(wait_ms), "the venue's words", at(now))


def during(mode: WindowMode, *, wait_ms: int | None = None) -> Windows:
    windows = Windows()
    assert windows.tell(told(mode, wait_ms=wait_ms))
    return windows


def ends_after(windows: Windows) -> int:
    assert windows.current is not None
    return windows.current.until_ms - T0


def test_the_tables_speak_of_every_mode() -> None:
    assert set(AFTER) == set(LASTS_MS) == set(TAKEN) == set(WindowMode)


def test_a_venue_that_said_nothing_takes_everything() -> None:
    windows = Windows()

    assert windows.takes(QUOTE)
    assert windows.takes(TAKE)
    assert windows.takes_cancels()
    assert not windows.pass_time(T0)


@pytest.mark.parametrize(
    ("mode", "quotes", "cancels"),
    [
        (WindowMode.RESTARTING, False, False),
        (WindowMode.POST_ONLY, True, True),
        (WindowMode.CANCEL_ONLY, False, True),
        (WindowMode.OFF, False, False),
    ],
)
def test_no_mode_takes_marketable_orders_and_one_takes_quotes(
    mode: WindowMode, quotes: bool, cancels: bool
) -> None:
    windows = during(mode)

    assert not windows.takes(TAKE)
    assert windows.takes(QUOTE) is quotes
    assert windows.is_shut is not quotes
    assert windows.takes_cancels() is cancels


@pytest.mark.parametrize(
    ("mode", "wait_ms", "lasts_ms"),
    [
        (WindowMode.RESTARTING, None, 5_000),
        (WindowMode.RESTARTING, 1_000, 5_000),
        (WindowMode.RESTARTING, 20_000, 20_000),
        (WindowMode.POST_ONLY, None, 120_000),
        (WindowMode.POST_ONLY, 7_000, 7_000),
        (WindowMode.CANCEL_ONLY, None, 60_000),
        (WindowMode.OFF, 90_000, 90_000),
        (WindowMode.OFF, 86_400_000, 600_000),
    ],
)
def test_it_lasts_as_long_as_the_venue_says_or_as_is_usual(
    mode: WindowMode, wait_ms: int | None, lasts_ms: int
) -> None:
    assert ends_after(during(mode, wait_ms=wait_ms)) == lasts_ms


def test_a_restart_is_followed_by_two_minutes_of_post_only_mode_though_nobody_says_so() -> None:
    windows = during(WindowMode.RESTARTING)

    assert not windows.pass_time(at(4_999))
    assert windows.pass_time(at(5_000))
    assert windows.current is not None
    assert windows.current.mode is WindowMode.POST_ONLY
    assert not windows.pass_time(at(124_999))
    assert windows.pass_time(at(125_000))

    assert windows.current is None


def test_in_a_long_silence_everything_that_is_over_is_over() -> None:
    windows = during(WindowMode.RESTARTING)

    assert windows.pass_time(at(1_000_000))

    assert windows.current is None


@pytest.mark.parametrize("mode", [WindowMode.POST_ONLY, WindowMode.CANCEL_ONLY, WindowMode.OFF])
def test_after_any_other_window_the_venue_is_asked_again(mode: WindowMode) -> None:
    windows = during(mode)

    windows.pass_time(at(LASTS_MS[mode]))

    assert windows.current is None


def test_a_second_order_that_meets_the_same_restart_moves_nothing() -> None:
    windows = during(WindowMode.RESTARTING)

    assert not windows.tell(told(WindowMode.RESTARTING, 300, wait_ms=1_000))
    assert ends_after(windows) == 5_000
    assert windows.tell(told(WindowMode.RESTARTING, 400, wait_ms=30_000))

    assert ends_after(windows) == 30_400


def test_each_restart_that_we_ask_into_again_doubles_the_rest_up_to_half_a_minute() -> None:
    windows, now, lasted = Windows(), 0, []
    for _ in range(5):
        windows.tell(told(WindowMode.RESTARTING, now))
        lasted.append(ends_after(windows) - now)
        now = ends_after(windows)
        windows.pass_time(at(now))

    assert lasted == [5_000, 10_000, 20_000, 30_000, 30_000]


def test_a_restart_on_another_day_begins_with_a_short_rest_again() -> None:
    windows = during(WindowMode.RESTARTING)
    windows.pass_time(at(1_000_000))

    windows.tell(told(WindowMode.RESTARTING, 2_000_000))

    assert ends_after(windows) == 2_005_000


def test_the_venues_last_word_counts() -> None:
    windows = during(WindowMode.RESTARTING)

    assert windows.tell(told(WindowMode.POST_ONLY, 2_000, wait_ms=120_000))

    assert windows.takes(QUOTE)
    assert ends_after(windows) == 122_000
