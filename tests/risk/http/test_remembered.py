"""The rows behind ``Idempotency-Key``. ``tests/trading/test_on_postgres.py`` runs it on PostgreSQL as well."""

import pytest

from risk import services
from risk.errors import KeyUsed, NeverAnswered, UnderWay
from risk.http import remembered
from risk.http.remembered import Answer, Asked, Claim
from risk.models import Remembered
from tests.risk.conftest import DAY_MS, NOON, OPERATOR, RISK_ADMIN, after, halt, together

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = Asked("olga", "/api/v1/alerts/test", "7f3a", "d" * 64)
DONE = Answer(201, "application/json", '{"id": 7}')
TIMES = 8


def claimed(asked: Asked = ASKED, *, ms: int = 0) -> Claim:
    found = remembered.claim(asked, at=after(ms))
    assert isinstance(found, Claim)
    return found


def test_the_first_carries_it_out_and_the_second_gets_its_answer() -> None:
    remembered.keep(claimed(), DONE)

    assert remembered.claim(ASKED, at=after(DAY_MS - 1)) == DONE


def test_a_key_counts_for_one_person_and_one_address() -> None:
    remembered.keep(claimed(), DONE)

    for other in (
        Asked("rita", ASKED.path, ASKED.key, ASKED.digest),
        Asked(ASKED.who, "/api/v1/limits", ASKED.key, ASKED.digest),
        Asked(ASKED.who, ASKED.path, "7f3b", ASKED.digest),
    ):
        claimed(other)


def test_another_request_with_the_same_key_is_told_what_to_do() -> None:
    remembered.keep(claimed(), DONE)

    with pytest.raises(KeyUsed, match=r"another request at 2025-11-01 12:00:00 UTC: send that one again"):
        remembered.claim(Asked(ASKED.who, ASKED.path, ASKED.key, "e" * 64), at=after(1000))


def test_while_the_first_is_under_way_the_second_waits() -> None:
    claimed()

    with pytest.raises(UnderWay, match=r"came 2\.5 s ago and has not answered yet"):
        remembered.claim(ASKED, at=after(2_500))


def test_of_a_request_that_died_nothing_is_guessed() -> None:
    claimed()

    with pytest.raises(NeverAnswered, match="whether it was carried out is not known"):
        remembered.claim(ASKED, at=after(60_000))


def test_an_answer_that_comes_late_is_kept_all_the_same() -> None:
    late = claimed()
    with pytest.raises(NeverAnswered):
        remembered.claim(ASKED, at=after(60_000))

    remembered.keep(late, DONE)

    assert remembered.claim(ASKED, at=after(61_000)) == DONE


def test_what_failed_may_be_sent_again() -> None:
    remembered.let_go(claimed())

    claimed(ms=1)


def test_an_answer_is_kept_once() -> None:
    first = claimed()
    remembered.keep(first, DONE)

    remembered.keep(first, Answer(200, "application/json", "{}"))
    remembered.let_go(first)

    assert remembered.claim(ASKED, at=after(1)) == DONE


def test_after_a_day_a_key_is_as_good_as_new() -> None:
    remembered.keep(claimed(), DONE)

    claimed(ms=DAY_MS)


def test_what_is_older_than_a_day_is_forgotten_a_batch_at_a_time() -> None:
    for number in range(3):
        claimed(Asked("olga", "/p", str(number), "d"), ms=number)
    claimed(Asked("olga", "/p", "young", "d"), ms=1000)

    assert remembered.forget_old(at=after(DAY_MS + 2), batch=2) == 2
    assert remembered.forget_old(at=after(DAY_MS + 2), batch=2) == 1
    assert remembered.forget_old(at=after(DAY_MS + 2), batch=2) == 0
    assert [row.key for row in Remembered.objects.all()] == ["young"]


def test_of_eight_at_once_one_carries_it_out() -> None:
    """Round after round: the others are told to wait, or get the answer that is there by then."""
    for number in range(TIMES):
        asked = Asked("olga", "/p", str(number), "d" * 64)
        won: list[Claim] = []
        told: list[UnderWay | Answer] = []

        def press(asked: Asked = asked, won: list[Claim] = won, told: list[UnderWay | Answer] = told) -> None:
            try:
                found = remembered.claim(asked, at=NOON)
            except UnderWay as refusal:
                told.append(refusal)
                return
            if isinstance(found, Claim):
                won.append(found)
                remembered.keep(found, DONE)
            else:
                told.append(found)

        together(8, press)

        assert len(won) == 1
        assert len(told) == 7
        assert {answer for answer in told if isinstance(answer, Answer)} <= {DONE}
        assert remembered.claim(asked, at=NOON) == DONE


def test_of_two_at_once_after_one_that_failed_one_carries_it_out() -> None:
    for number in range(TIMES):
        asked = Asked("olga", "/p", str(number), "d" * 64)
        failed = claimed(asked)
        won: list[Claim] = []

        def press(asked: Asked = asked, won: list[Claim] = won) -> None:
            try:
                found = remembered.claim(asked, at=NOON)
            except UnderWay:
                return
            assert isinstance(found, Claim)
            won.append(found)

        together(1, press, press, lambda failed=failed: remembered.let_go(failed))  # type: ignore[misc]

        assert len(won) <= 1


def test_the_answer_to_a_halt_stands_until_a_halt_is_ended(healthy: None) -> None:
    halt(at=NOON, by=OPERATOR)
    remembered.keep_new(ASKED, DONE, at=NOON)
    assert remembered.standing(ASKED, at=after(1_000)) == DONE

    services.reset_trading(reason="looked", by=RISK_ADMIN, at=after(2_000))

    assert remembered.standing(ASKED, at=after(3_000)) is None
