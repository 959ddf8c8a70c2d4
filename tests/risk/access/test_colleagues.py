"""``manage.py make_user``, ``login_link``, ``set_role``, ``let_go``: people come, change and go on record."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.test import Client
from pytest_django import Settings
from redis import Redis

from risk.access import colleagues
from risk.access.people import Role, role_of
from risk.errors import NotAllowed, ReasonMissing
from risk.models import Audit
from tests import servers
from tests.risk.conftest import NOON, OPERATOR, RISK_ADMIN
from tests.risk.test_commands import run

pytestmark = pytest.mark.django_db


def audited(what: str, outcome: str = "done") -> Audit:
    return Audit.objects.get(what=what, outcome=outcome)


@pytest.mark.parametrize("role", ["viewer", "operator", "risk-admin"])
def test_a_new_colleague_gets_a_role_and_a_link_that_works_once(redis: Redis, role: str) -> None:
    said = run("make_user", "nils", "--role", role)

    assert said.startswith(f"nils is {role}\nhttp://127.0.0.1:")
    link = re.search(r"/login/once/.*", said)
    assert link is not None
    browser = Client()
    assert browser.post(link.group()).status_code == 302
    assert browser.get("/risk/").status_code == 200
    assert Client().post(link.group()).status_code == 410
    assert audited("make-user").after == {"role": role, "active": True}


def test_a_link_for_a_public_console_bears_its_name(redis: Redis, settings: Settings) -> None:
    public = settings.POLYLOLY.model_copy(update={"public_origin": "https://pl.example.org"})
    settings.POLYLOLY = public

    assert "\nhttps://pl.example.org/login/once/" in run("make_user", "nils", "--role", "viewer")


def test_only_risk_admins_are_staff(redis: Redis) -> None:
    run("make_user", "nils", "--role", "operator")
    run("make_user", "rosa", "--role", "risk-admin")

    assert [user.is_staff for user in User.objects.order_by("username")] == [False, True]


@pytest.mark.parametrize("name", ["", "nils holm", "a" * 151, "nils\n", "<b>"])
def test_what_is_no_name_is_refused_with_the_reason(redis: Redis, name: str) -> None:
    with pytest.raises(CommandError, match="is no name for a user"):
        run("make_user", name, "--role", "viewer")

    assert not User.objects.exists()
    assert "is no name" in audited("make-user", "refused").after["refused"]


def test_a_name_is_given_once(redis: Redis, olga: User) -> None:
    with pytest.raises(CommandError, match=r"somebody is called 'olga' already: manage.py set_role"):
        run("make_user", "olga", "--role", "risk-admin")

    assert role_of(olga) is Role.OPERATOR


def test_a_role_that_is_none_is_refused(redis: Redis) -> None:
    with pytest.raises(CommandError, match="invalid choice: 'root'"):
        run("make_user", "nils", "--role", "root")


def test_without_redis_the_person_is_made_and_the_way_to_a_link_said(
    redis: Redis, redis_server: servers.Valkey
) -> None:
    with redis_server.silent(), pytest.raises(CommandError, match=r"then manage.py login_link nils"):
        run("make_user", "nils", "--role", "viewer")

    assert User.objects.filter(username="nils").exists()
    assert "/login/once/" in run("login_link", "nils")


@pytest.mark.usefixtures("redis")
def test_a_link_for_nobody_is_refused() -> None:
    with pytest.raises(CommandError, match="nobody who may log in is called 'nils'"):
        run("login_link", "nils")

    assert audited("login-link", "refused").target == "nils"


def test_a_role_is_changed_on_record(olga: User) -> None:
    assert run("set_role", "olga", "viewer", "--reason", "on leave") == "olga is viewer now"

    assert role_of(olga) is Role.VIEWER
    row = audited("set-role")
    assert (row.target, row.reason, row.before["role"], row.after["role"]) == (
        "olga",
        "on leave",
        "operator",
        "viewer",
    )


def test_a_role_is_taken_away(olga: User) -> None:
    assert run("set_role", "olga", "none", "--reason", "left the desk") == "olga has no role now"

    assert role_of(olga) is None


def test_a_superuser_given_a_lower_role_is_one_no_more() -> None:
    User.objects.create_superuser("ada")

    run("set_role", "ada", "viewer", "--reason", "on leave")

    assert role_of(User.objects.get(username="ada")) is Role.VIEWER


def test_who_is_let_go_cannot_come_in_and_may_be_taken_back(client: Client, olga: User) -> None:
    client.force_login(olga)

    assert run("let_go", "olga", "--reason", "left") == "olga may log in no more"
    assert client.get("/risk/").status_code == 302

    run("set_role", "olga", "operator", "--reason", "is back")
    assert User.objects.get(username="olga").is_active


@pytest.mark.parametrize("words", [("set_role", "nobody", "viewer"), ("let_go", "nobody")])
def test_a_name_nobody_has_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="nobody is called 'nobody'"):
        run(*words, "--reason", "r")


@pytest.mark.parametrize(
    "change",
    [
        lambda by, reason: colleagues.set_role(name="olga", role=None, reason=reason, by=by, at=NOON),
        lambda by, reason: colleagues.let_go(name="olga", reason=reason, by=by, at=NOON),
    ],
)
def test_it_takes_a_risk_admin_and_a_reason(olga: User, change: Callable[..., User]) -> None:
    with pytest.raises(NotAllowed):
        change(OPERATOR, "r")
    with pytest.raises(ReasonMissing):
        change(RISK_ADMIN, "  ")

    assert role_of(olga) is Role.OPERATOR


def test_operators_make_nobody() -> None:
    with pytest.raises(NotAllowed):
        colleagues.make_user(name="nils", role=Role.VIEWER, by=OPERATOR, at=NOON)
    with pytest.raises(NotAllowed):
        colleagues.login_token(name="nils", by=OPERATOR, at=NOON)

    assert not User.objects.exists()
