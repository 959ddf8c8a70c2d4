"""Limits in a browser: seen with use and head-room, changed with before, after and a reason, never over each other."""

from typing import TYPE_CHECKING

import pytest

from core.units import Ms
from infra import clock
from risk.access.people import Actor, Role
from risk.limits import limits
from risk.models import Audit
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.faketrader import FakeTrader
from tests.e2e.test_looks import needs_axe, violations

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

RITA = Actor("rita", Role.RISK_ADMIN, "127.0.0.1", None)


def opened(page: "Page") -> "Locator":
    page.get_by_role("button", name="Change limits").click()
    dialog = page.get_by_role("dialog", name="Change limits")
    dialog.get_by_label("daily loss").wait_for()
    return dialog


def agree(dialog: "Locator", *, why: str) -> None:
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name="Agree to these limits").click()


def agreed(name: str) -> str:
    found = limits.agreed()
    assert found is not None
    return str(found.fields.values()[name])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_two_limits_are_changed_at_once_with_the_way_each_goes(
    open_page: Open, trader: FakeTrader, size: dict[str, int]
) -> None:
    page = open_page("/risk/", size=size)
    dialog = opened(page)
    assert dialog.get_by_role("button", name="Agree to these limits").is_disabled()

    dialog.get_by_label("daily loss").fill("150")
    dialog.get_by_label("largest order").fill("120")
    rows = [
        row.split() for row in dialog.locator(".before-after tbody").inner_text().splitlines() if row.strip()
    ]
    said = " ".join(word for row in rows for word in row)
    assert said == ("daily loss 200 USDC → 150 USDC tightens largest order 100 USDC → 120 USDC loosens")
    assert "Recorded as ada (risk-admin)" in dialog.inner_text()
    agree(dialog, why="a calmer night")

    page.get_by_text("Version 2 of the limits binds.").wait_for()
    assert (agreed("daily_loss"), agreed("order_max")) == ("150", "120")
    page.locator("#limits-edit").get_by_text("version 2 by ada").wait_for()
    link = Audit.objects.get(what="limits")
    assert (link.reason, link.after["daily_loss"]) == ("a calmer night", "150")


def test_what_is_wrong_is_said_beside_each_limit_and_nothing_changes(
    open_page: Open, trader: FakeTrader
) -> None:
    page = open_page("/risk/", expects=("422",))
    dialog = opened(page)
    dialog.get_by_label("smallest order").fill("500")
    dialog.get_by_label("slippage").fill("many")

    agree(dialog, why="let me see")

    dialog.locator('[data-error="order_min"]', has_text="500 is above order_max 100").wait_for()
    assert dialog.locator('[data-error="slippage_bps"]').inner_text() != ""
    assert dialog.locator("[aria-invalid]").count() == 2
    assert agreed("order_min") == "5"


def test_who_was_slower_sees_what_was_agreed_meanwhile_and_keeps_what_was_typed(
    open_page: Open, trader: FakeTrader
) -> None:
    page = open_page("/risk/", expects=("409",))
    dialog = opened(page)
    dialog.get_by_label("daily loss").fill("150")
    limits.change(
        {"total_exposure": "4000"}, reason="too much out", expected_number=1, by=RITA, at=Ms(clock.now_ms())
    )

    agree(dialog, why="a calmer night")
    dialog.get_by_text("rita agreed to version 2 meanwhile:").wait_for()
    assert dialog.get_by_text("now 4,000, was 5,000").is_visible()
    assert dialog.get_by_label("total exposure").input_value() == "4000"
    assert dialog.get_by_label("daily loss").input_value() == "150"
    dialog.get_by_role("button", name="Agree to these limits").click()

    page.get_by_text("Version 3 of the limits binds.").wait_for()
    assert (agreed("daily_loss"), agreed("total_exposure")) == ("150", "4000")


def test_use_and_head_room_come_from_the_trader_with_the_place(open_page: Open, trader: FakeTrader) -> None:
    page = open_page("/risk/")
    row = page.locator("#p-limits tr", has_text="exposure of a group")
    row.wait_for()

    assert row.locator(".used").inner_text().split() == ["LCK", "Finals", "1,710.00"]
    assert row.locator(".left").inner_text() == "290.00"
    meter = row.get_by_role("meter")
    assert meter.get_attribute("aria-valuenow") == "86"
    assert "soon" in (meter.get_attribute("class") or "")


def test_a_trader_that_has_not_taken_a_version_up_is_named(open_page: Open, trader: FakeTrader) -> None:
    limits.agree_first(at=Ms(clock.now_ms()))
    limits.change({"daily_loss": "150"}, reason="r", expected_number=1, by=RITA, at=Ms(clock.now_ms()))
    page = open_page("/risk/")

    page.get_by_text("The trader still trades by version 1.").wait_for()


@needs_axe
@pytest.mark.parametrize(("size", "theme"), [(DESK, "dark"), (PHONE, "light")])
def test_the_dialog_is_open_to_everybody(
    open_page: Open, trader: FakeTrader, size: dict[str, int], theme: str
) -> None:
    page = open_page("/risk/", size=size, theme=theme)
    dialog = opened(page)
    dialog.get_by_label("daily loss").fill("250")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
