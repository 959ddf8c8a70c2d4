"""Two operators press in the same moment: one winner each, a chain without gaps, no deadlock.

``tests/trading/test_on_postgres.py`` runs it on PostgreSQL as well.
"""

import pytest

from risk import selectors, services
from risk.audit import check as audit_check
from risk.errors import Contended, NotHalted
from risk.models import Audit, Halt, HaltRound
from tests.risk.conftest import RISK_ADMIN, after, halt, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("healthy")]

TIMES = 8


def reset(refused: list[Exception]) -> None:
    try:
        services.reset_trading(reason="checked by hand", by=RISK_ADMIN, at=after(1000))
    except (Contended, NotHalted) as refusal:
        refused.append(refusal)


def outcomes(what: str) -> list[str]:
    return sorted(Audit.objects.filter(what=what).values_list("outcome", flat=True))


def test_two_resets_at_once_are_one_reset() -> None:
    for _ in range(TIMES):
        halt()
        refused: list[Exception] = []

        together(2, lambda: reset(refused))  # noqa: B023 it is over before the loop goes on

        assert selectors.halt_in_force() is None
        assert len(refused) == 1

    assert Halt.objects.filter(ended__isnull=False).count() == TIMES
    assert outcomes("reset") == ["done"] * TIMES + ["refused"] * TIMES
    assert audit_check.verify().broken is None


def test_two_halts_at_once_are_one_halt_pressed_twice() -> None:
    for number in range(TIMES):
        together(2, halt)

        assert Halt.objects.count() == number + 1
        assert HaltRound.objects.filter(halt__ended__isnull=True).count() == 2
        reset([])

    assert outcomes("halt") == ["done"] * TIMES * 2
    assert audit_check.verify().broken is None


def test_of_a_halt_and_a_reset_at_once_the_halt_is_never_lost() -> None:
    for _ in range(TIMES):
        halt()
        refused: list[Exception] = []

        together(1, halt, lambda: reset(refused))  # noqa: B023 it is over before the loop goes on

        in_force = selectors.halt_in_force()
        if in_force is None:
            # One after the other after all: the reset saw the second press and ended what was pressed twice.
            assert not refused
            assert Halt.objects.latest("pk").pressed == 2
            continue
        # Pressed before the reset it was contended; after it, a halt of its own.
        assert in_force.pressed == (2 if refused else 1)
        reset([])

    assert audit_check.verify().broken is None


def test_eight_who_press_everything_at_once_leave_a_whole_record() -> None:
    refused: list[Exception] = []

    together(4, halt, lambda: reset(refused))

    assert len(outcomes("halt")) == 4
    assert len(outcomes("reset")) == 4
    assert outcomes("reset").count("refused") == len(refused)
    found = audit_check.verify()
    assert (found.broken, found.links) == (None, 8)
