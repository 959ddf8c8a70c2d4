"""The agreed limits: the files' first, then what risk admins agree to, one version after the other."""

import json
import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from core.units import usdc
from infra.checks import Verdict
from risk import checks
from risk.errors import Contended, LimitsWrong, NotAllowed, ReasonMissing
from risk.limits import limits
from risk.limits.fields import Turn
from risk.models import Audit, LimitsVersion
from tests.risk.conftest import NOON, OPERATOR, RISK_ADMIN, after, together
from tests.risk.http.test_doors import ADMIN_TOKEN, OPERATOR_TOKEN, post, problem

pytestmark = pytest.mark.django_db


def changed(
    values: dict[str, object], *, expected: int = 1, reason: str = "after the review", at: int = 1_000
) -> Any:
    return limits.change(values, reason=reason, expected_number=expected, by=RISK_ADMIN, at=after(at))


def test_the_first_version_is_the_files_and_made_once() -> None:
    assert limits.agreed() is None
    first = limits.agree_first(at=NOON)

    assert (first.number, first.by, first.fields) == (1, "config", limits.configured())
    assert limits.agree_first(at=after(5_000)) == first


@pytest.mark.django_db(transaction=True)
def test_four_processes_that_start_at_once_agree_to_one_first_version() -> None:
    together(4, lambda: limits.agree_first(at=NOON))

    assert LimitsVersion.objects.count() == 1


def test_a_change_says_which_way_it_goes_and_is_on_record() -> None:
    limits.agree_first(at=NOON)

    made, found = changed({"daily_loss": "150", "order_max": "120", "order_min": "10"})

    assert [(each.name, each.before, each.after, each.turn) for each in found] == [
        ("daily_loss", "200", "150", Turn.TIGHTENS),
        ("order_min", "5", "10", Turn.TIGHTENS),
        ("order_max", "100", "120", Turn.LOOSENS),
    ]
    assert (made.number, limits.binding().daily_loss) == (2, usdc("150"))
    link = Audit.objects.get()
    assert (link.what, link.target, link.who, link.outcome) == ("limits", "version 2", "rita", "done")
    assert (link.before["daily_loss"], link.after["daily_loss"]) == ("200", "150")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"order_min": "500"}, ["order_min"]),
        ({"market_exposure": "3000", "group_exposure": "9000"}, ["group_exposure"]),
        ({"daily_loss": "0"}, ["daily_loss"]),
        ({"daily_loss": "-5"}, ["daily_loss"]),
        ({"daily_loss": 1.5}, ["daily_loss"]),
        ({"open_orders": "many", "no_such": "1"}, ["no_such", "open_orders"]),
        ({"daily_loss": "200"}, []),
    ],
)
def test_what_cannot_be_is_refused_with_every_complaint_and_nothing_changes(
    values: dict[str, object], named: list[str]
) -> None:
    limits.agree_first(at=NOON)

    with pytest.raises(LimitsWrong) as refused:
        changed(values)

    assert list(refused.value.wrong) == named
    assert LimitsVersion.objects.count() == 1
    assert Audit.objects.get().outcome == "refused"


def test_who_looked_at_an_older_version_is_told_and_looks_again() -> None:
    limits.agree_first(at=NOON)
    changed({"daily_loss": "150"})

    with pytest.raises(Contended, match="rita agreed to version 2 meanwhile"):
        changed({"daily_loss": "180"}, expected=1)

    assert limits.binding().daily_loss == usdc("150")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_at_once_one_wins() -> None:
    limits.agree_first(at=NOON)
    refused: list[Exception] = []
    lock = threading.Lock()

    def act() -> None:
        try:
            changed({"daily_loss": "150"})
        except (Contended, LimitsWrong) as error:
            with lock:
                refused.append(error)
        finally:
            connection.close()

    together(2, act)

    assert (LimitsVersion.objects.count(), len(refused)) == (2, 1)


def test_who_may_not_and_who_does_not_say_why() -> None:
    limits.agree_first(at=NOON)
    with pytest.raises(NotAllowed):
        limits.change({"daily_loss": "1"}, reason="x", expected_number=1, by=OPERATOR, at=NOON)
    with pytest.raises(ReasonMissing):
        changed({"daily_loss": "150"}, reason="  ")


def test_the_health_check_says_where_config_and_agreement_differ() -> None:
    limits.agree_first(at=NOON)
    assert checks.limits_are_configs().verdict is Verdict.PASS
    changed({"daily_loss": "150"})

    found = checks.limits_are_configs()

    assert (found.verdict, "daily_loss" in found.detail) == (Verdict.WARN, True)


@pytest.fixture
def tokens(settings: Settings) -> None:
    both = {"operator_token": SecretStr(OPERATOR_TOKEN), "admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=both)


@pytest.mark.usefixtures("tokens")
def test_over_http_they_are_read_changed_and_their_history_kept(client: Client) -> None:
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    before = json.loads(client.get("/api/v1/limits", headers=bearer).content)
    body = {"changes": {"daily_loss": "150"}, "reason": "review", "expected_number": before["number"]}

    answer = post(client, "/api/v1/limits", token=ADMIN_TOKEN, body=body)
    again = post(client, "/api/v1/limits", token=ADMIN_TOKEN, body=body)
    wrong = post(
        client,
        "/api/v1/limits",
        token=ADMIN_TOKEN,
        body=body | {"changes": {"daily_loss": "x"}, "expected_number": 2},
    )
    low = post(client, "/api/v1/limits", token=OPERATOR_TOKEN, body=body)

    assert json.loads(answer.content)["changes"] == [
        {"name": "daily_loss", "before": "200", "after": "150", "turn": "tightens"}
    ]
    assert [each.status_code for each in (again, wrong, low)] == [409, 422, 403]
    assert "daily_loss" in problem(wrong)["detail"]
    listed = json.loads(client.get("/api/v1/limits/history", headers=bearer).content)["items"]
    assert [each["number"] for each in listed] == [2, 1]


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("set_limit", "weekend_trading_enabled", "false", "--reason", "quiet weekends")
    call_command("set_limit", "open_orders", "4", "--reason", "fewer")
    call_command("limits")

    shown = capsys.readouterr().out
    assert "weekend_trading_enabled: true -> false, tightens; version 2" in shown
    assert "version 3" in shown
    assert "(config: 5)" in shown
    with pytest.raises(CommandError, match="nothing would change"):
        call_command("set_limit", "open_orders", "4", "--reason", "again")
