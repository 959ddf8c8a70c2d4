"""The page of risk in a browser: what stands still is resumed, refusals say why, halts keep their proof."""

import pytest
from django.contrib.auth.models import User

from core.breaker import BreakerMoved, Code, State, Trip
from core.ids import MarketId
from core.units import Ms
from infra import clock
from risk import selectors
from risk.access.people import Role
from risk.limits.breakers import breaker_of, keep_breaker
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.fakerunner import FakeRunner
from tests.e2e.faketrader import FakeTrader
from tests.e2e.listed import list_markets
from tests.risk.conftest import with_role

DETAIL = "3 rejects in a row, the last: invalid signature"


def open_breaker(trader: FakeTrader) -> str:
    """On the board and in the database, as a trader writes it."""
    now = clock.now_ms()
    market_id: str = next(iter(trader.evening.markets))
    trip = Trip(Code.REJECTS, DETAIL, 1, now, Ms(now + 300_000))
    keep_breaker(BreakerMoved(MarketId(market_id), State.CLOSED, State.OPEN, trip, DETAIL, now))
    trader.evening.markets[market_id]["breaker"] = {
        "state": "open",
        "code": "rejects",
        "detail": DETAIL,
        "tripped": 1,
        "opened_ms": now,
        "until_ms": now + 300_000,
    }
    return market_id


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_open_breaker_counts_down_and_is_resumed_with_a_reason(
    open_page: Open, trader: FakeTrader, runner: FakeRunner, size: dict[str, int]
) -> None:
    list_markets(trader.evening)
    market_id = open_breaker(trader)
    page = open_page("/risk/", size=size)
    page.locator("#p-force").get_by_text("one order is tried in 4:").wait_for()
    page.locator("#p-breakers").get_by_text(DETAIL).wait_for()

    page.locator("#p-force").get_by_role("button", name="Resume T1 v HLE").click()
    dialog = page.get_by_role("dialog", name="Resume T1 v HLE")
    assert "Resuming closes it before its time" in dialog.inner_text()
    dialog.get_by_label("Why").fill("the key was renewed")
    dialog.get_by_role("button", name="Resume T1 v HLE").click()

    page.get_by_text("T1 v HLE trades again").wait_for()
    assert breaker_of(market_id) is None
    page.locator("#p-breakers").get_by_text("resumed by ada: the key was renewed").wait_for()


def test_a_halted_market_is_resumed_where_it_is_listed(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    list_markets(trader.evening)
    market_id = next(iter(trader.evening.markets))
    runner.halt("book looks odd", market_id=market_id)
    page = open_page("/risk/")

    page.locator("#p-force").get_by_role("button", name="Resume T1 v HLE").click()
    dialog = page.get_by_role("dialog", name="Resume T1 v HLE")
    dialog.get_by_label("Why").fill("it is fine")
    dialog.get_by_role("button", name="Resume T1 v HLE").click()

    page.locator("#p-force").get_by_text("Nothing.").wait_for()
    assert selectors.market_halts() == {}


def test_refusals_say_rule_count_and_the_last_one_in_words(open_page: Open, trader: FakeTrader) -> None:
    page = open_page("/risk/")

    row = page.locator("#p-refusals tbody tr", has_text="position")
    row.get_by_text("would hold 1500.01 of 1500 USDC").wait_for()


def test_a_halt_of_before_opens_to_its_steps(open_page: Open, trader: FakeTrader, runner: FakeRunner) -> None:
    runner.halt("feed looks wrong")
    runner.answer()
    page = open_page("/risk/")
    row = page.locator("#history details").first

    row.focus()
    page.keyboard.press("Enter")

    row.get_by_text("orders cancelled 7/7").wait_for()
    assert row.get_by_text("Proven after").is_visible()


def test_the_window_of_the_venue_runs_down(open_page: Open, trader: FakeTrader) -> None:
    now = clock.now_ms()
    trader.say(
        window={"mode": "post_only", "since_ms": now, "until_ms": now + 120_000, "detail": "after a restart"}
    )
    page = open_page("/risk/")

    page.locator("#p-times").get_by_text("post-only: takes quotes, nothing that crosses, 1:").wait_for()


def test_a_viewer_is_offered_nothing_to_press_on_any_page(
    open_page: Open, trader: FakeTrader, runner: FakeRunner, person: User
) -> None:
    list_markets(trader.evening)
    market_id = open_breaker(trader)
    runner.halt("book looks odd", market_id=market_id)
    with_role(User.objects.create_user("otto"), Role.OPERATOR)
    User.objects.filter(pk=person.pk).update(is_superuser=False, is_staff=False)
    with_role(person, Role.VIEWER)
    controls = (
        "[data-market-control], [data-reset], [data-halt-now], [data-person], [data-make-person],"
        "[data-open-incident], [data-see], [data-test]"
    )
    page = open_page("/risk/")
    page.locator("#p-force").get_by_text("Needs the role operator: otto.").first.wait_for()
    offered = {}
    pages = (
        "/risk/",
        "/",
        "/markets/",
        f"/markets/{market_id}/",
        "/audit/",
        "/people/",
        "/alerts/",
        "/incidents/",
    )
    for path in pages:
        page.goto(path)
        page.locator("#halt:disabled").wait_for()
        offered[path] = page.locator(controls).count()

    assert set(offered.values()) == {0}, offered
