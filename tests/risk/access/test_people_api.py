"""People over HTTP: a risk admin lets in, changes and lets go; others see themselves; a token lets nobody in."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from redis import Redis

from infra import clock
from risk.access import tokens
from risk.access.people import Actor, Role, role_of
from risk.models import Audit, Scope

pytestmark = pytest.mark.django_db


def ask(client: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
    text = "" if body is None else json.dumps(body)
    return client.generic(
        method, f"/api/v1/people{path}", text, content_type="application/json", headers=headers
    )


def test_a_risk_admin_sees_everybody_with_role_and_last_log_in(
    client: Client, rita: User, olga: User, vera: User
) -> None:
    client.force_login(rita)

    people = {person["name"]: person for person in ask(client, "GET", "").json()}

    assert {name: person["role"] for name, person in people.items()} == {
        "rita": "risk-admin", "olga": "operator", "vera": "viewer",
    }  # fmt: skip
    assert people["rita"]["last_login_ms"] is not None
    assert people["olga"]["last_login_ms"] is None


def test_others_see_themselves_only(client: Client, rita: User, olga: User) -> None:
    client.force_login(olga)

    assert [person["name"] for person in ask(client, "GET", "").json()] == ["olga"]


def test_a_colleague_is_let_in_and_comes_in_by_the_link(client: Client, redis: Redis, rita: User) -> None:
    client.force_login(rita)

    made = ask(client, "POST", "", {"name": "nils", "role": "operator"})
    link = ask(client, "POST", "/nils/login-link", {})

    assert (made.status_code, made.json()["role"], made.json()["has_password"]) == (201, "operator", False)
    assert link.headers["Cache-Control"] == "no-store"
    visitor = Client()
    assert visitor.post(link.json()["link"].partition("8080")[2]).headers["Location"] == "/"
    assert visitor.get("/").status_code == 200


def test_a_role_is_changed_and_taken_with_a_reason_on_record(client: Client, rita: User, olga: User) -> None:
    client.force_login(rita)

    changed = ask(client, "POST", "/olga/role", {"role": "viewer", "reason": "on leave"})
    assert changed.json()["role"] == "viewer"
    gone = ask(client, "POST", "/olga/let-go", {"reason": "left"})

    assert (gone.json()["active"], gone.json()["role"]) == (False, None)
    assert list(Audit.objects.order_by("pk").values_list("what", "who", "reason")) == [
        ("set-role", "rita", "on leave"),
        ("let-go", "rita", "left"),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"name": "nils", "role": "viewer"}),
        ("/vera/role", {"role": "risk-admin", "reason": "r"}),
        ("/vera/let-go", {"reason": "r"}),
        ("/vera/login-link", {}),
    ],
)
def test_an_operator_changes_nobody(client: Client, olga: User, vera: User, path: str, body: object) -> None:
    client.force_login(olga)

    assert ask(client, "POST", path, body).status_code == 403

    assert role_of(vera) is Role.VIEWER
    assert User.objects.get(pk=vera.pk).is_active
    assert Audit.objects.get().outcome == "refused"


def test_a_token_lets_nobody_in_not_even_one_of_a_risk_admin(client: Client, rita: User) -> None:
    by = Actor("rita", Role.RISK_ADMIN, "127.0.0.1", rita)
    token = tokens.make_token(
        owner="rita", name="script", scope=Scope.ADMIN, days=1, by=by, at=clock.now_ms()
    ).token

    answer = ask(client, "POST", "", {"name": "nils", "role": "risk-admin"}, authorization=f"Bearer {token}")

    assert answer.status_code == 403
    assert "a token changes no people" in answer.json()["detail"]
    assert not User.objects.filter(username="nils").exists()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "rita", "role": "viewer"}, 409, "name"),
        ({"name": "not a name!", "role": "viewer"}, 422, "name"),
        ({"name": "nils", "role": "root"}, 422, "role"),
        ({"role": "viewer"}, 422, "name"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    client: Client, rita: User, body: object, status: int, field: str
) -> None:
    client.force_login(rita)

    answer = ask(client, "POST", "", body)

    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_somebody_unknown_is_404(client: Client, rita: User) -> None:
    client.force_login(rita)

    assert ask(client, "POST", "/nobody/let-go", {"reason": "r"}).status_code == 404
