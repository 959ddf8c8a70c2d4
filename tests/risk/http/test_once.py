"""``Idempotency-Key`` over HTTP: what is sent twice is carried out once, and no halt is ever held back by it."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from redis import Redis

from infra import clock
from infra.clock import to_datetime
from risk import selectors, services
from risk.access import tokens
from risk.access.people import Actor, Role
from risk.alerts import sender
from risk.models import ApiToken, Audit, Incident, Remembered, Scope
from tests.risk.away import the_database_is_away
from tests.risk.conftest import RISK_ADMIN
from tests.risk.http.test_doors import ADMIN_TOKEN, ELSEWHERE, OPERATOR_TOKEN, post, problem
from tests.risk.http.test_doors import tokens as bearer_tokens

__all__ = ["bearer_tokens"]  # a fixture, used by every test here

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]

OPENED = {"title": "feed odd", "severity": 2}


def send(
    client: Client, path: str, body: object = None, *, key: str = "k-1", token: str | None = OPERATOR_TOKEN
) -> Any:
    return post(client, path, token=token, body=body, headers={"Idempotency-Key": key})


def test_the_same_request_is_carried_out_once_and_answered_alike(client: Client) -> None:
    first = send(client, "/api/v1/incidents", OPENED)
    again = send(client, "/api/v1/incidents", OPENED)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Incident.objects.count() == 1


def test_without_a_key_it_is_carried_out_each_time(client: Client) -> None:
    for _ in range(2):
        post(client, "/api/v1/incidents", token=OPERATOR_TOKEN, body=OPENED)

    assert Incident.objects.count() == 2
    assert not Remembered.objects.exists()


def test_a_refusal_is_remembered_too(client: Client) -> None:
    first = send(client, "/admin/reset", {"reason": "fine"}, token=ADMIN_TOKEN)
    services.halt_trading(code=services.HaltCode.MANUAL, detail="odd", by=RISK_ADMIN, at=clock.now_ms())

    again = send(client, "/admin/reset", {"reason": "fine"}, token=ADMIN_TOKEN)

    assert (first.status_code, again.status_code) == (409, 409)
    assert again.content == first.content
    assert selectors.halt_in_force() is not None, (
        "the first request with this key was refused, and so is this"
    )


def test_another_body_with_the_same_key_is_refused(client: Client) -> None:
    send(client, "/api/v1/incidents", OPENED)

    refused = send(client, "/api/v1/incidents", OPENED | {"severity": 0})

    assert refused.status_code == 422
    said = problem(refused)
    assert (said["field"], "a key of its own" in said["detail"]) == ("Idempotency-Key", True)
    assert Incident.objects.count() == 1


def test_another_query_with_the_same_key_is_refused(client: Client, market: str) -> None:
    send(client, f"/admin/resume-market?market_id={market}", {"reason": "r"})

    assert send(client, "/admin/resume-market?market_id=t1-hle-game1", {"reason": "r"}).status_code == 422


def test_keys_of_two_tokens_do_not_meet(client: Client) -> None:
    send(client, "/api/v1/incidents", OPENED, token=OPERATOR_TOKEN)

    assert "Idempotent-Replayed" not in send(client, "/api/v1/incidents", OPENED, token=ADMIN_TOKEN)
    assert Incident.objects.count() == 2


def test_keys_of_two_addresses_do_not_meet(client: Client) -> None:
    send(client, "/api/v1/incidents", OPENED)

    number = Incident.objects.get().pk
    assert send(client, f"/api/v1/incidents/{number}/notes", {"text": "seen"}).status_code == 200


def test_while_the_first_is_under_way_the_second_is_told_to_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first is inside its control."""
    inside: list[Any] = []

    def told_slowly(_who: str) -> dict[str, Any]:
        if not inside:
            inside.append(None)
            inside[0] = send(Client(), "/api/v1/alerts/test")
        return {}

    monkeypatch.setattr(sender, "send_test", told_slowly)

    assert send(client, "/api/v1/alerts/test").status_code == 200
    assert inside[0].status_code == 409
    assert "send it again in a moment" in problem(inside[0])["detail"]
    assert send(client, "/api/v1/alerts/test").status_code == 200


def test_of_a_first_request_that_died_it_is_said_that_nothing_is_known(client: Client) -> None:
    send(client, "/api/v1/incidents", OPENED)
    long_ago = to_datetime(clock.now_ms() - 120_000)
    Remembered.objects.update(status=None, body=None, content_type=None, at=long_ago)

    refused = send(client, "/api/v1/incidents", OPENED)

    assert refused.status_code == 409
    assert "whether it was carried out is not known here" in problem(refused)["detail"]


def test_what_failed_is_not_remembered(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_who: str) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(sender, "send_test", broken)
    client.raise_request_exception = False
    assert send(client, "/api/v1/alerts/test").status_code == 500
    monkeypatch.undo()

    assert not Remembered.objects.exists()


