"""The record in a browser: a link opens by keyboard to what it changed, refused attempts are marked, CSV fits."""

import pytest

from core.units import Ms
from infra import clock
from risk.access.people import Actor, Role
from risk.audit.record import record
from risk.models import AuditOutcome
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.faketrader import FakeTrader
from tests.risk.audit.test_chain import tamper

ADA = Actor("ada", Role.RISK_ADMIN, "127.0.0.1", None)
OLGA = Actor("olga", Role.OPERATOR, "10.0.0.7", None)


def a_night() -> None:
    """Three controls somebody used, one of them in vain."""
    now = clock.now_ms()
    done, refused = AuditOutcome.DONE, AuditOutcome.REFUSED
    record(
        OLGA,
        "halt",
        outcome=done,
        reason="feed looks wrong",
        before={},
        after={"halt": "manual_halt"},
        at=now,
    )
    why = {"refused": "reset needs the role risk-admin; olga has operator"}
    record(OLGA, "reset", outcome=refused, reason="let me", before={}, after=why, at=Ms(now + 1_000))
    before, after = {"daily_loss": "200", "order_max": "100"}, {"daily_loss": "150", "order_max": "100"}
    record(ADA, "limits", outcome=done, reason="calmer", before=before, after=after, at=Ms(now + 2_000))


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_link_opens_by_keyboard_to_before_and_after(
    open_page: Open, trader: FakeTrader, size: dict[str, int]
) -> None:
    a_night()
    page = open_page("/audit/", size=size)

    page.keyboard.press("j")
    page.keyboard.press("Enter")

    opened = page.locator("details[open]")
    opened.wait_for()
    assert opened.locator("tbody tr").first.inner_text().split() == ["daily", "loss", "200", "→", "150"]
    assert opened.locator("tr.same").inner_text().split() == ["order", "max", "100", "=", "100"]


@pytest.mark.usefixtures("person")
def test_a_refused_attempt_is_marked_and_says_what_was_missing(open_page: Open, trader: FakeTrader) -> None:
    a_night()
    page = open_page("/audit/")

    page.get_by_label("outcome").select_option("refused")
    page.wait_for_url("**outcome=refused**")
    (row,) = page.locator("li.was-refused").all()
    row.locator("summary").click()

    assert row.get_by_text("olga has operator").is_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 2


@pytest.mark.usefixtures("person")
def test_a_span_of_time_is_asked_for_only_when_wanted(open_page: Open, trader: FakeTrader) -> None:
    a_night()
    page = open_page("/audit/")
    assert page.get_by_label("from, UTC").is_hidden()

    page.get_by_label("when").select_option("between")
    page.wait_for_url("**when=between**")
    page.get_by_label("until, UTC").fill("2001-01-01T00:00")
    page.get_by_role("button", name="Filter").click()

    page.get_by_text("No link fits this filter.").wait_for()


def test_on_a_phone_the_other_pages_open_above_the_bar(open_page: Open, trader: FakeTrader) -> None:
    page = open_page(size=PHONE)
    assert page.get_by_role("link", name="Audit").is_hidden()

    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Audit").click()

    page.wait_for_url("**/audit/")


def test_the_theme_asked_for_is_kept_through_a_log_out(open_page: Open, trader: FakeTrader) -> None:
    page = open_page(expects=("404",))
    page.keyboard.press("t")

    page.locator(".tools summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login/**")
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.goto("/nowhere/")

    assert page.locator("html").get_attribute("data-theme") == "light"


@pytest.mark.usefixtures("person")
def test_the_page_says_how_long_the_chain_is_and_that_it_is_whole(
    open_page: Open, trader: FakeTrader
) -> None:
    a_night()
    page = open_page("/audit/")
    page.locator("#chain").get_by_text("✓ 3 links, whole").wait_for()

    with page.expect_response("**/api/v1/audit/verify") as verified:
        page.get_by_role("button", name="Verify the chain").click()

    assert verified.value.json()["whole"] is True


@pytest.mark.usefixtures("person")
def test_a_link_that_was_changed_behind_our_back_is_named(open_page: Open, trader: FakeTrader) -> None:
    a_night()
    tamper("UPDATE risk_audit SET reason = %s WHERE number = %s", "all is well", 2)
    page = open_page("/audit/")

    broken = page.locator("#chain .refused")
    broken.wait_for()

    assert "link 2 was changed" in broken.inner_text()
    assert "Before it 1 link is whole" in broken.inner_text()
