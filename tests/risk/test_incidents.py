"""Incidents: opened, written into, kept, closed; one line of time; a page of markdown."""

from collections.abc import Iterator

import pytest

from infra.append_only import FactChanged
from infra.clock import to_datetime
from risk import services
from risk.access.people import Actor
from risk.errors import IncidentClosed, NotAllowed, NotValid, ReasonMissing, UnknownIncident
from risk.incidents import export, log, timeline
from risk.incidents.state import register_state
from risk.models import Alert, Audit, Incident, IncidentNote, Severity
from tests.risk.conftest import MARKET, NOON, OPERATOR, RISK_ADMIN, VIEWER, after, halt

pytestmark = pytest.mark.django_db
STATE = {"account": {"name": "main", "id": 1}, "cash": "9990.00", "open_orders": []}


@pytest.fixture(autouse=True)
def _state() -> Iterator[None]:
    before = register_state(lambda: dict(STATE))
    yield
    register_state(before)


def opened(title: str = "books differ", *, at: int = 0, by: Actor = OPERATOR) -> Incident:
    return log.open_incident(
        title=title, severity=Severity.P1, began=None, alert_id=None, by=by, at=after(at)
    )


def an_alert() -> Alert:
    return Alert.objects.create(
        key="source_stale:steam", code="source_stale", severity=2, text="Source stale: steam", mode="demo",
        began=to_datetime(after(-60_000)), last=to_datetime(NOON), times=1,
    )  # fmt: skip


def test_an_incident_opened_from_an_alert_began_with_it() -> None:
    alert = an_alert()

    made = log.open_incident(
        title="steam is silent", severity=Severity.P2, began=None, alert_id=alert.pk, by=OPERATOR, at=NOON
    )

    assert (made.began, made.opened, made.alert) == (alert.began, to_datetime(NOON), alert)
    link = Audit.objects.get()
    assert (link.what, link.who, link.target, link.outcome) == ("incident", "olga", str(made.pk), "done")


@pytest.mark.parametrize(
    ("title", "began", "alert_id", "field"),
    [("  ", None, None, "title"), ("x", 1, None, "began_ms"), ("x", None, 99, "alert_id")],
)
def test_what_cannot_be_is_refused_and_recorded(
    title: str, began: int | None, alert_id: int | None, field: str
) -> None:
    with pytest.raises(NotValid) as refused:
        log.open_incident(
            title=title,
            severity=Severity.P3,
            began=None if began is None else after(began),
            alert_id=alert_id,
            by=OPERATOR,
            at=NOON,
        )

    assert refused.value.field == field
    assert Audit.objects.get().outcome == "refused"
    assert not Incident.objects.exists()


def test_a_viewer_opens_none() -> None:
    with pytest.raises(NotAllowed):
        opened(by=VIEWER)


def test_the_line_of_time_has_what_people_and_the_program_did() -> None:
    halt("feed looks wrong", at=after(-60_000))
    services.halt_market(
        market_id=MARKET, code=services.MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=after(-30_000)
    )
    incident = opened()
    log.write_note(incident.pk, "the venue says it restarts", by=OPERATOR, at=after(10_000))
    log.set_severity(incident.pk, Severity.P0, "orders leave", by=RISK_ADMIN, at=after(20_000))
    log.close_incident(incident.pk, "a restart nobody announced", by=RISK_ADMIN, at=after(30_000))
    halt("long after", at=after(99_000))

    told = [
        (each.kind.value, each.who, each.text) for each in timeline.timeline(timeline.incident(incident.pk))
    ]

    assert ("incident", "olga", "opened as P1: books differ") in told
    assert ("note", "rita", "P1 becomes P0: orders leave") in told
    assert ("halt", "olga", "everything halted: manual halt, feed looks wrong") in told
    assert ("control", "olga", f"halt-market {MARKET} done: odd") in told
    assert told[-1] == ("incident", "rita", "closed: a restart nobody announced")
    assert not any("long after" in text for _, _, text in told)


def test_a_snapshot_keeps_the_state_of_that_moment() -> None:
    incident = opened()

    kept = log.keep_snapshot(incident.pk, by=OPERATOR, at=after(1_000))
    register_state(lambda: {"account": None})

    assert IncidentNote.objects.get().facts == STATE
    with pytest.raises(FactChanged):
        kept.save()


def test_a_closed_incident_takes_no_more() -> None:
    incident = opened()
    log.close_incident(incident.pk, "known", by=OPERATOR, at=after(1_000))

    for act in (
        lambda: log.write_note(incident.pk, "late", by=OPERATOR, at=after(2_000)),
        lambda: log.keep_snapshot(incident.pk, by=OPERATOR, at=after(2_000)),
        lambda: log.set_severity(incident.pk, Severity.P3, "late", by=OPERATOR, at=after(2_000)),
        lambda: log.close_incident(incident.pk, "twice", by=OPERATOR, at=after(2_000)),
    ):
        with pytest.raises(IncidentClosed, match="open a new one"):
            act()

    assert Incident.objects.get().cause == "known"


def test_it_is_closed_with_a_cause_and_only_when_there_is_one() -> None:
    with pytest.raises(UnknownIncident):
        log.close_incident(7, "known", by=OPERATOR, at=NOON)
    with pytest.raises(ReasonMissing):
        log.close_incident(opened().pk, "  ", by=OPERATOR, at=NOON)


def test_the_page_says_everything_and_nothing_in_it_is_markup() -> None:
    incident = opened("<b>a | b</b> `x`")
    log.keep_snapshot(incident.pk, by=OPERATOR, at=after(1_000))

    page = export.markdown(timeline.incident(incident.pk))

    assert page.startswith("# P1 \\<b\\>a \\| b\\</b\\> \\`x\\`\n")
    assert "Not known yet." in page
    assert '"cash": "9990.00"' in page
    assert all(line.count(" | ") == 3 for line in page.splitlines() if line.startswith("| 2025"))
