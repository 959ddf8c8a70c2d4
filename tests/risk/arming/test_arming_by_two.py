"""Goal: real money is armed by two people, and by nobody who is one person twice.

Method: each person is an HTTP client of their own, logged in or with a token; nothing is called but the API.
"""

import json
from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from infra import clock, heartbeat, redis
from risk.access.consent import WAITS_MS
from risk.access.people import Role
from risk.audit import check as audit_check
from risk.models import Audit, Consent, Scope
from tests.risk.access.test_tokens import a_token
from tests.risk.arming.test_arming import PHRASE, armable
from tests.risk.conftest import with_role
from tests.risk.http.test_doors import ADMIN_TOKEN

__all__ = ["armable"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("armable", "healthy")]

PASSWORD: Final = "a long passphrase"
Said = tuple[int, dict[str, Any]]


class Person:
    """One person's way in: a browser that is logged in, or a program with a token."""

    def __init__(self, user: User | None = None, *, token: str | None = None) -> None:
        self._client = Client(headers={} if token is None else {"Authorization": f"Bearer {token}"})
        if user is not None:
            self._client.force_login(user)

    def post(self, path: str, **body: object) -> Said:
        answer = self._client.post(f"/api/v1/{path}", data=json.dumps(body), content_type="application/json")
        return answer.status_code, json.loads(answer.content)

    def arm(self, phrase: str = PHRASE) -> Said:
        return self.post("arm", phrase=phrase, reason="a quiet evening")

    def ask(self) -> int:
        """Press Arm where nobody agreed yet; the number it waits under."""
        status, said = self.arm()
        assert status == 409, said
        number = said["consent"]["id"]
        assert isinstance(number, int)
        return number

    def agree(self, number: int, password: str = PASSWORD) -> Said:
        return self.post(f"consents/{number}/agree", password=password)

    def is_armed(self) -> bool:
        told = self._client.get("/api/v1/arming").json()
        return told["armed"] is not None


@pytest.fixture(autouse=True)
def two_are_asked_for(settings: Settings) -> None:
    chosen = {"second_person": True, "admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)


@pytest.fixture
def at_rita(rita: User) -> Person:
    """Logged in, with a preflight that passed."""
    here = Person(rita)
    status, said = here.post("preflights")
    assert (status, said["passed"]) == (201, True)
    return here


@pytest.fixture
def remy(db: None) -> User:
    return with_role(User.objects.create_user("remy", password=PASSWORD), Role.RISK_ADMIN)


def pass_time(ms: int) -> None:
    """What was asked for was asked so much earlier."""
    Consent.objects.update(
        asked=F("asked") - timedelta(milliseconds=ms), expires=F("expires") - timedelta(milliseconds=ms)
    )


def test_one_asks_the_other_agrees_and_then_it_is_armed(at_rita: Person, remy: User) -> None:
    at_remy = Person(remy)

    number = at_rita.ask()
    assert not at_rita.is_armed(), "asking arms nothing"
    status, said = at_remy.agree(number)
    assert (status, said["given_by"], said["about"]["mode"]) == (200, "remy", "rehearsal")
    assert not at_rita.is_armed(), "agreeing arms nothing"
    status, said = at_rita.arm()

    assert (status, said["armed"]["by"]) == (200, "rita")
    assert at_remy.is_armed()
    link = Audit.objects.get(what="arm", outcome="done")
    assert (link.who, link.after["agreed_by"], link.after["consent"]) == ("rita", "remy", number)
    assert audit_check.verify().broken is None


def test_one_alone_presses_as_often_as_she_likes(at_rita: Person, remy: User) -> None:
    number = at_rita.ask()

    assert at_rita.ask() == number
    status, said = at_rita.agree(number)

    assert (status, "somebody else must agree" in said["detail"]) == (403, True)
    assert at_rita.ask() == number
    assert not at_rita.is_armed()


def test_the_same_person_under_another_token_is_no_second_one(
    at_rita: Person, rita: User, remy: User
) -> None:
    number = at_rita.ask()

    for token in (a_token(rita, Scope.ADMIN), a_token(remy, Scope.ADMIN), ADMIN_TOKEN):
        program = Person(token=token)
        assert program.agree(number)[0] == 403
        status, said = program.arm()
        assert status == 403
        assert "two people" in said["detail"]

    assert at_rita.ask() == number
    assert not at_rita.is_armed()


def test_her_second_browser_is_still_herself(at_rita: Person, rita: User, remy: User) -> None:
    assert Person(rita).agree(at_rita.ask())[0] == 403
    assert not at_rita.is_armed()


def test_an_account_she_made_herself_is_no_second_person(at_rita: Person, remy: User) -> None:
    status, _ = at_rita.post("people", name="sock", role="risk-admin")
    assert status == 201
    sock = User.objects.get(username="sock")
    sock.set_password(PASSWORD)
    sock.save()
    number = at_rita.ask()

    status, said = Person(sock).agree(number)

    assert (status, "let sock in" in said["detail"]) == (403, True)
    assert Person(remy).agree(number)[0] == 200


def test_who_agreed_has_not_asked(at_rita: Person, remy: User) -> None:
    """Otherwise whoever agrees takes the other's question for their own."""
    at_remy = Person(remy)
    number = at_rita.ask()
    at_remy.agree(number)

    assert at_remy.ask() != number
    assert not at_rita.is_armed()


def test_nobody_agrees_once_its_time_is_over(at_rita: Person, remy: User) -> None:
    number = at_rita.ask()
    pass_time(WAITS_MS)

    status, said = Person(remy).agree(number)

    assert (status, "could be agreed to until" in said["detail"]) == (409, True)
    assert at_rita.ask() != number


def test_an_agreement_not_used_in_time_is_none(at_rita: Person, remy: User) -> None:
    number = at_rita.ask()
    Person(remy).agree(number)
    pass_time(WAITS_MS)

    assert at_rita.ask() != number
    assert not at_rita.is_armed()


def test_one_agreement_arms_once(at_rita: Person, remy: User) -> None:
    number = at_rita.ask()
    Person(remy).agree(number)
    assert at_rita.arm()[0] == 200
    assert at_rita.post("disarm")[0] == 200

    assert at_rita.ask() != number
    assert not at_rita.is_armed()


def test_an_agreement_to_one_wallet_is_none_to_another(
    at_rita: Person, remy: User, settings: Settings
) -> None:
    number = at_rita.ask()
    Person(remy).agree(number)
    other = {"wallet_address": "0x" + "cd" * 20}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=other)
    assert at_rita.post("preflights")[0] == 201

    status, said = at_rita.arm("trade simulated money from cdcdcd")

    assert status == 409
    assert said["consent"]["id"] != number
    assert not at_rita.is_armed()


def test_nobody_is_asked_before_all_else_is_right(at_rita: Person, remy: User) -> None:
    status, _ = at_rita.arm("go")

    assert status == 409
    assert not Consent.objects.exists()


def test_an_agreement_does_not_outlive_the_trader(at_rita: Person, remy: User) -> None:
    Person(remy).agree(at_rita.ask())
    redis.client(redis.Db.BUS).flushdb()

    status, said = at_rita.arm()
    assert (status, "no trader runs" in said["detail"]) == (409, True)
    heartbeat.beat("trader", clock.now_ms())

    assert at_rita.arm()[0] == 200, "the word was not spent by what was refused"
