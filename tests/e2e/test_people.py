"""People in a browser: a token is made, seen once and revoked; a colleague is let in and comes in by the link."""

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from risk.access.people import Role, role_of
from risk.models import ApiToken
from tests.e2e.conftest import PHONE, Open
from tests.e2e.faketrader import FakeTrader
from tests.risk.conftest import with_role

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


def make_grafana(page: "Page") -> "Locator":
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("grafana")
    dialog.get_by_role("button", name="Make the token").click()
    return dialog


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_a_token_is_made_shown_once_used_and_revoked(
    open_page: Open, trader: FakeTrader, size: dict[str, int]
) -> None:
    page = open_page("/people/", size=size)
    dialog = make_grafana(page)
    token = dialog.locator("[data-secret]").inner_text()
    dialog.get_by_role("button", name="I have it, close").click()

    used = page.request.get("/api/v1/control", headers={"Authorization": f"Bearer {token}"})
    assert used.status == 200
    assert token not in page.content()
    page.get_by_role("button", name="Revoke grafana of ada").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke grafana").click()

    page.get_by_text("grafana is revoked.").wait_for()
    page.locator("#p-tokens").get_by_text("by ada").wait_for()
    assert ApiToken.objects.get().revoked is not None
    refused = page.request.get("/api/v1/control", headers={"Authorization": f"Bearer {token}"})
    assert refused.status == 401


def test_a_name_taken_is_said_beside_the_name(open_page: Open, trader: FakeTrader) -> None:
    page = open_page("/people/", expects=("409",))
    make_grafana(page).get_by_role("button", name="I have it, close").click()

    dialog = make_grafana(page)

    dialog.locator('[data-error="name"]', has_text="called 'grafana'").wait_for()
    assert dialog.locator('[name="name"][aria-invalid="true"]').count() == 1


def test_a_colleague_is_let_in_and_comes_in_by_the_link(
    open_page: Open, trader: FakeTrader, browser: "Browser", origin: str
) -> None:
    page = open_page("/people/")
    page.get_by_role("button", name="Let a colleague in").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name to log in with").fill("nils")
    dialog.get_by_label("Role").select_option("operator")
    dialog.get_by_role("button", name="Let them in").click()
    link = dialog.locator("[data-secret]").inner_text()

    visitor = browser.new_page()
    visitor.goto(origin + link[link.index("/login/") :])
    visitor.wait_for_url(f"{origin}/")

    assert visitor.locator("#halt:enabled").count() == 1
    visitor.close()


def test_a_role_is_changed_with_before_after_and_a_reason(open_page: Open, trader: FakeTrader) -> None:
    olga = with_role(User.objects.create_user("olga"), Role.OPERATOR)
    page = open_page("/people/")
    page.get_by_role("button", name="Role olga").click()
    dialog = page.get_by_role("dialog", name="Role of olga")
    dialog.get_by_label("New role").select_option("viewer")
    assert dialog.locator(".before-after tbody").inner_text().split() == ["role", "operator", "→", "viewer"]

    dialog.get_by_label("Why").fill("on leave")
    dialog.get_by_role("button", name="Change the role of olga").click()

    page.get_by_text("olga is viewer now.").wait_for()
    assert role_of(olga) is Role.VIEWER


def test_a_viewer_sees_themselves_and_whom_to_ask(open_page: Open, trader: FakeTrader, person: User) -> None:
    with_role(User.objects.create_user("rita"), Role.RISK_ADMIN)
    User.objects.filter(pk=person.pk).update(is_superuser=False, is_staff=False)
    with_role(person, Role.VIEWER)
    page = open_page("/people/")

    page.locator("#p-people").get_by_text("Needs the role risk-admin: rita.").wait_for()
    page.locator("#p-people tbody tr").wait_for()
    assert page.locator("#p-people tbody tr").count() == 1
    assert page.locator("[data-person], [data-make-person]").count() == 0
