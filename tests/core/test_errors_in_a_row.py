"""Errors in a row: what is one, what ends the row, and what is said when there were too many."""

import pytest

from core.answers import AckStatus, RejectCode
from core.errors_in_a_row import ENOUGH, ErrorsInARow
from core.rejects import WEIGHT, Weight
from tests.core import accounts as say

ERRORS = [code for code in RejectCode if WEIGHT[code] in (Weight.COUNTS, Weight.UNWRITTEN)]


def failing(times: int, code: RejectCode = RejectCode.OTHER) -> ErrorsInARow:
    row = ErrorsInARow()
    for number in range(times):
        row.hear(say.rejected_for(code, f"k{number}"))
    return row


def test_five_are_borne_and_the_sixth_is_told_once() -> None:
    row = failing(ENOUGH)
    assert row.take() is None

    row.failed("step failed at 0xmarket: ValueError")
    told = row.take()

    assert told is not None
    assert told.startswith("6 errors in a row: ")
    assert told.endswith("step failed at 0xmarket: ValueError")
    assert row.take() is None


@pytest.mark.parametrize("code", ERRORS)
def test_each_of_these_is_an_error(code: RejectCode) -> None:
    assert failing(ENOUGH + 1, code).take() is not None


@pytest.mark.parametrize("code", [code for code in RejectCode if code not in ERRORS])
def test_none_of_these_is_one_and_none_ends_the_row(code: RejectCode) -> None:
    assert failing(2 * ENOUGH, code).take() is None

    row = failing(ENOUGH)
    row.hear(say.rejected_for(code))
    row.hear(say.rejected())

    assert row.take() is not None


def test_errors_of_all_kinds_and_markets_are_one_row() -> None:
    row = ErrorsInARow()
    for _ in range(2):
        row.hear(say.rejected("a|0xone|pair_arb|1"))
        row.failed("step failed at 0xother")
        row.hear(say.rejected_for(RejectCode.NOT_WRITTEN, "a|0xother|pair_arb|1"))

    assert row.take() is not None


def test_an_order_that_was_taken_ends_the_row() -> None:
    row = failing(ENOUGH)

    row.hear(say.acked())
    for _ in range(ENOUGH):
        row.hear(say.rejected())

    assert row.take() is None


@pytest.mark.parametrize("status", [AckStatus.BACK, AckStatus.DELAYED])
def test_an_order_that_is_back_or_held_by_the_delay_was_not_taken(status: AckStatus) -> None:
    row = failing(ENOUGH)

    row.hear(say.acked(status))
    row.hear(say.rejected())

    assert row.take() is not None


def test_the_last_three_are_told_in_words_that_fit_a_halts_detail() -> None:
    row = ErrorsInARow()
    for number in range(ENOUGH + 1):
        row.failed(f"error {number} " + "x" * 400)

    told = row.take()

    assert told is not None
    assert [f"error {number}" in told for number in range(6)] == [False, False, False, True, True, True]
    assert len(told) <= 300


def test_a_refused_api_key_says_what_to_do() -> None:
    told = failing(ENOUGH + 1, RejectCode.UNAUTHORIZED).take()

    assert told is not None
    assert "our API key is refused, restart the trader for a new one" in told
