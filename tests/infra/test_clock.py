"""One clock for all processes, at any speed."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import clock
from infra.clock import Anchor

MINUTE_NS = 60 * 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_at_speed_ten_a_real_minute_is_ten_minutes_of_the_clock() -> None:
    anchor = Anchor(epoch_ms=1_000, monotonic_ns=5, speed=Fraction(10))

    assert clock.at(anchor, 5 + MINUTE_NS) == 1_000 + 10 * 60_000


def test_two_processes_with_one_anchor_show_one_time() -> None:
    anchor = clock.fresh(Fraction(7, 2))

    assert clock.parse(anchor.text()) == anchor


def test_the_first_anchor_of_a_stack_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.ANCHOR_VARIABLE, "1,2,3")
    before = clock.now_ms()

    clock.start(Fraction(100))

    assert clock.now_ms() - before < 1_000, "a child keeps its parent's clock"


def test_children_started_one_after_the_other_have_one_anchor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's process was once 5 s older than the trader's: at speed 4 their clocks were 16 s apart."""
    monkeypatch.delenv(clock.ANCHOR_VARIABLE, raising=False)
    monkeypatch.setattr(clock, "_anchor", clock.fresh(Fraction(1)))

    first = clock.start(Fraction(4))

    assert first.speed == 4
    assert clock.start(Fraction(4)) == first


@given(st.integers(min_value=0, max_value=4 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us)))
def test_a_moment_survives_the_way_to_ms_and_back_but_for_its_microseconds(moment: datetime) -> None:
    back = clock.to_datetime(clock.to_ms(moment))

    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


def test_other_time_zones_are_understood() -> None:
    east = datetime(1970, 1, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))

    assert clock.to_ms(east) == 0


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        clock.to_ms(EPOCH.replace(tzinfo=None))


async def test_sleeping_follows_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_anchor", clock.fresh(Fraction(100)))
    began = clock.monotonic_ms()

    await clock.sleep_ms(2_000)

    assert 15 <= clock.monotonic_ms() - began < 1_000
