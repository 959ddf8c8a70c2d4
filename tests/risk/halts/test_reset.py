"""Ending a halt: the role, a reason, a passing check, and nobody pressing HALT meanwhile."""

import pytest

from infra import checks
from risk import selectors, services
from risk.errors import ChecksFailed, Contended, NotAllowed, NotHalted, ReasonMissing
from risk.halts import stops
from risk.models import Audit, Halt
from tests.risk.conftest import OPERATOR, RISK_ADMIN, after, halt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]


def reset(
    reason: str = "checked by hand", *, by: services.Actor = RISK_ADMIN, override: bool = False
) -> None:
    services.reset_trading(reason=reason, by=by, at=after(1000), override=override)


def refusals() -> list[str]:
    return [row.after["refused"] for row in Audit.objects.filter(what="reset", outcome="refused")]


def test_a_risk_admin_ends_the_halt_with_a_reason() -> None:
    halt()

    reset("feed was restarted")

    assert selectors.halt_in_force() is None
    row = Halt.objects.get()
    assert (row.ended_by_name, row.ended_reason) == ("rita", "feed was restarted")
    record = Audit.objects.get(what="reset")
    assert record.before["halt"] == "manual_halt"
    assert record.after == {"halt": None}


def test_an_operator_cannot_reset() -> None:
    halt()

    with pytest.raises(NotAllowed, match="reset needs the role risk-admin; olga has operator"):
        reset(by=OPERATOR)

    assert selectors.halt_in_force() is not None
    assert refusals() == ["reset needs the role risk-admin; olga has operator"]


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reset_without_a_reason_is_refused(reason: str) -> None:
    halt()

    with pytest.raises(ReasonMissing):
        reset(reason)

    assert selectors.halt_in_force() is not None
    assert len(refusals()) == 1


def test_without_a_halt_there_is_nothing_to_reset() -> None:
    with pytest.raises(NotHalted):
        reset()

    assert refusals() == ["trading is not halted"]


def test_a_failing_check_keeps_it_halted_and_is_named() -> None:
    halt()
    checks.register("feeds", lambda: checks.failed("feeds", "no frame for 40 s", "restart the adapter"))
    checks.register("redis", lambda: checks.passed("redis", "answers"))

    with pytest.raises(ChecksFailed, match="feeds: no frame for 40 s") as refused:
        reset()

    assert refused.value.failing == ("feeds",)
    assert selectors.halt_in_force() is not None
    assert len(refusals()) == 1


def test_an_override_ends_it_all_the_same_and_records_what_failed() -> None:
    halt()
    checks.register("feeds", lambda: checks.failed("feeds", "no frame for 40 s", "restart the adapter"))
    checks.register("redis", lambda: checks.passed("redis", "answers"))

    reset("feeds are late on purpose tonight", override=True)

    assert selectors.halt_in_force() is None
    after_it = Audit.objects.get(what="reset").after
    assert after_it == {"halt": None, "override": [{"check": "feeds", "detail": "no frame for 40 s"}]}


def test_an_override_without_a_reason_is_refused() -> None:
    halt()

    with pytest.raises(ReasonMissing):
        reset(" ", override=True)

    assert selectors.halt_in_force() is not None


def test_an_override_of_nothing_is_an_ordinary_reset() -> None:
    halt()

    reset(override=True)

    assert Audit.objects.get(what="reset").after == {"halt": None}


def test_an_override_is_no_way_round_the_role_or_a_halt_pressed_meanwhile() -> None:
    halt()

    def pressed_meanwhile() -> checks.Check:
        halt("no, wait", at=after(999))
        return checks.failed("slow", "took a while", "wait")

    with pytest.raises(NotAllowed):
        reset(by=OPERATOR, override=True)
    checks.register("slow", pressed_meanwhile)
    with pytest.raises(Contended):
        reset(override=True)

    assert selectors.halt_in_force() is not None


def test_a_warning_does_not_keep_it_halted() -> None:
    halt()
    checks.register("steam", lambda: checks.warned("steam", "silent for 40 s", "wait"))

    reset()

    assert selectors.halt_in_force() is None


def test_whoever_presses_halt_during_the_check_wins() -> None:
    halt()

    def pressed_meanwhile() -> checks.Check:
        halt("no, wait", at=after(999))
        return checks.passed("slow", "took a while")

    checks.register("slow", pressed_meanwhile)

    with pytest.raises(Contended):
        reset()

    halted = selectors.halt_in_force()
    assert halted is not None
    assert halted.pressed == 2


def test_a_halt_is_ended_once() -> None:
    made = halt()
    reset()

    with pytest.raises(NotHalted):
        stops.end(Halt, made.halt_id, pressed=1, reason="again", by=RISK_ADMIN, at=after(2000))
