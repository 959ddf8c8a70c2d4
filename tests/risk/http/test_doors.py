"""The operator's endpoints over HTTP: who may, from where, and what each refusal says."""

import json
from typing import Any, cast

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from infra import checks
from risk import selectors
from risk.models import Audit
from tests.risk.conftest import MARKET, halt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]

OPERATOR_TOKEN = "operator-token-of-this-test"
ADMIN_TOKEN = "admin-token-of-this-test"
ELSEWHERE = "10.1.2.3"


@pytest.fixture(autouse=True)
def tokens(settings: Settings) -> None:
    both = {"operator_token": SecretStr(OPERATOR_TOKEN), "admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=both)


def post(
    client: Client,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: dict[str, str] | None = None,
    peer: str = "127.0.0.1",
) -> HttpResponse:
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    text = "" if body is None else json.dumps(body)
    return cast(
        HttpResponse,
        client.post(
            path,
            data=text,
            content_type="application/json",
            headers=sent,
            REMOTE_ADDR=peer,
            SERVER_NAME="127.0.0.1",
        ),
    )


def problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert found["status"] == answer.status_code
    return found


def is_halted() -> bool:
    return selectors.halt_in_force() is not None


def test_the_operator_token_halts_from_anywhere(client: Client) -> None:
    answer = post(client, "/admin/halt", token=OPERATOR_TOKEN, body={"reason": "odd books"}, peer=ELSEWHERE)

    assert answer.status_code == 200
    assert json.loads(answer.content)["halt"]["detail"] == "odd books"
    assert Audit.objects.get().from_address == "10.1.2.3"


def test_a_reason_may_be_left_out_by_a_token(client: Client) -> None:
    post(client, "/admin/halt", token=OPERATOR_TOKEN)

    halted = selectors.halt_in_force()
    assert halted is not None
    assert halted.detail == "by token operator"


def test_halting_again_is_fine(client: Client) -> None:
    post(client, "/admin/halt", token=OPERATOR_TOKEN)

    assert post(client, "/admin/halt", token=OPERATOR_TOKEN).status_code == 200


def test_the_machine_itself_halts_without_a_token(client: Client) -> None:
    answer = post(client, "/admin/halt", peer="127.0.0.1")

    assert answer.status_code == 200
    assert Audit.objects.get().who == "this machine"


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"X-Forwarded-Host": "polyloly.example.org"},
        {"Via": "1.1 proxy"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
    ],
)
def test_what_a_proxy_or_a_browser_passed_on_needs_a_token(client: Client, header: dict[str, str]) -> None:
    answer = post(client, "/admin/halt", headers=header, peer="127.0.0.1")

    assert answer.status_code == 401
    assert not is_halted()


@pytest.mark.parametrize("peer", ["10.1.2.3", "", "unix:"])
def test_another_machine_needs_a_token(client: Client, peer: str) -> None:
    answer = post(client, "/admin/halt", peer=peer)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "OPERATOR_TOKEN" in problem(answer)["detail"]
    assert not is_halted()


@pytest.mark.parametrize(
    "sent",
    [
        "Bearer not-the-token-at-all",
        "Bearer ",
        "Basic b2xnYTpvbGdh",
        OPERATOR_TOKEN,
        f"Bearer {OPERATOR_TOKEN} ",
    ],
)
def test_a_wrong_token_is_refused_even_on_the_machine_itself(client: Client, sent: str) -> None:
    answer = post(client, "/admin/halt", headers={"Authorization": sent}, peer="127.0.0.1")

    assert answer.status_code == 401
    assert not is_halted()


def test_without_tokens_configured_none_is_right(client: Client, settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"operator_token": None, "admin_token": None})

    assert post(client, "/admin/halt", token="None", peer=ELSEWHERE).status_code == 401
    assert post(client, "/admin/reset", token="", peer=ELSEWHERE).status_code == 401


@pytest.mark.parametrize("path", ["/admin/reset", f"/admin/resume-market?market_id={MARKET}"])
def test_only_halting_is_open_to_the_machine_itself(client: Client, path: str) -> None:
    assert post(client, path, peer="127.0.0.1").status_code == 401


def test_the_admin_token_resets(client: Client) -> None:
    halt()

    answer = post(client, "/admin/reset", token=ADMIN_TOKEN, peer=ELSEWHERE)

    assert answer.status_code == 200
    assert json.loads(answer.content)["halt"] is None
    assert Audit.objects.get(what="reset").reason == "by token admin"


def test_the_operator_token_cannot_reset(client: Client) -> None:
    halt()

    answer = post(client, "/admin/reset", token=OPERATOR_TOKEN)

    assert answer.status_code == 403
    assert "risk-admin" in problem(answer)["detail"]
    assert is_halted()


def test_a_reset_without_a_halt_is_a_conflict(client: Client) -> None:
    assert post(client, "/admin/reset", token=ADMIN_TOKEN).status_code == 409


def test_a_reset_with_a_failing_check_is_a_conflict_and_names_it(client: Client) -> None:
    halt()
    checks.register("feeds", lambda: checks.failed("feeds", "no frame for 40 s", "restart the adapter"))

    answer = post(client, "/admin/reset", token=ADMIN_TOKEN)

    assert answer.status_code == 409
    assert "no frame for 40 s (restart the adapter)" in problem(answer)["detail"]
    assert is_halted()


