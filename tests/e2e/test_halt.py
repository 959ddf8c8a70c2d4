"""HALT in a browser: held, not clicked; carried out and proven on the screen; ended with a reason."""

import json
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from feeds.models import SourceHealth
from feeds.selectors import venue_in_use
from infra import clock
from infra import redis as infra_redis
from infra.loops import pulse_key
from infra.redis import Db
from risk import selectors
from risk.access.people import Role
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.evening import gate
from tests.e2e.fakerunner import FakeRunner
from tests.e2e.faketrader import FakeTrader
from tests.e2e.listed import list_markets
from tests.risk.away import another_writes
from tests.risk.conftest import with_role

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOLD_MS = 600
PROCESSES = ("web", "trader", "feeds", "ops", "beat", "simulator")


def hold(page: "Page", ms: int) -> None:
    """Press HALT with the pointer for ``ms`` of the page's own time."""
    box = page.locator("#halt").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", ms)
    page.mouse.up()


def halt_and_stop(page: "Page", runner: FakeRunner) -> selectors.HaltInForce:
    hold(page, HOLD_MS + 150)
    page.get_by_role("heading", name="All trading halted").wait_for()
    (halt,) = runner.halts()
    runner.stop(halt)
    return halt


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_holding_halts_and_the_panel_shows_each_step_until_it_is_proven(
    open_page: Open, trader: FakeTrader, runner: FakeRunner, size: dict[str, int]
) -> None:
    page = open_page(size=size)
    page.locator("#halt").wait_for()

    halt = halt_and_stop(page, runner)
    panel = page.locator("#halt-panel")
    panel.get_by_text("runners stopped 1/1").wait_for()
    panel.get_by_text("orders cancelled 0/7").wait_for()
    assert panel.get_by_text("Not proven yet").is_visible()
    runner.ask_venue(halt, cancelled=5, still_open=["0xab", "0xcd"])
    panel.get_by_text("orders cancelled 5/7").wait_for()
    runner.prove(halt)

    panel.get_by_text("Proven after").wait_for()
    assert page.locator("#halt").inner_text() == "HALTED"


def test_letting_go_too_early_does_nothing_and_says_so(open_page: Open, trader: FakeTrader) -> None:
    page = open_page()

    hold(page, 150)

    page.get_by_text("Nothing happened. Hold for 0.6 s").wait_for()
    assert selectors.halt_in_force() is None


