"""How often we may ask, and whose clock we sign with."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import Ms
from trading.gateways.polymarket.transport.budget import Bucket
from trading.gateways.polymarket.transport.venue_time import VenueTime


class Clock:
    """Real milliseconds that pass when told."""

    def __init__(self) -> None:
        self.ms = 1_000

    def __call__(self) -> int:
        return self.ms


def test_a_burst_goes_at_once_and_then_the_rate() -> None:
    clock = Clock()
    bucket = Bucket(40, 60, monotonic=clock)

    burst = [bucket.take() for _ in range(61)]
    clock.ms += 25

    assert burst == [None] * 60 + [25]
    assert bucket.take() is None
    assert bucket.take() == 25


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 20)), max_size=200))
def test_never_more_than_the_burst_and_the_rate_are_given(steps: list[tuple[int, int]]) -> None:
    clock = Clock()
    bucket = Bucket(40, 60, monotonic=clock)
    given_ = 0

    for passed_ms, permits in steps:
        clock.ms += passed_ms
        given_ += permits if bucket.take(permits) is None else 0

        assert given_ * 1000 <= 60_000 + (clock.ms - 1_000) * 40


def test_more_than_the_burst_is_given_by_a_full_bucket_and_leaves_a_debt() -> None:
    clock = Clock()
    bucket = Bucket(80, 120, monotonic=clock)

    assert bucket.take(200) is None
    assert bucket.take(1) == 1_013  # 81 permits at 80 a second


def test_what_was_spent_without_asking_is_waited_for() -> None:
    clock = Clock()
    bucket = Bucket(80, 120, monotonic=clock)

    bucket.spend(199)

    assert bucket.take(1) == 1_000  # 80 below nothing, at 80 a second
    clock.ms += 1_000
    assert bucket.take(1) is None


def test_what_the_venue_says_counts() -> None:
    clock = Clock()
    bucket = Bucket(40, 60, monotonic=clock)

    bucket.told(1)

    assert [bucket.take(), bucket.take()] == [None, 25]
    bucket.shut(5_000)
    assert bucket.take() == 5_000
    clock.ms += 5_000
    assert bucket.take() is None


async def test_waiting_for_a_permit_is_bounded() -> None:
    bucket = Bucket(100, 1)

    async with asyncio.timeout(2):
        waited = [await bucket.wait(within_ms=200) for _ in range(3)]
        bucket.shut(60_000)
        refused = await bucket.wait(within_ms=200)

    assert (waited, refused) == ([True] * 3, False)


@pytest.mark.parametrize(
    ("said_s", "asked", "heard", "offset"),
    [
        (100, 100_000, 100_400, 0),  # within the second it said: ours is left alone
        (100, 99_500, 100_400, 0),
        (103, 100_000, 100_400, 2_600),
        (97, 100_000, 100_400, -2_001),
    ],
)
def test_our_clock_is_corrected_as_little_as_the_venue_demands(
    said_s: int, asked: int, heard: int, offset: int
) -> None:
    time = VenueTime()

    time.learn(said_s, asked_ms=Ms(asked), heard_ms=Ms(heard))

    assert time.offset_ms == offset


@given(
    true_offset=st.integers(-(10**7), 10**7), asked=st.integers(10**12, 2 * 10**12), took=st.integers(0, 900)
)
def test_the_corrected_clock_is_within_a_second_and_the_answers_time(
    true_offset: int, asked: int, took: int
) -> None:
    time = VenueTime()
    said_s = (asked + took // 2 + true_offset) // 1000

    time.learn(said_s, asked_ms=Ms(asked), heard_ms=Ms(asked + took))

    assert abs(time.offset_ms - true_offset) <= 1_000 + took