@pytest.mark.parametrize("path", ["/admin/reset", "/api/v1/reset"])
def test_a_reset_goes_on_in_spite_of_a_failing_check_when_told_to(client: Client, path: str) -> None:
    halt()
    checks.register("feeds", lambda: checks.failed("feeds", "no frame for 40 s", "restart the adapter"))

    answer = post(client, path, token=ADMIN_TOKEN, body={"reason": "feeds are late", "override": True})

    assert answer.status_code == 200
    assert not is_halted()
    assert Audit.objects.get(what="reset").after["override"][0]["check"] == "feeds"


def test_an_override_is_not_left_to_the_tokens_name(client: Client) -> None:
    halt()

    answer = post(client, "/admin/reset", token=ADMIN_TOKEN, body={"override": True})

    assert answer.status_code == 400
    assert problem(answer)["field"] == "reason"
    assert is_halted()


@pytest.mark.usefixtures("market")
def test_a_market_is_halted_and_resumed_by_id_or_slug(client: Client) -> None:
    assert post(client, "/admin/halt-market?market_id=t1-hle-game1", token=OPERATOR_TOKEN).status_code == 200
    assert list(selectors.market_halts()) == [MARKET]

    answer = post(client, f"/admin/resume-market?market_id={MARKET}", token=OPERATOR_TOKEN)

    assert answer.status_code == 200
    assert selectors.market_halts() == {}


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/admin/halt-market?market_id=nowhere", 404, "market_id"),
        ("/admin/resume-market?market_id=nowhere", 404, "market_id"),
        ("/admin/halt-market", 400, "market_id"),
        (f"/admin/resume-market?market_id={MARKET}", 409, None),
    ],
)
def test_a_market_that_cannot_be_is_refused(
    client: Client, path: str, status: int, field: str | None
) -> None:
    answer = post(client, path, token=OPERATOR_TOKEN)

    assert answer.status_code == status
    assert problem(answer).get("field") == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ('{"reason": 7}', "reason"),
        ('{"reason": ""}', "reason"),
        ('{"reason": "%s"}' % ("x" * 301), "reason"),
        ('{"why": "typo"}', "why"),
    ],
)
def test_a_bad_body_is_refused_and_the_field_named(client: Client, text: str, field: str) -> None:
    answer = client.post(
        "/admin/halt",
        data=text,
        content_type="application/json",
        headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"},
    )

    assert answer.status_code == 400
    assert problem(answer)["field"] == field
    assert not is_halted()


def test_only_post_is_understood(client: Client, rita: User) -> None:
    client.force_login(rita)

    answer = client.get("/admin/halt")

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


def with_csrf(user: User) -> tuple[Client, str]:
    """A browser that is logged in, and the token its page carries."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    token = "a" * 32
    browser.cookies[settings.CSRF_COOKIE_NAME] = token
    return browser, token


def test_a_log_in_needs_its_csrf_token(rita: User) -> None:
    halt()
    browser, token = with_csrf(rita)

    without = post(browser, "/admin/reset", body={"reason": "all fine"})
    assert without.status_code == 403
    assert problem(without)["field"] == "X-CSRFToken"
    assert is_halted()

    given = post(browser, "/admin/reset", body={"reason": "all fine"}, headers={"X-CSRFToken": token})
    assert given.status_code == 200
    assert Audit.objects.get(what="reset").who == "rita"


@pytest.mark.parametrize(("path", "status"), [("/admin/halt", 400), ("/api/v1/halts", 400)])
def test_a_form_with_the_csrf_token_in_it_is_refused_in_words(rita: User, path: str, status: int) -> None:
    browser, token = with_csrf(rita)

    answer = browser.post(path, {"csrfmiddlewaretoken": token})

    assert answer.status_code == status
    problem(answer)


def test_a_token_needs_no_csrf_token() -> None:
    browser = Client(enforce_csrf_checks=True)

    assert post(browser, "/admin/halt", token=OPERATOR_TOKEN).status_code == 200


def test_a_person_gives_a_reason_to_reset(rita: User) -> None:
    halt()
    browser, token = with_csrf(rita)

    answer = post(browser, "/admin/reset", headers={"X-CSRFToken": token})

    assert answer.status_code == 400
    assert problem(answer)["field"] == "reason"


def test_staff_resume_a_market_but_do_not_reset(olga: User, market: str) -> None:
    halt()
    browser, token = with_csrf(olga)
    headers = {"X-CSRFToken": token}
    post(browser, f"/admin/halt-market?market_id={market}", headers=headers)

    body = {"reason": "looked at it"}
    resumed = post(browser, f"/admin/resume-market?market_id={market}", body=body, headers=headers)

    assert resumed.status_code == 200
    assert post(browser, "/admin/reset", body=body, headers=headers).status_code == 403


def test_a_viewer_may_only_look(vera: User) -> None:
    browser, token = with_csrf(vera)

    answer = post(browser, "/admin/halt", headers={"X-CSRFToken": token}, peer="127.0.0.1")

    assert answer.status_code == 403
    assert not is_halted()


def test_the_doors_come_before_the_django_admin(client: Client) -> None:
    assert post(client, "/admin/halt", token=OPERATOR_TOKEN).status_code == 200
    assert client.get("/admin/").status_code == 302
