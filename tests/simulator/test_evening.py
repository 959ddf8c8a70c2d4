"""The schedule: always on, the same from wherever one begins to look, no name used twice."""

from collections import Counter
from functools import cache

import pytest

from core.units import Ms
from simulator.evening import SHIFT_MS, Booking, Evening
from simulator.gamma import event_slug
from simulator.matches.games import Game

NOON = Ms(83_000 * SHIFT_MS + 2 * 3_600_000)  # two hours into a shift
MINUTE_MS = 60_000


def on_at(now_ms: Ms, *, since_ms: Ms, seed: int = 7) -> list[Booking]:
    """The matches on at one time, for somebody who has watched since another."""
    evening = Evening(seed, since_ms)
    seen = evening.opened(since_ms) + evening.opened(now_ms)
    return [booking for booking in seen if booking.closed_ms > now_ms]


@pytest.mark.parametrize("hours", [1, 5, 9])
def test_who_comes_later_finds_the_same_matches(hours: int) -> None:
    later = Ms(NOON + hours * 3_600_000)

    from_noon, from_now = on_at(later, since_ms=NOON), on_at(later, since_ms=later)

    assert {booking.number for booking in from_noon} == {booking.number for booking in from_now}
    assert sorted(from_noon, key=number) == sorted(from_now, key=number)


def number(booking: Booking) -> int:
    return booking.number


def test_another_seed_plays_other_matches() -> None:
    one, two = on_at(NOON, since_ms=NOON, seed=1), on_at(NOON, since_ms=NOON, seed=2)

    assert [booking.teams for booking in one] != [booking.teams for booking in two]


@cache
def a_day() -> tuple[list[Booking], list[list[Booking]]]:
    """All matches of a day and a half, and those listed at each minute of it."""
    evening = Evening(3, NOON)
    seen, minutes = [], []
    for minute in range(36 * 60):
        now_ms = Ms(NOON + minute * MINUTE_MS)
        seen += evening.opened(now_ms)
        minutes.append([booking for booking in seen if booking.closed_ms > now_ms])
    return seen, minutes


def test_at_any_time_of_a_day_there_are_four_events_and_nearly_always_two_matches_on() -> None:
    _, minutes = a_day()
    playing = Counter[int]()

    for minute, listed in enumerate(minutes):
        now_ms = NOON + minute * MINUTE_MS
        assert len(listed) >= 4
        playing[sum(booking.starts_ms <= now_ms < booking.ends_ms for booking in listed)] += 1
    assert max(map(len, minutes)) <= 12
    assert playing[0] == 0
    assert playing[1] <= 0.01 * len(minutes)


def test_ids_and_slugs_are_used_once() -> None:
    seen, _ = a_day()

    assert len({booking.number for booking in seen}) == len(seen)
    assert len({event_slug(booking) for booking in seen}) == len(seen)


def test_both_games_and_both_formats_are_played() -> None:
    seen, _ = a_day()

    assert {booking.game for booking in seen} == set(Game)
    assert {booking.series.best_of for booking in seen} == {3, 5}


def test_a_match_is_listed_before_it_starts_and_resolved_after_it_ends() -> None:
    seen, _ = a_day()

    for booking in seen:
        assert booking.listed_ms < booking.starts_ms < booking.ends_ms < booking.closed_ms
