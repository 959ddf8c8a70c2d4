"""A check says what to do; a broken one fails without breaking the others."""

import pytest

from infra import checks
from infra.checks import Check, Verdict, failed, passed, warned


@pytest.fixture(autouse=True)
def none_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_checks", {})


def test_checks_run_in_the_order_they_were_registered() -> None:
    checks.register("second", lambda: passed("second", "fine"))
    checks.register("first", lambda: passed("first", "fine"))

    assert [check.name for check in checks.run_all()] == ["second", "first"]


def test_a_check_that_raises_has_failed_and_the_others_still_run() -> None:
    def broken() -> Check:
        raise KeyError("gone")

    checks.register("broken", broken)
    checks.register("fine", lambda: passed("fine", "fine"))

    found = checks.run_all()

    assert [check.verdict for check in found] == [Verdict.FAIL, Verdict.PASS]
    assert "KeyError('gone')" in found[0].detail
    assert found[0].next_step


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], Verdict.PASS),
        ([passed("a", "")], Verdict.PASS),
        ([passed("a", ""), warned("b", "", "look")], Verdict.WARN),
        ([warned("b", "", "look"), failed("c", "", "act")], Verdict.FAIL),
    ],
)
def test_the_worst_verdict_stands_for_all(found: list[Check], verdict: Verdict) -> None:
    assert checks.worst(found) is verdict
