"""Roles: groups decide, nobody has one by accident, and the table says what each may do."""

from importlib import import_module
from itertools import product

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from risk.access import people, powers
from risk.access.people import Actor, Role, person, role_of
from risk.access.powers import NEEDED, Control
from risk.errors import NoRole, NotAllowed
from risk.models import Audit
from tests.risk.conftest import NOON, with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def nora(db: None) -> User:
    """Staff, and in no group."""
    return User.objects.create_user("nora", password="a long passphrase", is_staff=True)


@pytest.mark.parametrize("role", Role)
def test_a_group_is_a_role(nora: User, role: Role) -> None:
    with_role(nora, role)

    assert role_of(nora) is role


def test_of_several_groups_the_highest_counts(nora: User) -> None:
    with_role(nora, Role.VIEWER)
    with_role(nora, Role.RISK_ADMIN)
    nora.groups.add(Group.objects.create(name="night shift"))

    assert role_of(nora) is Role.RISK_ADMIN


def test_a_superuser_is_a_risk_admin() -> None:
    assert role_of(User.objects.create_superuser("ada")) is Role.RISK_ADMIN


def test_staff_without_a_group_have_no_role(nora: User) -> None:
    assert role_of(nora) is None
    with pytest.raises(NoRole, match="nora has no role here: ask a risk admin"):
        person(nora, address="127.0.0.1")


def test_another_group_is_no_role(nora: User) -> None:
    nora.groups.add(Group.objects.create(name="admin"), Group.objects.create(name="Operator"))

    assert role_of(nora) is None


@pytest.mark.parametrize(
    "path",
    ["/", "/markets/", "/orders.csv", "/risk/", "/halts/", "/audit/", "/audit.csv", "/people/", "/api/docs"],
)
def test_a_page_tells_who_has_no_role_what_is_missing_and_whom_to_ask(
    client: Client, nora: User, rita: User, path: str
) -> None:
    client.force_login(nora)

    answer = client.get(path)

    assert answer.status_code == 403
    words = answer.content.decode()
    assert "neither viewer, operator nor risk-admin" in words
    assert "Ask rita for a role" in words


@pytest.mark.parametrize("path", ["/api/v1/control", "/api/v1/audit", "/api/openapi.json"])
def test_the_api_lets_nobody_in_without_a_role(client: Client, nora: User, path: str) -> None:
    client.force_login(nora)

    answer = client.get(path)

    assert answer.status_code == 403


def test_without_a_role_not_even_the_machine_itself_halts(client: Client, nora: User) -> None:
    client.force_login(nora)

    assert client.post("/admin/halt").status_code == 403
    assert not Audit.objects.filter(outcome="done").exists()


def test_staff_with_a_role_read_the_django_admin_and_change_nothing(client: Client, nora: User) -> None:
    client.force_login(with_role(nora, Role.OPERATOR))

    assert client.get("/admin/risk/audit/").status_code == 200
    assert client.get("/admin/auth/user/").status_code == 200
    assert client.get("/admin/auth/user/add/").status_code == 403
    assert client.post(f"/admin/auth/user/{nora.pk}/change/", {"groups": "1"}).status_code == 403
    assert client.get(f"/admin/auth/user/{nora.pk}/change/").status_code == 200


def test_superusers_change_people_only_where_it_is_recorded(client: Client, rita: User) -> None:
    client.force_login(User.objects.create_superuser("ada"))

    page = client.get("/admin/auth/user/").content.decode()

    assert "risk-admin" in page
    assert client.post(f"/admin/auth/user/{rita.pk}/change/", {"is_superuser": "on"}).status_code == 403
    assert client.get("/admin/auth/group/").status_code == 200
    assert client.get("/admin/auth/group/add/").status_code == 403


def test_the_groups_are_there_and_come_back() -> None:
    Group.objects.all().delete()

    call_command("migrate", verbosity=0)
    people.make_groups()

    assert sorted(Group.objects.values_list("name", flat=True)) == ["operator", "risk-admin", "viewer"]


def test_who_could_log_in_before_there_were_roles_keeps_what_they_could_do(nora: User) -> None:
    wim = User.objects.create_user("wim")
    ada = User.objects.create_superuser("ada")
    gone = User.objects.create_user("gone", is_active=False)
    migration = import_module("risk.migrations.0004_roles")

    for _ in range(2):
        migration.keep_what_people_may(apps, None)

    roles = [role_of(user) for user in (nora, wim, ada, gone)]
    assert roles == [Role.OPERATOR, Role.VIEWER, Role.RISK_ADMIN, None]
    assert not ada.groups.exists()


def test_every_control_has_a_role() -> None:
    assert set(NEEDED) == set(Control)


@pytest.mark.parametrize(("role", "control"), list(product(Role, Control)))
def test_a_role_may_what_the_table_says(role: Role, control: Control) -> None:
    actor = Actor("pat", role, "127.0.0.1", None)

    if actor.may(NEEDED[control]):
        powers.require(actor, control, target=None, reason="r", at=NOON)
        assert not Audit.objects.exists()
    else:
        with pytest.raises(NotAllowed, match=f"{control} needs the role {NEEDED[control]}; pat has {role}"):
            powers.require(actor, control, target="t", reason="r", at=NOON)
        row = Audit.objects.get()
        assert (row.what, row.outcome, row.target) == (control, "refused", "t")


@pytest.mark.parametrize("control", Control)
def test_no_role_is_enough_for_nothing(control: Control) -> None:
    assert not powers.allows(None, control)


def test_operators_use_what_is_safe_or_small_and_risk_admins_the_rest() -> None:
    only_admins = {control for control in Control if not powers.allows(Role.OPERATOR, control)}

    assert only_admins == {
        Control.RESET,
        Control.LIMITS,
        Control.ARM,
        Control.CONSENT,
        Control.RECONCILE,
        Control.APPROVE_MAPPING,
        Control.TOKENS_OF_OTHERS,
        Control.USERS,
    }
    assert {control for control in Control if powers.allows(Role.VIEWER, control)} == {
        Control.MAKE_TOKEN,
        Control.REVOKE_TOKEN,
    }