def test_a_halt_takes_back_that_nothing_happened(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    page = open_page()
    hold(page, 150)
    page.locator("#said.shown").wait_for()

    hold(page, 900)

    page.get_by_role("heading", name="All trading halted").wait_for()
    assert page.locator("#said.shown").count() == 0


def test_h_and_holding_enter_halts(open_page: Open, trader: FakeTrader, runner: FakeRunner) -> None:
    page = open_page()
    page.locator("#halt").wait_for()

    page.keyboard.press("H")
    page.keyboard.down("Enter")
    page.get_by_role("heading", name="All trading halted").wait_for()
    page.keyboard.up("Enter")

    (halt,) = runner.halts()
    assert halt.by == "ada"


def test_who_cannot_hold_gets_a_plain_button(open_page: Open, trader: FakeTrader, runner: FakeRunner) -> None:
    """A click that no pointer made, as assistive technology sends it."""
    page = open_page()
    page.locator("#halt").evaluate("(button) => button.click()")

    page.get_by_role("button", name="Halt all trading", exact=True).click()

    page.get_by_role("heading", name="All trading halted").wait_for()


def test_what_cannot_be_proven_is_named_and_stays(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    page = open_page()
    runner.unknown = ["0xdeadbeef"]

    halt = halt_and_stop(page, runner)
    proven = runner.prove(halt)

    unproven = page.locator("#halt-panel .unproven")
    unproven.wait_for()
    assert not proven
    assert "0xdeadbeef" in unproven.inner_text()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_without_the_live_connection_halt_goes_over_http_and_says_so(
    open_page: Open, trader: FakeTrader, runner: FakeRunner, size: dict[str, int]
) -> None:
    page = open_page(size=size, expects=("WebSocket",))
    page.route_web_socket("**/ws/console/", lambda socket: socket.close())
    page.reload()
    page.locator('[data-notice="lost"]').wait_for()

    halt = halt_and_stop(page, runner)
    panel = page.locator("#halt-panel")
    panel.get_by_text("No live connection.").wait_for()
    panel.get_by_text("runners stopped 1/1").wait_for()
    runner.prove(halt)

    panel.get_by_text("Proven after").wait_for()


def test_a_halt_that_nobody_heard_is_pressed_again_until_somebody_does(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    page = open_page(expects=("ERR_FAILED",))
    page.route("**/api/v1/halts", lambda route: route.abort(), times=1)
    page.locator("#halt").wait_for()

    hold(page, HOLD_MS + 150)
    page.locator("#halt-panel").get_by_text("Not halted yet: 1 try without success.").wait_for()

    page.get_by_role("heading", name="All trading halted").wait_for()
    (halt,) = runner.halts()
    assert halt.pressed == 1


def test_a_halt_the_database_does_not_take_says_so_until_it_is_recorded(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    page = open_page()
    page.locator("#halt").wait_for()
    panel = page.locator("#halt-panel")

    with another_writes():
        hold(page, HOLD_MS + 150)
        panel.get_by_role("heading", name="All trading halted, not recorded yet").wait_for()
        assert "not recorded yet" in panel.locator(".unproven").inner_text()
        assert page.locator("#halt").inner_text() == "HALTED"

    page.get_by_role("heading", name="All trading halted", exact=True).wait_for()
    (halt,) = runner.halts()
    runner.stop(halt)
    runner.prove(halt)
    panel.get_by_text("Proven after").wait_for()


def test_a_halt_survives_a_reload(open_page: Open, trader: FakeTrader, runner: FakeRunner) -> None:
    page = open_page()
    halt_and_stop(page, runner)

    page.reload()

    page.locator('[data-notice="halt"]').wait_for()
    assert page.locator("#halt").inner_text() == "HALTED"
    assert page.title().startswith("■ HALTED")


def test_reset_asks_why_and_shows_the_check_that_fails(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    """No trader beats in this stack, so the health check fails, and rightly."""
    page = open_page(expects=("409",))
    halt_and_stop(page, runner)
    page.locator("#notices").get_by_role("button", name="Reset trading").click()
    dialog = page.get_by_role("dialog", name="Reset trading")

    dialog.get_by_role("button", name="Reset trading").click()
    assert dialog.locator(":invalid").count() > 0, "a reason is required"
    dialog.get_by_label("Why").fill("feed is fine again")
    dialog.get_by_role("button", name="Reset trading").click()

    refused = dialog.locator(".refused")
    refused.wait_for()
    assert "health check fails" in refused.inner_text()
    assert selectors.halt_in_force() is not None


def test_a_reset_with_a_reason_ends_the_halt_once_every_check_passes(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    page = open_page()
    halt = halt_and_stop(page, runner)
    runner.prove(halt)
    everything_is_well()
    page.locator("#notices").get_by_role("button", name="Reset trading").click()
    dialog = page.get_by_role("dialog", name="Reset trading")
    assert "Recorded as ada (risk-admin)" in dialog.inner_text()

    dialog.get_by_label("Why").fill("feed is fine again")
    dialog.get_by_role("button", name="Reset trading").click()

    page.get_by_text("Trading was reset.").wait_for()
    assert selectors.halt_in_force() is None
    # The answer and the console's own news of it come on two ways: which is first is not said.
    page.locator("#halt").get_by_text("HALT", exact=True).wait_for()


def test_one_market_is_halted_and_resumed_with_a_reason(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    list_markets(trader.evening)
    market_id = next(iter(trader.evening.markets))
    # The evening decides on this market only after a dozen seconds, which is longer than a page is waited for.
    decided = {"at_ms": clock.now_ms(), "verdict": "no", "gate": "book trusted"}
    row = trader.rows()[f"market:{market_id}"] | {"decision": decided, "gates": [gate(0, 1), gate(1, 1)]}
    trader.say(**{f"market__{market_id}": row})
    page = open_page(f"/markets/{market_id}/")
    page.locator("#market-state").get_by_role("button", name="Halt").click()
    page.get_by_role("dialog").get_by_role("button", name="Halt T1 v HLE").click()
    page.locator("#market-halt").get_by_text("Halted since").wait_for()
    assert list(selectors.market_halts()) == [market_id]
    for line in ("#market-facts", "#p-decisions .gates-now"):
        page.locator(line).get_by_text("now halted: ").wait_for()

    page.locator("#market-state").get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog", name="Resume T1 v HLE")
    dialog.get_by_label("Why").fill("looked odd, is fine")
    dialog.get_by_role("button", name="Resume T1 v HLE").click()

    page.get_by_text("T1 v HLE trades again").wait_for()
    assert selectors.market_halts() == {}


def test_who_may_only_look_cannot_press(open_page: Open, trader: FakeTrader, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_staff=False, is_superuser=False)
    with_role(person, Role.VIEWER)
    with_role(User.objects.create_user("otto"), Role.OPERATOR)
    page = open_page()

    page.locator("#halt:disabled").wait_for()
    assert page.locator("[data-market-control]:enabled").count() == 0
    assert "Halting and resuming needs the role operator: otto." in page.locator("footer").inner_text()


def beat_everything() -> None:
    """Light every process for a few seconds, as a whole stack would."""
    for process in PROCESSES:
        word = json.dumps({"pid": 1, "since_ms": 1, "beat_ms": 0})
        infra_redis.client(Db.BUS).set(f"alive:{process}:1", word, px=5_000)


def everything_is_well() -> None:
    """What the health check asks for, as a whole stack would have it for a few seconds."""
    beat_everything()
    for loop in ("shard:0", "feed:discovery", "feed:matches"):
        infra_redis.client(Db.BUS).set(pulse_key(loop), "1", px=5_000)
    now = clock.now_ms()
    for source in ("discovery", "matches"):
        SourceHealth.objects.create(
            venue=venue_in_use(),
            source=source,
            status="connected",
            since_ms=now,
            heard_ms=now,
            checked_ms=now,
            reconnects=0,
        )


def test_a_worker_without_a_sign_of_life_needs_somebody(open_page: Open, trader: FakeTrader) -> None:
    page = open_page()
    page.locator("#p-needs").get_by_text("workers are down").wait_for()

    beat_everything()
    infra_redis.client(Db.BUS).delete("alive:ops:1")

    page.locator("#p-needs").get_by_text("A worker is down").wait_for()
