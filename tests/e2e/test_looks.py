"""What can be measured of the looks: nothing wider than the screen, nothing too faint, a name for everything."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from django.contrib.auth.models import User

from infra import clock
from risk.access.people import Role
from risk.models import Alert, Incident, IncidentNote
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.fakerunner import FakeRunner
from tests.e2e.faketrader import FakeTrader
from tests.pages import PAGES
from tests.risk.conftest import with_role

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TABLET = {"width": 768, "height": 1024}
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: npm ci --ignore-scripts")


def paths(trader: FakeTrader) -> list[str]:
    return [*PAGES, f"/markets/{next(iter(trader.evening.markets))}/", incident_path()]


def incident_path() -> str:
    """The page of an incident with something of every kind on its line of time."""
    now = clock.now_ms()
    found = Incident.objects.create(
        title="books differ", severity=1, mode="demo", began=clock.to_datetime(now - 90_000),
        opened=clock.to_datetime(now - 60_000), opened_by_name="olga",
    )  # fmt: skip
    for kind, text, facts in (
        ("note", "the venue says 12, we say 10", None),
        ("severity", "orders leave", {"before": "P2", "after": "P1"}),
        ("snapshot", "the state at this moment", {"equity": "10012.5", "open_orders": [], "checks": []}),
    ):
        IncidentNote.objects.create(
            incident=found, at=clock.to_datetime(now), by_name="olga", kind=kind, text=text, facts=facts
        )
    Alert.objects.create(
        key="source_stale:steam", code="source_stale", severity=2, text="Source stale: steam", mode="demo",
        began=clock.to_datetime(now - 80_000), last=clock.to_datetime(now), times=3,
    )  # fmt: skip
    return f"/incidents/{found.pk}/"


def violations(page: "Page") -> list[str]:
    """What axe-core calls serious or worse, its contrast rule (4.5 to 1) included."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url} {each['id']}: {node['target']} {node['any'][0]['message'] if node['any'] else ''}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


@needs_axe
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("third", [0, 1, 2])  # of the pages: all at once take too long on a busy machine
def test_nothing_serious_stands_in_anybodys_way(
    open_page: Open, trader: FakeTrader, third: int, theme: str
) -> None:
    page = open_page(theme=theme)
    serious = []
    for path in paths(trader)[third::3]:
        page.goto(path)
        page.locator("#utc", has_text="UTC").wait_for()
        serious += violations(page)

    assert serious == []


@needs_axe
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_opens_stands_in_nobodys_way_either(
    open_page: Open, trader: FakeTrader, runner: FakeRunner, theme: str
) -> None:
    page = open_page(theme=theme)
    page.locator("#halt").evaluate("(button) => button.click()")
    page.get_by_role("button", name="Halt all trading", exact=True).click()
    page.get_by_role("heading", name="All trading halted").wait_for()
    runner.answer()
    page.get_by_text("Proven after").wait_for()
    serious = violations(page)
    page.locator("#notices").get_by_role("button", name="Reset trading").click()
    page.get_by_role("dialog", name="Reset trading").wait_for()

    assert serious + violations(page) == []


@needs_axe
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("button", ["Make a token", "Let a colleague in", "Role olga", "Let go olga"])
def test_what_asks_about_people_stands_in_nobodys_way(
    open_page: Open, trader: FakeTrader, theme: str, button: str
) -> None:
    with_role(User.objects.create_user("olga"), Role.OPERATOR)
    page = open_page("/people/", theme=theme)
    page.get_by_role("button", name=button).click()
    page.get_by_role("dialog").wait_for()

    assert violations(page) == []


@pytest.mark.parametrize("size", [DESK, PHONE, TABLET], ids=["desk", "phone", "tablet"])
def test_no_page_is_wider_than_the_screen(open_page: Open, trader: FakeTrader, size: dict[str, int]) -> None:
    page = open_page(size=size)
    wide = []
    for path in paths(trader):
        page.goto(path)
        page.locator("#utc", has_text="UTC").wait_for()
        width = page.evaluate("document.documentElement.scrollWidth")
        wide += [(path, width)] if width > size["width"] else []

    assert wide == []


def test_on_a_phone_profit_halt_and_navigation_stay_in_sight(open_page: Open, trader: FakeTrader) -> None:
    page = open_page(size=PHONE)
    page.locator("#p-fills").scroll_into_view_if_needed()

    for place in ("#halt", "#bar-pnl", "nav[aria-label='Pages']"):
        box = page.locator(place).bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= PHONE["height"]


def test_what_needs_somebody_comes_first_on_a_phone(open_page: Open, trader: FakeTrader) -> None:
    page = open_page(size=PHONE)
    page.locator("#p-needs").wait_for()

    tops = [
        page.locator(panel).bounding_box()
        for panel in ("#p-needs", "#p-equity", "#p-markets", "#p-decisions")
    ]

    assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box)


def test_light_is_kept_for_the_next_page(open_page: Open, trader: FakeTrader) -> None:
    page = open_page()
    page.keyboard.press("t")
    page.goto("/risk/")

    assert page.locator("html").get_attribute("data-theme") == "light"


@pytest.mark.parametrize(("system", "light"), [("light", True), ("dark", False)])
def test_until_somebody_chooses_it_looks_as_the_system_does(
    open_page: Open, trader: FakeTrader, system: Literal["light", "dark"], *, light: bool
) -> None:
    page = open_page(theme="")
    page.emulate_media(color_scheme=system)

    text = page.evaluate("getComputedStyle(document.body).color")
    assert text == ("rgb(20, 24, 30)" if light else "rgb(229, 233, 239)")
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == ("dark" if light else "light")


def test_a_changed_number_brightens_unless_motion_is_unwanted(open_page: Open, trader: FakeTrader) -> None:
    script = """async (mine) => {
        const { h, patch } = await import("/static/js/dom.js");
        const place = document.createElement("p");
        document.body.append(place);
        patch(place, [h("b", { flash: true }, "1")]);
        patch(place, [h("b", { flash: true }, "2")]);
        return place.firstElementChild.getAnimations().length;
    }"""

    assert open_page(calm=False).evaluate(script) == 1
    assert open_page(calm=True).evaluate(script) == 0
