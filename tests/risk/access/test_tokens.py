"""Tokens of people: shown once, never for more than the person may do, ended at once."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.db import OperationalError, connection
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from core.units import Ms
from infra import clock
from infra.clock import to_datetime
from risk import selectors
from risk.access import tokens
from risk.access.people import Actor, Role, person
from risk.errors import NotAllowed, TokenEnded, UnknownToken
from risk.models import ApiToken, Audit, Scope
from tests.infra.test_patience import held_by_another
from tests.risk.conftest import NOON, OPERATOR, RISK_ADMIN, after, halt, with_role
from tests.risk.test_commands import run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]

DAY_MS = 86_400_000


def acting(user: User) -> Actor:
    found = person(user, address="127.0.0.1")
    assert found is not None
    return found


def a_token(user: User, scope: Scope = Scope.READ, *, name: str = "script", days: int | None = 90) -> str:
    made = tokens.make_token(
        owner=user.username, name=name, scope=scope, days=days, by=acting(user), at=clock.now_ms()
    )
    return made.token


def ask(method: str, path: str, token: str, body: object = None, peer: str = "10.1.2.3") -> Any:
    return Client().generic(
        method,
        path,
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
        REMOTE_ADDR=peer,
    )


def test_only_the_digest_is_kept(olga: User) -> None:
    token = a_token(olga)

    row = ApiToken.objects.get()
    assert token.startswith("pl_")
    assert len(token) == 3 + 43
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    assert row.shown == token[:8]
    assert token not in json.dumps(list(ApiToken.objects.values()), default=str)
    assert token not in json.dumps(list(Audit.objects.values()), default=str)


@pytest.mark.parametrize(
    ("scope", "halts", "resets"),
    [(Scope.READ, 403, 403), (Scope.OPERATE, 200, 403), (Scope.ADMIN, 200, 200)],
)
def test_a_token_may_what_its_scope_says(rita: User, scope: Scope, halts: int, resets: int) -> None:
    token = a_token(rita, scope)
    halt()

    assert ask("GET", "/api/v1/control", token).status_code == 200
    assert ask("POST", "/api/v1/halts", token, {"reason": "odd"}).status_code == halts
    assert ask("POST", "/api/v1/reset", token, {"reason": "fine"}).status_code == resets


def test_what_a_token_does_is_on_record_as_its_persons(olga: User) -> None:
    ask("POST", "/admin/halt", a_token(olga, Scope.OPERATE))

    row = Audit.objects.get(what="halt")
    assert (row.who, row.role, row.reason) == ("olga by token script", "operator", "by olga by token script")
    halted = selectors.halt_in_force()
    assert halted is not None


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_who_loses_a_role_loses_it_in_every_token(olga: User, role: Role | None) -> None:
    token = a_token(olga, Scope.OPERATE)
    olga.groups.clear()
    if role is not None:
        with_role(olga, role)

    assert ask("POST", "/api/v1/halts", token, {"reason": "odd"}).status_code == 403
    assert ask("GET", "/api/v1/control", token).status_code == (403 if role is None else 200)
    assert selectors.halt_in_force() is None


def test_a_token_of_somebody_let_go_is_refused(olga: User) -> None:
    token = a_token(olga, Scope.OPERATE)
    User.objects.filter(pk=olga.pk).update(is_active=False)

    answer = ask("GET", "/api/v1/control", token)

    assert answer.status_code == 401
    assert "may log in no more" in answer.json()["detail"]


def test_a_token_expires_to_the_millisecond(olga: User) -> None:
    made = tokens.make_token(owner="olga", name="script", scope=Scope.READ, days=1, by=acting(olga), at=NOON)

    assert tokens.actor_of(made.token, address="local", at=after(DAY_MS - 1)) is not None
    with pytest.raises(TokenEnded, match="token script expired on 2025-11-02: make a new one"):
        tokens.actor_of(made.token, address="local", at=after(DAY_MS))


def test_an_expired_token_is_a_401(olga: User) -> None:
    token = a_token(olga)
    ApiToken.objects.update(expires=to_datetime(clock.now_ms()))

    assert ask("GET", "/api/v1/control", token).status_code == 401


@pytest.mark.parametrize(
    "token", ["pl_", "pl_" + "A" * 43, "pl_olga", "pl_\u00fc", "pl_' OR 1=1 --", "", "x" * 10_000]
)
def test_a_token_nobody_has_is_refused(client: Client, olga: User, token: str) -> None:
    a_token(olga)

    answer = ask("GET", "/api/v1/control", token, peer="127.0.0.1")

    assert answer.status_code == 401
    assert answer.json()["detail"] in {
        "this token is not known here",
        "send Authorization: Bearer with a token, OPERATOR_TOKEN or ADMIN_TOKEN, or log in",
    }


def test_a_wrong_token_is_never_looked_past_for_a_log_in(client: Client, rita: User) -> None:
    client.force_login(rita)

    answer = client.get("/api/v1/control", headers={"Authorization": "Bearer pl_" + "A" * 43})

    assert answer.status_code == 401


def test_a_token_is_made_over_http_and_shown_once(client: Client, olga: User) -> None:
    client.force_login(olga)

    made = client.post(
        "/api/v1/tokens", {"name": "grafana", "scope": "read"}, content_type="application/json"
    )

    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    assert ask("GET", "/api/v1/control", made.json()["token"]).status_code == 200
    (listed,) = client.get("/api/v1/tokens").json()["items"]
    assert "token" not in listed
    assert listed["shown"] == made.json()["token"][:8]
    assert listed["expires_ms"] - listed["made_ms"] == 90 * DAY_MS


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "x", "scope": "operate"}, 422, "scope"),
        ({"name": "x", "scope": "admin"}, 422, "scope"),
        ({"name": "x", "scope": "root"}, 422, "scope"),
        ({"name": "", "scope": "read"}, 422, "name"),
        ({"name": "   ", "scope": "read"}, 422, "name"),
        ({"name": "a\nb", "scope": "read"}, 422, "name"),
        ({"name": "a" * 61, "scope": "read"}, 422, "name"),
        ({"name": "x", "scope": "read", "days": 0}, 422, "days"),
        ({"name": "x", "scope": "read", "days": 3651}, 422, "days"),
        ({"scope": "read"}, 422, "name"),
        ({"name": "x", "scope": "read", "user": "rita"}, 403, None),
        ({"name": "taken", "scope": "read"}, 409, "name"),
    ],
)
def test_a_token_that_cannot_be_is_refused_and_the_field_named(
    client: Client, vera: User, rita: User, body: dict[str, object], status: int, field: str | None
) -> None:
    a_token(vera, name="taken")
    client.force_login(vera)

    answer = client.post("/api/v1/tokens", body, content_type="application/json")

    assert answer.status_code == status
    assert answer.json().get("field") == field
    assert ApiToken.objects.count() == 1


def test_a_token_makes_no_tokens(rita: User) -> None:
    token = a_token(rita, Scope.ADMIN)

    answer = ask("POST", "/api/v1/tokens", token, {"name": "heir", "scope": "read"})

    assert answer.status_code == 403
    assert "log in, or run manage.py make_token" in answer.json()["detail"]


def test_the_admin_token_makes_tokens_for_others_but_not_for_itself(olga: User, settings: Settings) -> None:
    own = {"admin_token": SecretStr("admin-token-of-this-test")}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=own)
    body = {"name": "script", "scope": "operate"}

    for_olga = ask("POST", "/api/v1/tokens", "admin-token-of-this-test", body | {"user": "olga"})
    for_nobody = ask("POST", "/api/v1/tokens", "admin-token-of-this-test", body | {"user": "nobody"})
    for_itself = ask("POST", "/api/v1/tokens", "admin-token-of-this-test", body)

    assert (for_olga.status_code, for_nobody.status_code, for_itself.status_code) == (201, 404, 422)
    assert for_itself.json()["field"] == "user"


def test_a_risk_admin_gives_nobody_a_scope_above_their_role(olga: User, rita: User, client: Client) -> None:
    client.force_login(rita)
    body = {"name": "x", "scope": "admin", "user": "olga"}

    answer = client.post("/api/v1/tokens", body, content_type="application/json")

    assert answer.status_code == 422
    assert "scope admin needs the role risk-admin; olga has operator" in answer.json()["detail"]


def test_a_person_has_a_bounded_number_of_tokens(olga: User) -> None:
    for number in range(tokens.TOKENS_MAX):
        a_token(olga, name=f"script {number}")
    with pytest.raises(Exception, match="olga has 20 tokens: revoke one first"):
        a_token(olga, name="one more")

    revoke(ApiToken.objects.order_by("pk")[0], by=acting(olga))

    a_token(olga, name="one more")


def revoke(row: ApiToken, *, by: Actor) -> ApiToken:
    return tokens.revoke_token(token_id=row.pk, by=by, at=clock.now_ms())


def test_a_revoked_token_is_refused_from_then_on_and_its_name_free(client: Client, olga: User) -> None:
    token = a_token(olga)
    client.force_login(olga)

    ended = client.post(f"/api/v1/tokens/{ApiToken.objects.get().pk}/revoke")

    assert ended.status_code == 200
    assert ended.json()["revoked_by"] == "olga"
    answer = ask("GET", "/api/v1/control", token)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "token script was revoked"
    assert a_token(olga)


def test_revoking_twice_is_a_conflict(client: Client, olga: User) -> None:
    a_token(olga)
    row = revoke(ApiToken.objects.get(), by=acting(olga))
    client.force_login(olga)

    assert client.post(f"/api/v1/tokens/{row.pk}/revoke").status_code == 409
    assert client.post("/api/v1/tokens/999999/revoke").status_code == 404


def test_a_token_may_end_itself(olga: User) -> None:
    token = a_token(olga)

    assert ask("POST", f"/api/v1/tokens/{ApiToken.objects.get().pk}/revoke", token).status_code == 200
    assert ask("GET", "/api/v1/control", token).status_code == 401


def test_tokens_of_others_are_a_risk_admins(olga: User, rita: User, vera: User) -> None:
    a_token(olga)
    row = ApiToken.objects.get()

    for other in (acting(vera), OPERATOR):
        with pytest.raises(NotAllowed, match="tokens-of-others needs the role risk-admin"):
            revoke(row, by=other)
    assert list(tokens.tokens_of(acting(vera))) == []
    assert list(tokens.tokens_of(acting(rita))) == [row]
    assert list(tokens.tokens_of(OPERATOR)) == []

    assert revoke(row, by=acting(rita)).revoked_by_name == "rita"


def test_an_unknown_number_is_refused(rita: User) -> None:
    with pytest.raises(UnknownToken, match="no token has the number 7"):
        tokens.revoke_token(token_id=7, by=RISK_ADMIN, at=NOON)


def used() -> Any:
    return ApiToken.objects.get().used


def test_the_last_use_is_noted_at_most_once_a_minute(olga: User) -> None:
    token = a_token(olga)
    made = clock.now_ms()
    assert used() is None

    for ms, noted in ((0, 0), (59_000, 0), (60_000, 60_000), (61_000, 60_000)):
        tokens.actor_of(token, address="local", at=Ms(made + ms))
        assert used() == to_datetime(made) + timedelta(milliseconds=noted)


@pytest.mark.django_db(transaction=True)
def test_a_use_that_cannot_be_noted_stops_nothing(olga: User) -> None:
    token = a_token(olga)

    def no_writing(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("disk full")
        return execute(sql, *rest)

    with connection.execute_wrapper(no_writing):
        found = tokens.actor_of(token, address="local", at=clock.now_ms())

    assert found is not None
    assert used() is None


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_does_not_hold_a_token_up(olga: User) -> None:
    token = a_token(olga)
    began = clock.monotonic_ms()

    with held_by_another(olga):
        found = tokens.actor_of(token, address="local", at=clock.now_ms())
        took_ms = clock.monotonic_ms() - began

    assert found is not None
    assert took_ms < 5_000, "SQLite's own patience is 20 s"


def test_a_token_is_made_and_ended_in_the_shell(olga: User) -> None:
    said = run("make_token", "olga", "script", "--scope", "operate", "--days", "never")

    token = said.splitlines()[-1]
    assert ask("POST", "/api/v1/halts", token, {"reason": "odd"}).status_code == 201
    row = ApiToken.objects.get()
    assert row.expires is None
    assert run("revoke_token", str(row.pk)) == "token script of olga, operate is revoked"
    assert [each.who.startswith("shell of ") for each in Audit.objects.filter(what__endswith="-token")] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("make_token", "nobody", "s", "--scope", "read"), "nobody who may log in is called 'nobody'"),
        (("make_token", "olga", "s", "--scope", "admin"), "scope admin needs the role risk-admin"),
        (("make_token", "olga", "s", "--scope", "root"), "invalid choice: 'root'"),
        (("make_token", "olga", "s", "--scope", "read", "--days", "soon"), "invalid days value: 'soon'"),
        (
            ("make_token", "olga", "s", "--scope", "read", "--days", "0"),
            "a token lasts 1 to 3650 days, not 0",
        ),
        (("revoke_token", "9"), "no token has the number 9"),
        (("revoke_token", "x"), "invalid int value: 'x'"),
    ],
)
def test_the_shell_refuses_with_the_reason(olga: User, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*words)

    assert not ApiToken.objects.exists()


def test_the_django_admin_shows_tokens_without_their_digest(client: Client, olga: User) -> None:
    a_token(olga)
    row = ApiToken.objects.get()
    client.force_login(User.objects.create_superuser("ada"))

    assert "script" in client.get("/admin/risk/apitoken/").content.decode()
    page = client.get(f"/admin/risk/apitoken/{row.pk}/change/").content.decode()

    assert row.digest not in page
    assert client.post(f"/admin/risk/apitoken/{row.pk}/change/", {"scope": "admin"}).status_code == 403
