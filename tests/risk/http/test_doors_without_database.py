"""The operator's endpoints while the database is away: a halt is accepted and kept, everything else is refused."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from risk import selectors, services
from risk.access import halt_pass
from risk.audit.record import record
from risk.halts import wishes
from risk.http.carried_out import noted
from risk.models import Audit, AuditOutcome
from risk.services import MarketHaltCode
from tests.risk.away import the_database_fails_once_after, the_database_is_away
from tests.risk.conftest import MARKET, NOON, OPERATOR, RISK_ADMIN, halt
from tests.risk.http.test_doors import ADMIN_TOKEN, OPERATOR_TOKEN, post, problem, tokens

__all__ = ["tokens"]  # a fixture, used by every test here

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("healthy", "state")]


@pytest.fixture
def state(settings: Settings, tmp_path: Path) -> Path:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})
    return tmp_path


@pytest.mark.parametrize("token", [OPERATOR_TOKEN, None])
def test_a_halt_the_database_does_not_take_is_accepted_kept_and_told_in_words(
    client: Client, token: str | None
) -> None:
    """Seen with a frozen process that held SQLite's one write lock: the halt answered with a bare 500."""
    with the_database_is_away():
        answer = post(client, "/admin/halt", token=token, body={"reason": "odd books"})

    assert answer.status_code == 202
    said = json.loads(answer.content)
    assert (said["recorded"], said["halt"]["detail"]) == (False, "odd books")
    assert said["report"]["proven_ms"] is None
    assert said["report"]["unproven"][0].startswith("not recorded yet: the database does not answer")
    (kept,) = wishes.kept()
    assert kept.by == ("token operator" if token else "this machine")


def test_a_market_is_halted_by_its_id_while_its_name_cannot_be_looked_up(client: Client) -> None:
    with the_database_is_away():
        answer = post(client, f"/admin/halt-market?market_id={MARKET}", token=OPERATOR_TOKEN)

    assert answer.status_code == 202
    assert [wish.market_id for wish in wishes.kept()] == [MARKET]


def test_what_loosens_is_refused_without_the_database_and_the_way_to_halt_is_named(client: Client) -> None:
    with the_database_is_away():
        answer = post(client, "/admin/reset", token=ADMIN_TOKEN, body={"reason": "fine"})

    assert answer.status_code == 503
    assert "nothing was changed" in problem(answer)["detail"]
    assert "POST /admin/halt" in problem(answer)["detail"]


def logged_in(user: User) -> tuple[Client, str]:
    """A browser that went through the log-in, so that it bears what an answer brought along."""
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/login/")
    token = str(page.context["csrf_token"])
    browser.post(
        "/login/", {"username": user.username, "password": "a long passphrase", "csrfmiddlewaretoken": token}
    )
    return browser, browser.cookies[settings.CSRF_COOKIE_NAME].value


@pytest.mark.parametrize("path", ["/admin/halt", "/api/v1/halts", f"/api/v1/markets/{MARKET}/halt"])
def test_whoever_was_logged_in_halts_though_nobody_can_be_looked_up(path: str, olga: User) -> None:
    browser, token = logged_in(olga)

    with the_database_is_away():
        halted = post(browser, path, body={"reason": "odd books"}, headers={"X-CSRFToken": token})
        forged = post(browser, path, body={"reason": "odd books"})

    assert halted.status_code == 202
    assert forged.status_code == 403
    assert [wish.by for wish in wishes.kept()] == ["olga"]


@pytest.mark.parametrize("path", ["/api/v1/reset", f"/api/v1/markets/{MARKET}/resume", "/admin/reset"])
def test_the_pass_of_a_log_in_opens_nothing_but_halts(path: str, rita: User) -> None:
    browser, token = logged_in(rita)

    with the_database_is_away():
        answer = post(browser, path, body={"reason": "fine"}, headers={"X-CSRFToken": token})

    assert answer.status_code == 503


def test_a_viewers_log_in_is_no_pass_and_a_forged_one_is_none_either(vera: User) -> None:
    viewer, token = logged_in(vera)
    forger = Client(enforce_csrf_checks=True)
    forger.cookies[settings.CSRF_COOKIE_NAME] = token
    forger.cookies[settings.SESSION_COOKIE_NAME] = "somebody"
    forger.cookies[halt_pass.cookie()] = signing.dumps({"name": "olga", "role": "operator"}, key="guessed")
    headers = {"X-CSRFToken": token, "Origin": "http://testserver"}

    with the_database_is_away():
        answers = [post(each, "/admin/halt", headers=headers) for each in (viewer, forger)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert wishes.kept() == []


def test_who_logs_out_hands_the_pass_in(olga: User) -> None:
    browser, token = logged_in(olga)
    assert browser.cookies[halt_pass.cookie()].value

    browser.post("/logout/", {"csrfmiddlewaretoken": token})

    assert not browser.cookies[halt_pass.cookie()].value


def test_a_halt_with_a_key_is_accepted_and_kept_too(client: Client) -> None:
    with the_database_is_away():
        answer = post(client, "/admin/halt", token=OPERATOR_TOKEN, headers={"Idempotency-Key": "k-1"})

    assert answer.status_code == 202
    assert len(wishes.kept()) == 1


@pytest.mark.parametrize(
    ("path", "token", "control"),
    [
        ("/admin/reset", ADMIN_TOKEN, "reset"),
        ("/api/v1/reset", ADMIN_TOKEN, "reset"),
        (f"/admin/resume-market?market_id={MARKET}", OPERATOR_TOKEN, f"resume-market {MARKET}"),
        (f"/api/v1/markets/{MARKET}/resume", OPERATOR_TOKEN, f"resume-market {MARKET}"),
    ],
)
def test_of_a_control_that_was_carried_out_it_is_never_said_that_nothing_was_changed(
    client: Client, market: str, path: str, token: str, control: str
) -> None:
    halt()
    services.halt_market(market_id=market, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)

    with the_database_fails_once_after("risk_audit"):
        answer = post(client, path, token=token, body={"reason": "looked at it"})

    assert answer.status_code == 503
    said = problem(answer)
    assert said["carried_out"] == [control]
    assert said["detail"].startswith(
        f"{control}: carried out and recorded. Only the state after it could not"
    )
    assert "nothing was changed" not in said["detail"]
    assert Audit.objects.filter(what=control.split()[0], outcome="done").exists()


@pytest.mark.parametrize("path", ["/admin/reset", "/api/v1/reset"])
def test_what_was_carried_out_is_not_done_again_under_its_key(client: Client, path: str) -> None:
    """The answer was a 503, and what failed is otherwise tried anew: a halt pressed meanwhile would be ended."""
    halt()

    def pressed() -> HttpResponse:
        key = {"Idempotency-Key": "once"}
        return post(client, path, token=ADMIN_TOKEN, body={"reason": "fine"}, headers=key)

    with the_database_fails_once_after("risk_audit"):
        first = pressed()
    halt("no, wait")

    again = pressed()

    assert (again.status_code, again.content) == (503, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert selectors.halt_in_force() is not None


def test_a_control_that_was_taken_back_is_not_said_to_be_carried_out() -> None:
    with noted() as done:
        with suppress(ZeroDivisionError), transaction.atomic():
            record(RISK_ADMIN, "arm", outcome=AuditOutcome.DONE, reason="r", before={}, after={}, at=NOON)
            raise ZeroDivisionError
        assert done == []
        record(RISK_ADMIN, "arm", outcome=AuditOutcome.REFUSED, reason="r", before={}, after={}, at=NOON)
        assert done == []
