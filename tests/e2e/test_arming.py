"""Arming in a browser: what is said before, a dialog that asks for the exact words, and the way back.

The web server of these tests runs a demo, where nothing is armed: what it would answer in live is said in its place.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

from infra import clock
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.faketrader import FakeTrader
from tests.e2e.test_looks import needs_axe, violations

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

WALLET: Final = "0x" + "ab" * 17 + "9f31c2"
PHRASE: Final = "trade real money from 9f31c2"


class Live:
    """What a live stack answers about arming, and what it was asked to do."""

    def __init__(self, *, passed: bool = True) -> None:
        now = clock.now_ms()
        failing = [] if passed else ["allowance"]
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.state: dict[str, Any] = {
            "needed": True, "mode": "live", "wallet": WALLET, "phrase": PHRASE, "armed": None, "last": None,
            "preflight": {"id": 7, "at_ms": now, "by": "olga", "passed": passed, "failing": failing,
                          "good_until_ms": now + 600_000, "fresh": passed},
        }  # fmt: skip
        line = {
            "area": "wallet",
            "name": "allowance",
            "detail": "every contract is approved",
            "next_step": "",
        }
        bad = {"detail": "not approved: CTF exchange", "next_step": "set the approvals"}
        check = {**line, "verdict": "pass"} if passed else {**line, **bad, "verdict": "fail"}
        self.runs = {
            "items": [{"id": 7, "at_ms": now, "by": "olga", "passed": passed, "checks": [check]}],
            "next": None,
        }

    def serve(self, page: "Page") -> None:
        page.route("**/api/v1/arming", self._answers(lambda: self.state))
        page.route("**/api/v1/preflights?*", self._answers(lambda: self.runs))
        page.route("**/api/v1/arm", self._takes("arm", {"by": "ada", "reason": "go", "used_ms": None}))
        page.route("**/api/v1/disarm", self._takes("disarm", None))

    def _answers(self, told: Callable[[], Any]) -> Callable[["Route"], None]:
        return lambda route: route.fulfill(json=told())

    def _takes(self, what: str, armed: dict[str, Any] | None) -> Callable[["Route"], None]:
        def take(route: "Route") -> None:
            self.posted.append((what, json.loads(route.request.post_data or "{}")))
            now = clock.now_ms()
            self.state["armed"] = (
                None if armed is None else {**armed, "began_ms": now, "expires_ms": now + 900_000}
            )
            route.fulfill(json=self.state)

        return take


def opened(open_page: Open, live: Live, size: dict[str, int] = DESK, theme: str = "dark") -> "Page":
    page = open_page("/alerts/", size=size, theme=theme)
    live.serve(page)
    page.goto("/risk/")
    page.locator("#p-arming").wait_for()
    return page


def dialog(page: "Page") -> "Locator":
    page.get_by_role("button", name="Arm…").click()
    found = page.get_by_role("dialog", name="Arm: trade real money")
    found.wait_for()
    return found


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_only_the_exact_words_arm_and_disarming_is_one_press_away(
    open_page: Open, trader: FakeTrader, size: dict[str, int]
) -> None:
    live = Live()
    page = opened(open_page, live, size)
    asked = dialog(page)
    arm = asked.get_by_role("button", name="Arm real money")
    assert "Recorded as ada (risk-admin)" in asked.inner_text()

    asked.get_by_label("Type").fill("trade real money")
    asked.get_by_label("Why").fill("a quiet evening")
    assert arm.is_disabled()
    asked.get_by_label("Type").fill(PHRASE)
    arm.click()

    page.locator("#p-arming", has_text="ARMED").get_by_text("No order has left yet").wait_for()
    page.get_by_role("button", name="Disarm…").click()
    page.get_by_role("dialog", name="Disarm").get_by_role("button", name="Disarm now").click()
    page.locator("#p-arming", has_text="NOT ARMED").wait_for()
    assert live.posted == [
        ("arm", {"phrase": PHRASE, "reason": "a quiet evening"}),
        ("disarm", {"reason": ""}),
    ]


def test_what_failed_is_named_and_nobody_is_let_arm(open_page: Open, trader: FakeTrader) -> None:
    page = opened(open_page, Live(passed=False))

    failed = page.locator("#p-arming .check-line.fail").first
    failed.wait_for()

    assert "not approved: CTF exchange" in failed.inner_text()
    assert "set the approvals" in failed.inner_text()
    assert page.get_by_role("button", name="Arm…").is_disabled()


@needs_axe
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_panel_and_dialog_can_be_read_by_everybody(open_page: Open, trader: FakeTrader, theme: str) -> None:
    page = opened(open_page, Live(passed=True), theme=theme)
    assert violations(page) == []

    dialog(page)

    assert violations(page) == []
