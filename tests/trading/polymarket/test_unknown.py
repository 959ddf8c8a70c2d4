"""When an order nobody answered for counts as never landed, and when it may be sent again."""

import pytest

from core.units import Ms
from tests.builders import at
from trading.gateways.polymarket.orders.unknown import Inquiry, Verdict


def an_inquiry(*, landed: bool = False) -> Inquiry:
    return Inquiry(began_ms=at(0), closed_ms=at(0), landed=landed)


def test_not_found_twice_and_long_after_the_socket_closed_means_never_landed() -> None:
    inquiry = an_inquiry()

    assert inquiry.not_found(at(10_000)) is Verdict.OPEN
    assert inquiry.not_found(at(11_000)) is Verdict.NEVER_LANDED


def test_what_is_not_found_too_early_proves_nothing_however_often() -> None:
    inquiry = an_inquiry()

    verdicts = {inquiry.not_found(at(ms)) for ms in range(0, 10_000, 100)}

    assert verdicts == {Verdict.OPEN}


def test_a_socket_closed_later_begins_the_wait_anew() -> None:
    inquiry = an_inquiry()
    inquiry.not_found(at(10_000))

    inquiry.closed(at(10_500))

    assert inquiry.not_found(at(11_000)) is Verdict.OPEN
    assert inquiry.not_found(at(20_500)) is Verdict.OPEN
    assert inquiry.not_found(at(21_000)) is Verdict.NEVER_LANDED


def test_an_order_the_venue_has_spoken_of_cannot_turn_out_never_to_have_landed() -> None:
    inquiry = an_inquiry(landed=True)
    inquiry.not_found(at(10_000))

    assert inquiry.not_found(at(12_000)) is Verdict.GONE


def test_a_question_falls_on_the_moment_from_which_an_absence_counts() -> None:
    inquiry, now = an_inquiry(), at(0)
    asked = []
    while now < at(14_000):
        now = inquiry.next_ask(now)
        asked.append(now - at(0))

    assert 10_000 in asked
    assert len(asked) < 15


def test_it_is_settled_well_within_a_minute_while_the_venue_answers() -> None:
    inquiry, now, verdict = an_inquiry(), at(0), Verdict.OPEN
    while verdict is Verdict.OPEN:
        verdict = inquiry.not_found(now)
        now = inquiry.next_ask(now)

    assert now < at(16_000)


@pytest.mark.parametrize(
    ("landed", "resent", "age_ms", "may"),
    [
        (False, 0, 4_999, True),
        (False, 0, 5_000, False),
        (False, 1, 4_000, True),
        (False, 2, 4_000, False),
        (True, 0, 100, False),
    ],
)
def test_the_same_bytes_go_again_only_while_young_and_twice_at_most(
    landed: bool, resent: int, age_ms: int, may: bool
) -> None:
    inquiry = an_inquiry(landed=landed)
    inquiry.resent = resent

    assert inquiry.may_resend(at(0), at(age_ms)) is may


def test_somebody_is_told_once_after_half_a_minute() -> None:
    inquiry = an_inquiry()

    told = [inquiry.alert(Ms(at(0) + ms)) for ms in (0, 29_999, 30_000, 31_000)]

    assert told == [False, False, True, False]
