"""Guessing tokens is bounded too, HALT is never in its way, and who may end a lockout."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from infra import clock
from risk import selectors
from risk.access import tokens
from risk.access.people import shell
from risk.models import Audit, Lockout, Scope
from tests.risk.guesses import (
    ADMIN_TOKEN,
    ELSEWHERE,
    OPERATOR_TOKEN,
    PASSWORD,
    TRIES_ADDRESS,
    TRIES_PERSON,
    last,
    log_in,
    with_token,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy", "redis", "few_tries")]


def test_wrong_tokens_lock_the_address_for_tokens(rita: User) -> None:
    seen = [with_token("/api/v1/control", f"guess{number}").status_code for number in range(TRIES_ADDRESS)]

    assert seen == [401] * (TRIES_ADDRESS - 1) + [429]
    answer = with_token("/api/v1/control", ADMIN_TOKEN)
    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert with_token("/api/v1/control", ADMIN_TOKEN, at="198.51.100.1").status_code == 200
    assert log_in("rita", PASSWORD).status_code == 302


def test_a_token_that_ended_is_no_guess(rita: User) -> None:
    """A forgotten script must not lock its neighbours out."""
    made = tokens.make_token(
        owner="rita", name="robot", scope=Scope.READ, days=None, by=shell(), at=clock.now_ms()
    )
    tokens.revoke_token(token_id=made.row.pk, by=shell(), at=clock.now_ms())

    seen = {with_token("/api/v1/control", made.token).status_code for _ in range(TRIES_ADDRESS + 1)}

    assert seen == {401}


def test_halt_by_a_right_token_is_open_through_a_lockout() -> None:
    refused = last(TRIES_ADDRESS + 1, lambda number: with_token("/admin/halt", f"guess{number}"))
    assert refused.status_code == 429

    assert with_token("/admin/reset", ADMIN_TOKEN).status_code == 429
    assert with_token("/admin/halt", OPERATOR_TOKEN).status_code == 200
    assert selectors.halt_in_force() is not None


def test_halt_from_this_machine_is_open_through_a_lockout() -> None:
    for number in range(TRIES_ADDRESS + 1):
        with_token("/admin/halt", f"guess{number}", at="127.0.0.1")

    answer = Client().post(
        "/admin/halt", "", "application/json", REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1:8080"
    )

    assert answer.status_code == 200


def test_halt_from_a_session_is_open_through_a_lockout(olga: User) -> None:
    client = Client()
    client.force_login(olga)
    for number in range(TRIES_ADDRESS + 1):
        with_token("/api/v1/control", f"guess{number}")
        log_in("olga", "guess")

    answer = client.post(
        "/api/v1/halts", data='{"reason": "odd"}', content_type="application/json", REMOTE_ADDR=ELSEWHERE
    )

    assert answer.status_code == 201


def test_the_old_password_is_not_guessed_by_who_took_a_session(rita: User) -> None:
    client = Client()
    client.force_login(rita)
    form = {
        "old_password": "guess",
        "new_password1": "another long one 77",
        "new_password2": "another long one 77",
    }

    seen = [client.post("/password/", form).status_code for _ in range(TRIES_PERSON)]

    assert seen == [200] * (TRIES_PERSON - 1) + [429]
    right = client.post("/password/", form | {"old_password": PASSWORD})
    assert right.status_code == 429
    assert "Too many wrong tries" in right.content.decode()


def unlock(*words: str) -> str:
    out = StringIO()
    call_command("unlock", *words, stdout=out)
    return out.getvalue().strip()


def test_the_owner_unlocks_from_the_machine(rita: User) -> None:
    assert unlock() == "nobody is locked out"
    for _ in range(TRIES_PERSON):
        log_in("rita", "guess")
    assert unlock() == f"person rita: {TRIES_PERSON} wrong tries, last from {ELSEWHERE}, 15 min left"

    with pytest.raises(CommandError, match="not locked out: nobody"):
        unlock("nobody")
    assert unlock("rita") == "1 may try again"

    assert log_in("rita", PASSWORD).status_code == 302
    assert Audit.objects.get(what="lift-lockout").target == "person rita"


def test_after_unlocking_it_is_counted_anew(rita: User) -> None:
    for _ in range(TRIES_PERSON):
        log_in("rita", "guess", at="198.51.100.1")
    unlock("--all")

    seen = [log_in("rita", "guess").status_code for _ in range(TRIES_PERSON)]

    assert seen == [200] * (TRIES_PERSON - 1) + [429]


def test_a_risk_admin_lifts_a_lockout_and_nobody_else(rita: User, olga: User) -> None:
    for _ in range(TRIES_PERSON):
        log_in("olga", "guess")
    number = Lockout.objects.get().pk

    def lift(by: User) -> tuple[int, Any]:
        client = Client()
        client.force_login(by)
        body = json.dumps({"reason": "it was her"})
        answer = client.post(f"/api/v1/lockouts/{number}/lift", data=body, content_type="application/json")
        return answer.status_code, answer.json()

    assert lift(olga)[0] == 403
    assert lift(rita) == (200, {"lifted": True})
    assert lift(rita)[0] == 404
    assert log_in("olga", PASSWORD).status_code == 302
