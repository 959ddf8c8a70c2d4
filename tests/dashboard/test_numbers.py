"""How the server writes numbers: exact, with the sign that is a sign, and a dash for what is not known."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.templatetags import console

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (1_204_500_000, "1,204.50"),
        (-1_440_000, f"{console.MINUS}1.44"),
        (4_999, "0.00"),
        (5_000, "0.01"),
        (-4_999, "0.00"),
        (0, "0.00"),
        (None, console.UNKNOWN),
    ],
)
def test_money_is_shown_to_the_cent(amount: int | None, shown: str) -> None:
    assert console.usdc(amount) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(4_800, ".48"), (4_755, ".4755"), ("0.709999", ".7099"), (10_000, "1.00"), (None, console.UNKNOWN)],
)
def test_a_price_is_shown_without_its_zero(value: int | str | None, shown: str) -> None:
    assert console.price(value) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (38_500_000, "38.5"),
        (25_000_000, "25"),
        (1_204_700_000, "1,204"),
        (49_999, "0"),
        (None, console.UNKNOWN),
    ],
)
def test_shares_are_shown_to_a_tenth(size: int | None, shown: str) -> None:
    assert console.shares(size) == shown


def test_a_moment_carries_its_milliseconds_for_the_browser() -> None:
    shown = console.at(NOON)

    assert 'data-ms="1795435200000"' in shown
    assert "12:00:00" in shown


@pytest.mark.parametrize(
    ("took", "shown"),
    [(41, "41 ms"), (2_100, "2.1 s"), (119_000, "119.0 s"), (720_000, "12 min"), (7_500_000, "2 h 05")],
)
def test_a_duration_is_as_short_as_can_be_read(took: int, shown: str) -> None:
    assert console.between(NOON, NOON + timedelta(milliseconds=took)) == shown


def test_what_has_not_ended_has_no_duration() -> None:
    assert console.between(NOON, None) == console.UNKNOWN
