"""The pages of incidents, drawn; what the browser does on them is tested with a browser."""

import csv
import io

import pytest
from django.test import Client

from dashboard import troubles
from infra import clock
from risk.access.people import Actor, Role
from risk.incidents import log
from risk.models import Severity

OLGA = Actor("olga", Role.OPERATOR, "127.0.0.1", None)


def an_incident(title: str = "books differ", severity: Severity = Severity.P1) -> int:
    made = log.open_incident(
        title=title, severity=severity, began=None, alert_id=None, by=OLGA, at=clock.now_ms()
    )
    return made.pk


def test_an_incident_has_a_page_with_its_title_as_text(as_ada: Client) -> None:
    number = an_incident("<b>books</b> differ")

    page = as_ada.get(f"/incidents/{number}/").content.decode()

    assert "&lt;b&gt;books&lt;/b&gt; differ" in page
    assert "<b>books</b>" not in page


@pytest.mark.parametrize("number", [7, 10**30])
def test_a_number_no_incident_has_is_404_in_the_frame(as_ada: Client, number: int) -> None:
    answer = as_ada.get(f"/incidents/{number}/")

    assert answer.status_code == 404
    assert "There is no page here" in answer.content.decode()


def test_the_csv_has_every_incident_with_its_cause(as_ada: Client) -> None:
    first = an_incident("=cmd()")
    log.close_incident(first, "a restart", by=OLGA, at=clock.now_ms())
    an_incident()

    open_one, closed = csv.DictReader(io.StringIO(as_ada.get("/incidents.csv").content.decode()))

    assert (open_one["title"], open_one["closed"], open_one["cause"]) == ("books differ", "", "")
    assert (closed["title"], closed["closed_by"], closed["cause"]) == ("'=cmd()", "olga", "a restart")


def test_an_open_incident_needs_somebody_until_it_is_closed(db: None) -> None:
    number = an_incident(severity=Severity.P0)
    (found,) = troubles.found()

    log.close_incident(number, "known", by=OLGA, at=clock.now_ms())

    assert (found["key"], found["severity"], found["href"]) == (
        f"incident-{number}",
        0,
        f"/incidents/{number}/",
    )
    assert troubles.found() == []
