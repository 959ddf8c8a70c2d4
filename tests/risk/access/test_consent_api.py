"""The second person over HTTP: two people at two browsers, and what a token or a stolen browser may not."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from risk import selectors
from risk.access.people import Role
from risk.models import Audit, Consent
from tests.risk.conftest import halt, with_role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]

PASSWORD = "a long passphrase"


@pytest.fixture(autouse=True)
def two_are_asked_for(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"second_person": True})


@pytest.fixture
def remy(db: None) -> User:
    return with_role(User.objects.create_user("remy", password=PASSWORD), Role.RISK_ADMIN)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, path: str, **body: object) -> tuple[int, dict[str, Any]]:
    answer = client.post(f"/api/v1/{path}", data=json.dumps(body), content_type="application/json")
    return answer.status_code, json.loads(answer.content)


def asked(client: Client) -> int:
    status, said = post(client, "reset", reason="feed was restarted")
    assert status == 409
    number = said["consent"]["id"]
    assert isinstance(number, int)
    return number


def test_two_people_reset_together(rita: User, remy: User) -> None:
    halt()
    rita_at, remy_at = browser(rita), browser(remy)
    number = asked(rita_at)
    (seen,) = remy_at.get("/api/v1/consents").json()
    assert (seen["id"], seen["asked_by"], seen["waits_for"]) == (number, "rita", ["remy"])

    status, said = post(remy_at, f"consents/{number}/agree", password=PASSWORD)
    assert (status, said["given_by"]) == (200, "remy")

    assert post(rita_at, "reset", reason="feed was restarted")[0] == 200
    assert selectors.halt_in_force() is None
    assert rita_at.get("/api/v1/consents").json() == []


def test_a_browser_left_open_does_not_agree(rita: User, remy: User) -> None:
    halt()
    number = asked(browser(rita))

    status, said = post(browser(remy), f"consents/{number}/agree", password="a guess")

    assert (status, said["field"]) == (422, "password")
    assert Consent.objects.get().given is None
    assert Audit.objects.filter(what="consent", outcome="refused", who="remy").count() == 1


def test_who_has_no_password_sets_one_first(rita: User, remy: User) -> None:
    """A log-in by a link proves who made the link, not who follows it."""
    halt()
    number = asked(browser(rita))
    remy.set_unusable_password()
    remy.save()

    status, said = post(browser(remy), f"consents/{number}/agree", password="")

    assert status == 403
    assert "set one on the page People" in said["detail"]


def test_who_asked_is_refused_with_their_own_password(rita: User) -> None:
    halt()
    rita_at = browser(rita)

    status, said = post(rita_at, f"consents/{asked(rita_at)}/agree", password=PASSWORD)

    assert status == 403
    assert "somebody else must agree" in said["detail"]


def test_declining_is_said_to_who_asked(rita: User, remy: User) -> None:
    halt()
    number = asked(browser(rita))

    status, said = post(browser(remy), f"consents/{number}/decline", reason="still torn")

    assert (status, said["ended_by"], said["ended_reason"]) == (200, "remy", "still torn")
    assert post(browser(remy), f"consents/{number}/agree", password=PASSWORD)[0] == 409


def test_an_operator_sees_what_waits_and_cannot_agree(rita: User, olga: User) -> None:
    halt()
    number = asked(browser(rita))
    olga_at = browser(olga)

    assert len(olga_at.get("/api/v1/consents").json()) == 1
    assert post(olga_at, f"consents/{number}/agree", password=PASSWORD)[0] == 403
    assert post(olga_at, f"consents/{number}/decline", reason="no")[0] == 403


def test_an_unknown_number_is_404(rita: User) -> None:
    assert post(browser(rita), "consents/77/agree", password=PASSWORD)[0] == 404
