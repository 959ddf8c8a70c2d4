"""The record on a page: filtered, opened to what was changed, and as CSV of what is shown."""

import csv
import io

import pytest
from django.test import Client

from core.units import Ms
from dashboard.differences import Difference, differences
from infra import clock
from risk.access.people import Actor, Role
from risk.audit.record import record
from risk.models import AuditOutcome

ADA = Actor("ada", Role.RISK_ADMIN, "127.0.0.1", None)
OLGA = Actor("olga", Role.OPERATOR, "10.0.0.7", None)
HOUR_MS = 3_600_000


@pytest.fixture
def record_of_a_night(db: None) -> None:
    now = clock.now_ms()
    link(
        OLGA,
        "halt",
        reason="feed looks wrong",
        after={"halt": "manual_halt", "pressed": 1},
        at=now - 30 * HOUR_MS,
    )
    link(
        OLGA,
        "reset",
        reason="let me",
        outcome=AuditOutcome.REFUSED,
        after={"refused": "needs a risk admin"},
        at=now,
    )
    link(
        ADA,
        "limits",
        reason="fewer surprises",
        before={"limits": {"daily_loss": "200", "order_max": "100"}},
        after={"limits": {"daily_loss": "150", "order_max": "100"}},
        at=now,
    )


def link(
    by: Actor,
    what: str,
    *,
    reason: str,
    at: int,
    outcome: AuditOutcome = AuditOutcome.DONE,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    record(by, what, outcome=outcome, reason=reason, before=before or {}, after=after or {}, at=Ms(at))


def shown(client: Client, query: str) -> str:
    page = client.get(f"/audit/?{query}").content.decode()
    return page[page.index("<ol>") : page.index("</ol>")] if "<ol>" in page else ""


@pytest.mark.usefixtures("record_of_a_night")
def test_a_link_opens_to_what_it_changed_and_not_to_json(as_ada: Client) -> None:
    page = shown(as_ada, "")

    assert "limits · daily loss" in page
    assert "<td>200</td>" in page
    assert "<b>150</b>" in page
    assert "{" not in page


@pytest.mark.usefixtures("record_of_a_night")
def test_a_refused_attempt_is_marked_and_says_why(as_ada: Client) -> None:
    page = shown(as_ada, "outcome=refused")

    assert 'class="was-refused"' in page
    assert "needs a risk admin" in page
    assert "feed looks wrong" not in page


@pytest.mark.usefixtures("record_of_a_night")
@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("text=olga", "feed looks wrong", "fewer surprises"),
        ("text=3", "fewer surprises", "feed looks wrong"),
        ("text=SURPRISES", "fewer surprises", "feed looks wrong"),
        ("what=halt", "feed looks wrong", "fewer surprises"),
        ("when=hour", "fewer surprises", "feed looks wrong"),
        ("when=between&until=2000-01-01T00:00", "", "fewer surprises"),
        ("when=between&since=nonsense", "feed looks wrong", "nothing else"),
        ("what=nonsense", "feed looks wrong", "nothing else"),
    ],
)
def test_a_filter_leaves_what_fits(as_ada: Client, query: str, there: str, gone: str) -> None:
    page = shown(as_ada, query)

    assert there in page
    assert gone not in page


@pytest.mark.usefixtures("record_of_a_night")
def test_the_csv_has_what_the_filter_shows(as_ada: Client) -> None:
    text = as_ada.get("/audit.csv?text=ada").content.decode()

    (row,) = csv.DictReader(io.StringIO(text))
    assert row["control"] == "limits"
    assert row["after"] == '{"limits": {"daily_loss": "150", "order_max": "100"}}'
    assert len(row["digest"]) == 64


def test_a_reason_is_text_on_the_page_and_a_word_in_a_spreadsheet(as_ada: Client) -> None:
    link(OLGA, "halt", reason="=HYPERLINK(1)<script>alert(1)</script>", at=clock.now_ms())

    page, text = as_ada.get("/audit/").content.decode(), as_ada.get("/audit.csv").content.decode()

    assert "<script>alert" not in page
    assert "'=HYPERLINK" in text


def test_an_empty_record_says_what_will_be_in_it(as_ada: Client) -> None:
    assert "Nobody used a control yet." in as_ada.get("/audit/").content.decode()


def test_what_differs_comes_first_and_what_stayed_stands_below() -> None:
    found = differences({"halt": None, "pressed": 2}, {"pressed": 2, "halt": "manual_halt"})

    assert found == [Difference("halt", "none", "manual halt", True), Difference("pressed", "2", "2", False)]


def test_what_one_side_does_not_name_is_not_called_none() -> None:
    (found,) = differences({}, {"asked": ["shard:0", "shard:1"]})

    assert (found.before, found.after) == ("–", "shard:0, shard:1")  # noqa: RUF001


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (1_761_998_400_000, "2025-11-01 12:00:00 UTC"),
        (2_000, "2000"),
        ([], "none"),
        ("", "none"),
        ("0.50", "0.50"),
        ({}, "{}"),
    ],
)
def test_values_are_said_as_people_say_them(value: object, words: str) -> None:
    (found,) = differences({}, {"until_ms": value})

    assert found.after == words
