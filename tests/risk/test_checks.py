"""Risk's own health checks."""

import pytest
from pydantic import SecretStr
from pytest_django import Settings

from infra import clock
from infra.checks import Verdict
from risk import checks, services
from tests.risk.conftest import NOON, acknowledge, after, halt

pytestmark = pytest.mark.django_db


def test_it_warns_when_nobody_could_end_a_halt(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"admin_token": None})
    assert checks.someone_can_reset().verdict is Verdict.WARN

    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"admin_token": SecretStr("x" * 16)})
    assert checks.someone_can_reset().verdict is Verdict.PASS


@pytest.mark.usefixtures("rita")
def test_a_risk_admin_can_end_a_halt(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"admin_token": None})

    assert checks.someone_can_reset().verdict is Verdict.PASS


def test_a_halt_is_no_failure_but_an_unproven_one_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: NOON)
    services.enlist_runner("shard:0", at=NOON)
    assert checks.halt_proven().verdict is Verdict.PASS
    halt()
    assert checks.halt_proven().detail == "manual_halt in force, proof under way"

    monkeypatch.setattr(clock, "now_ms", lambda: after(2000))

    assert checks.halt_proven().verdict is Verdict.WARN
    assert checks.halt_proven().detail == "manual_halt in force, shard:0 did not answer within 2 s"


def test_a_proven_halt_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: after(5000))
    services.enlist_runner("shard:0", at=NOON)
    made = halt()
    acknowledge(made.round_id)
    for _ in range(2):
        services.step_halt_report(
            round_id=made.round_id, runner="shard:0", at=NOON, cancelled=0, still_open=[], unknown=[]
        )
    services.prove_halt(round_id=made.round_id, runner="shard:0", at=NOON)

    assert checks.halt_proven().detail == "manual_halt in force, proven"
