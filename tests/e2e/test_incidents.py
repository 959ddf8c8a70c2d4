"""Incidents in a browser: opened where something went wrong, written into, told live, closed with a cause."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from infra import clock
from risk.access.people import Actor, Role
from risk.incidents import log
from risk.models import Alert, Incident, IncidentNote, Severity
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.fakerunner import FakeRunner
from tests.e2e.faketrader import FakeTrader
from tests.risk.conftest import with_role

if TYPE_CHECKING:
    from playwright.sync_api import Page

OLGA = Actor("olga", Role.OPERATOR, "127.0.0.1", None)


class Colleague(FakeRunner):
    """Somebody else who writes into incidents meanwhile, on a thread of their own."""

    def opens(self, title: str = "books differ") -> int:
        opening = self.thread.submit(
            log.open_incident,
            title=title,
            severity=Severity.P1,
            began=None,
            alert_id=None,
            by=OLGA,
            at=clock.now_ms(),
        )
        return opening.result(timeout=20).pk

    def writes(self, number: int, text: str) -> None:
        self.thread.submit(log.write_note, number, text, by=OLGA, at=clock.now_ms()).result(timeout=20)


@pytest.fixture
def colleague(person: User) -> Iterator[Colleague]:
    writing = Colleague()
    with writing:
        yield writing


def fill_dialog(page: "Page", name: str, verb: str, **fields: str) -> None:
    dialog = page.get_by_role("dialog", name=name)
    for field, text in fields.items():
        dialog.locator(f'[name="{field}"]').fill(text)
    dialog.get_by_role("button", name=verb).click()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_incident_from_its_first_word_to_its_cause(
    open_page: Open, trader: FakeTrader, size: dict[str, int]
) -> None:
    page = open_page("/incidents/", size=size)
    page.get_by_role("button", name="Open an incident").click()
    fill_dialog(page, "Open an incident", "Open it", title="books differ")
    page.get_by_role("heading", name="books differ").wait_for()

    page.locator("#note-text").wait_for()
    page.keyboard.press("n")
    page.keyboard.type("the venue says 12, we say 10")
    page.keyboard.press("Control+Enter")
    page.locator("#p-line").get_by_text("the venue says 12, we say 10").wait_for()
    page.get_by_role("button", name="Keep the state").click()
    page.locator("#p-line summary", has_text="position").wait_for()
    page.get_by_role("button", name="Severity").click()
    page.get_by_role("dialog").locator('[name="severity"]').select_option("0")
    fill_dialog(page, "Graver or lighter", "Change the severity", reason="orders leave")
    page.locator("#incident-state", has_text="P0").wait_for()
    page.get_by_role("button", name="Close…").click()
    fill_dialog(page, "Close incident", "Close it", cause="a fill was heard twice")

    page.locator("#facts", has_text="a fill was heard twice").wait_for()
    assert page.locator("#note").is_hidden()
    found = Incident.objects.get()
    assert (found.severity, found.cause, found.closed_by_name) == (0, "a fill was heard twice", "ada")
    assert list(IncidentNote.objects.order_by("pk").values_list("kind", flat=True)) == [
        "note",
        "snapshot",
        "severity",
    ]


def test_what_somebody_else_writes_appears_by_itself(
    open_page: Open, trader: FakeTrader, colleague: Colleague
) -> None:
    number = colleague.opens()
    page = open_page(f"/incidents/{number}/")
    page.locator("#p-line").get_by_text("opened as P1: books differ").wait_for()

    colleague.writes(number, "looking into it")

    page.locator("#p-line").get_by_text("looking into it").wait_for()
    page.locator("nav [data-count=incidents]", has_text="1").wait_for(state="attached")


def test_an_incident_of_an_alert_begins_with_it_and_is_led_to_from_there(
    open_page: Open, trader: FakeTrader
) -> None:
    now = clock.now_ms()
    began = clock.to_datetime(now - 60_000)
    alert = Alert.objects.create(
        key="source_stale:steam", code="source_stale", severity=1, text="Source stale: steam", mode="demo",
        began=began, last=clock.to_datetime(now), times=1,
    )  # fmt: skip
    page = open_page("/alerts/")
    page.get_by_role("button", name="Open an incident: Source stale: steam").click()

    fill_dialog(page, "Open an incident", "Open it")

    page.locator("#p-line").get_by_text("P1 Source stale: steam").wait_for()
    found = Incident.objects.get()
    assert (found.alert_id, found.began, found.severity) == (alert.pk, began, 1)
    page.goto("/alerts/")
    page.get_by_role("link", name=f"Incident {found.pk}", exact=True).wait_for()


def test_an_incident_of_a_halt_begins_with_it(
    open_page: Open, trader: FakeTrader, runner: FakeRunner
) -> None:
    runner.halt("feed looks wrong")
    page = open_page("/risk/")
    page.locator("#p-force").get_by_role("button", name="Open an incident").click()

    fill_dialog(page, "Open an incident", "Open it")

    page.get_by_role("heading", name="Trading halted: feed looks wrong").wait_for()
    page.locator("#p-line").get_by_text("everything halted: manual halt, feed looks wrong").wait_for()
    (halt,) = runner.halts()
    assert clock.to_ms(Incident.objects.get().began) == halt.began_ms


def test_a_snapshot_opens_to_the_whole_state_and_a_lane_shows_its_kind_only(
    open_page: Open, trader: FakeTrader, colleague: Colleague
) -> None:
    number = colleague.opens()
    page = open_page(f"/incidents/{number}/")
    page.get_by_role("button", name="Keep the state").click()
    row = page.locator(".moment", has_text="the state at this moment")
    row.locator("summary").click()
    row.get_by_role("button", name="Copy it as JSON").wait_for()

    page.get_by_role("button", name="halts 0").click()

    page.get_by_text("Nothing of this kind in its span.").wait_for()
    kept = IncidentNote.objects.get().facts
    assert json.loads(json.dumps(kept))["open_orders"] == []


def test_a_viewer_reads_an_incident_and_changes_nothing(
    open_page: Open, trader: FakeTrader, colleague: Colleague, person: User
) -> None:
    number = colleague.opens()
    User.objects.filter(pk=person.pk).update(is_superuser=False, is_staff=False)
    with_role(User.objects.create_user("otto"), Role.OPERATOR)
    with_role(person, Role.VIEWER)
    page = open_page(f"/incidents/{number}/")

    page.locator("#facts").get_by_text("Needs the role operator: otto.").wait_for()

    assert page.locator("#note").is_hidden()
    assert page.locator("[data-open-incident], [data-does=grade], [data-does=close]").count() == 0
    page.goto("/incidents/")
    page.locator("#incidents-new").get_by_text("Needs the role operator: otto.").wait_for()
