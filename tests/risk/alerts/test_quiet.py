"""Quiet hours, over midnight and not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import Ms
from risk.alerts.quiet import DAY_MINUTES, MINUTE_MS, QuietHours

DAY_MS = DAY_MINUTES * MINUTE_MS
MIDNIGHT = Ms(20_393 * DAY_MS)
NIGHT = QuietHours(22 * 60, 7 * 60)
minutes = st.integers(0, DAY_MINUTES - 1)
moments = st.integers(0, 40_000 * DAY_MS).map(Ms)


def at(hour: int, minute: int = 0) -> Ms:
    return Ms(MIDNIGHT + (hour * 60 + minute) * MINUTE_MS)


@pytest.mark.parametrize(
    ("hours", "moment", "released"),
    [
        (NIGHT, at(21, 59), at(21, 59)),
        (NIGHT, at(22), at(31)),
        (NIGHT, at(23, 30), at(31)),
        (NIGHT, at(0), at(7)),
        (NIGHT, at(6, 59), at(7)),
        (NIGHT, at(7), at(7)),
        (QuietHours(60, 120), at(1, 30), at(2)),
        (QuietHours(60, 120), at(2), at(2)),
        (QuietHours(0, 0), at(0), at(0)),
    ],
)
def test_what_is_due_while_it_is_quiet_waits_for_the_morning(
    hours: QuietHours, moment: Ms, released: Ms
) -> None:
    assert hours.release(moment) == released
    assert hours.holds(moment) == (released != moment)


@given(minutes, minutes, moments)
def test_nothing_is_released_while_it_is_quiet_nor_a_day_late(begins: int, ends: int, moment: Ms) -> None:
    hours = QuietHours(begins, ends)

    released = hours.release(moment)

    assert not hours.holds(released)
    assert 0 <= released - moment < DAY_MS