def test_without_the_database_nothing_is_carried_out(client: Client) -> None:
    with the_database_is_away():
        answer = send(client, "/api/v1/incidents", OPENED)

    assert answer.status_code == 503
    assert "nothing was changed" in problem(answer)["detail"]


@pytest.mark.parametrize("key", ["", "k" * 201, "schlüssel"])
def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    refused = send(client, "/api/v1/incidents", OPENED, key=key)

    assert refused.status_code == 400
    assert problem(refused)["field"] == "Idempotency-Key"
    assert not Incident.objects.exists()


def test_the_longest_key_is_taken(client: Client) -> None:
    send(client, "/api/v1/incidents", OPENED, key="k" * 200)

    assert "Idempotent-Replayed" in send(client, "/api/v1/incidents", OPENED, key="k" * 200)


def test_long_addresses_with_one_beginning_do_not_meet(client: Client) -> None:
    beginning = "/api/v1/markets/" + "m" * 300
    first = send(client, f"{beginning}1/resume", {"reason": "r"})
    other = send(client, f"{beginning}2/resume", {"reason": "r"})

    assert (first.status_code, other.status_code) == (404, 404)
    assert "Idempotent-Replayed" not in other


def test_nobody_gets_an_answer_without_being_known(client: Client, olga: User) -> None:
    made = tokens.make_token(
        owner="olga",
        name="ci",
        scope=Scope.OPERATE,
        days=1,
        by=Actor("olga", Role.OPERATOR, "local", olga),
        at=clock.now_ms(),
    )
    assert send(client, "/api/v1/incidents", OPENED, token=made.token).status_code == 201
    ApiToken.objects.update(revoked=to_datetime(clock.now_ms()))

    assert send(client, "/api/v1/incidents", OPENED, token=made.token).status_code == 401
    assert send(client, "/api/v1/incidents", OPENED, token=None).status_code == 401
    assert send(client, "/api/v1/incidents", OPENED, token="wrong").status_code == 401


def test_a_log_in_needs_its_csrf_token_for_an_answer_too(rita: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rita)

    assert send(client, "/api/v1/incidents", OPENED, token=None).status_code == 403
    assert not Remembered.objects.exists()


def test_a_tokens_text_is_kept_nowhere(client: Client, rita: User) -> None:
    client.force_login(rita)
    asked = {"name": "ci", "scope": "read"}

    first = send(client, "/api/v1/tokens", asked, token=None)
    again = send(client, "/api/v1/tokens", asked, token=None)

    assert (first.status_code, again.status_code) == (201, 409)
    assert "revoke it and make another" in problem(again)["detail"]
    assert ApiToken.objects.count() == 1
    assert first.json()["token"] not in str(list(Remembered.objects.values()))


def test_a_log_in_link_is_kept_nowhere(client: Client, redis: Redis, rita: User, olga: User) -> None:
    client.force_login(rita)

    first = send(client, "/api/v1/people/olga/login-link", {}, token=None)
    again = send(client, "/api/v1/people/olga/login-link", {}, token=None)

    assert (first.status_code, again.status_code) == (200, 409)
    secret = first.json()["link"].rstrip("/").rpartition("/")[2]
    assert secret not in str(list(Remembered.objects.values()))


def test_a_halt_that_is_sent_again_is_one_press(client: Client) -> None:
    first = send(client, "/api/v1/halts", {"reason": "odd books"})
    again = send(client, "/api/v1/halts", {"reason": "odd books"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert Audit.objects.filter(what="halt").count() == 1


def test_a_halt_with_an_old_key_halts_again_once_trading_was_reset(client: Client) -> None:
    """A script that always sends one key must not be told of this morning's halt while trading goes on."""
    send(client, "/admin/halt", {"reason": "odd books"}, key="halt")
    assert (
        send(client, "/admin/reset", {"reason": "looked"}, key="reset", token=ADMIN_TOKEN).status_code == 200
    )
    assert selectors.halt_in_force() is None

    again = send(client, "/admin/halt", {"reason": "odd books"}, key="halt")

    assert again.status_code == 200
    assert selectors.halt_in_force() is not None


def test_a_halt_is_never_refused_for_its_key(client: Client) -> None:
    send(client, "/admin/halt", {"reason": "odd books"}, key="halt")
    other = send(client, "/admin/halt", {"reason": "odder books"}, key="halt")
    assert (other.status_code, json.loads(other.content)["halt"]["pressed"]) == (200, 2)

    Remembered.objects.update(status=None, body=None, content_type=None)
    third = send(client, "/admin/halt", {"reason": "odder books"}, key="halt")
    assert (third.status_code, json.loads(third.content)["halt"]["pressed"]) == (200, 3)


def test_this_machine_halts_once_by_its_key_and_nobody_elsewhere_does(client: Client) -> None:
    assert send(client, "/admin/halt", token=None).status_code == 200
    assert "Idempotent-Replayed" in send(client, "/admin/halt", token=None)

    elsewhere = post(client, "/admin/halt", headers={"Idempotency-Key": "k-1"}, peer=ELSEWHERE)

    assert elsewhere.status_code == 401
