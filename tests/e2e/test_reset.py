"""What ends only on purpose, in a browser: a halt in spite of failing checks, a lockout before its time."""

from typing import TYPE_CHECKING

import pytest

from infra import clock
from risk import selectors
from risk.models import Audit, Lockout
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.fakerunner import FakeRunner
from tests.e2e.faketrader import FakeTrader
from tests.e2e.test_halt import halt_and_stop

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def ask_reset(page: "Page", why: str) -> "Locator":
    page.locator("#notices").get_by_role("button", name="Reset trading").click()
    dialog = page.get_by_role("dialog", name="Reset trading")
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name="Reset trading").click()
    return page.locator("#ask")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_reset_goes_on_in_spite_of_failing_checks_once_somebody_has_looked(
    open_page: Open, trader: FakeTrader, runner: FakeRunner, size: dict[str, int]
) -> None:
    """No trader beats in this stack, so the health check fails, and rightly."""
    page = open_page(size=size, expects=("409",))
    halt_and_stop(page, runner)
    dialog = ask_reset(page, "the feed is fine again")
    dialog.get_by_role("button", name="Reset in spite of it").click()

    again = page.get_by_role("dialog", name="Reset in spite of")
    again.locator(".checks-over li").first.wait_for()
    failing = again.locator(".checks-over li b").all_inner_texts()
    assert "workers" in failing
    assert again.get_by_label("Why").input_value() == "the feed is fine again"
    again.locator("button[type=submit]").click()
    assert again.locator("input:invalid").count() == 1, "somebody must have looked"
    again.get_by_label("trading may go on").check()
    again.locator("button[type=submit]").click()

    page.get_by_text("Trading was reset in spite of").wait_for()
    assert selectors.halt_in_force() is None
    over = Audit.objects.get(what="reset", outcome="done").after["override"]
    assert "workers" in [each["check"] for each in over]


def test_a_lockout_is_shown_and_lifted_with_a_reason(open_page: Open, trader: FakeTrader) -> None:
    now = clock.now_ms()
    Lockout.objects.create(
        kind="person",
        subject="remy",
        number=1,
        began=clock.to_datetime(now),
        until=clock.to_datetime(now + 900_000),
        tries=10,
        from_address="203.0.113.7",
    )
    page = open_page("/people/")

    page.locator("#p-lockouts").get_by_role("button", name="Lift person remy").click()
    dialog = page.get_by_role("dialog", name="Lift the lockout")
    dialog.get_by_label("Why").fill("it was remy, on a new phone")
    dialog.get_by_role("button", name="Lift it").click()

    page.get_by_text("Lifted: they may try again.").wait_for()
    page.locator("#p-lockouts").wait_for(state="hidden")
    assert Audit.objects.get(what="lift-lockout").reason == "it was remy, on a new phone"
