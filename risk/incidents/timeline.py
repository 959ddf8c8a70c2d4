"""One line of time for an incident: its notes, and the alerts, halts and controls of its span. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import Q, QuerySet

from core.units import Ms
from infra.clock import to_ms
from risk.errors import UnknownIncident
from risk.models import Alert, Audit, Halt, HaltReport, Incident, IncidentNote, MarketHalt

BEFORE: Final = timedelta(minutes=5)  # what led to it is seldom in its own span
MOMENTS_MAX: Final = 1_000
OPEN_MAX: Final = 100
OWN: Final = "incident"


class Kind(StrEnum):
    ALERT = "alert"
    HALT = "halt"
    CONTROL = "control"
    NOTE = "note"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, or that began and lasted.

    until_ms: when what lasts was over, ``None`` while it is not; ``at_ms`` itself of what has no length.
    facts:    of a snapshot, a changed severity, a control; else ``None``.
    """

    at_ms: Ms
    until_ms: Ms | None
    kind: Kind
    who: str
    text: str
    facts: dict[str, Any] | None = None


def _at(
    moment: datetime, kind: Kind, who: str | None, text: str, facts: dict[str, Any] | None = None
) -> Moment:
    """What has no length."""
    return Moment(to_ms(moment), to_ms(moment), kind, who or "", text, facts)


def _lasting(began: datetime, ended: datetime | None, kind: Kind, who: str, text: str) -> Moment:
    return Moment(to_ms(began), None if ended is None else to_ms(ended), kind, who, text)


def incidents() -> QuerySet[Incident]:
    """Newest first."""
    return Incident.objects.select_related("alert").order_by("-pk")


def open_incidents() -> list[Incident]:
    """Those nobody closed yet, the gravest first."""
    return list(Incident.objects.filter(closed__isnull=True).order_by("severity", "-pk")[:OPEN_MAX])


def incident(incident_id: int) -> Incident:
    """Raises ``UnknownIncident``."""
    found = incidents().filter(pk=incident_id).first()
    if found is None:
        raise UnknownIncident(f"no incident has the number {incident_id}")
    return found


def timeline(of: Incident) -> list[Moment]:
    """Everything of its span and the five minutes before, oldest first; the newest ``MOMENTS_MAX`` of it."""
    found = [*_own(of), *_alerts(of), *_halts(of), *_controls(of)]
    return sorted(found, key=lambda moment: moment.at_ms)[-MOMENTS_MAX:]


def _span(of: Incident, field: str) -> Q:
    span = Q(**{f"{field}__gte": of.began - BEFORE})
    return span if of.closed is None else span & Q(**{f"{field}__lte": of.closed})


def _own(of: Incident) -> Iterator[Moment]:
    yield _at(of.opened, Kind.INCIDENT, of.opened_by_name, f"opened as P{_first_severity(of)}: {of.title}")
    for note in IncidentNote.objects.filter(incident=of).order_by("pk"):
        text = note.text
        if note.kind == "severity" and note.facts is not None:
            text = f"{note.facts['before']} becomes {note.facts['after']}: {text}"
        yield _at(note.at, Kind.NOTE, note.by_name, text, note.facts)
    if of.closed is not None:
        yield _at(of.closed, Kind.INCIDENT, of.closed_by_name, f"closed: {of.cause}")


def _first_severity(of: Incident) -> str:
    changed = IncidentNote.objects.filter(incident=of, kind="severity").order_by("pk").first()
    if changed is None or changed.facts is None:
        return str(of.severity)
    return str(changed.facts["before"]).removeprefix("P")


def _alerts(of: Incident) -> Iterator[Moment]:
    wanted = _span(of, "began") | _span(of, "ended") | _span(of, "acknowledged")
    for alert in Alert.objects.filter(wanted).order_by("pk")[:MOMENTS_MAX]:
        said = f"P{alert.severity} {alert.text}"
        yield _lasting(alert.began, alert.ended, Kind.ALERT, "alerts", said)
        if alert.acknowledged is not None:
            yield _at(alert.acknowledged, Kind.ALERT, alert.acknowledged_by_name, f"seen to: {alert.text}")
        if alert.ended is not None:
            yield _at(alert.ended, Kind.ALERT, "alerts", f"over: {alert.text}")


def _halts(of: Incident) -> Iterator[Moment]:
    wanted = _span(of, "began") | _span(of, "ended")
    for model in (Halt, MarketHalt):
        for halt in model.objects.filter(wanted).order_by("pk")[:MOMENTS_MAX]:
            where = halt.market_id if isinstance(halt, MarketHalt) else "everything"
            why = ", ".join(filter(None, (halt.code.replace("_", " "), halt.detail)))
            yield _lasting(halt.began, halt.ended, Kind.HALT, halt.by_name, f"{where} halted: {why}")
            if halt.ended is not None:
                again = f"{where} trades again" + (f": {halt.ended_reason}" if halt.ended_reason else "")
                yield _at(halt.ended, Kind.HALT, halt.ended_by_name, again)
    for report in HaltReport.objects.filter(_span(of, "proven")).order_by("pk")[:MOMENTS_MAX]:
        assert report.proven is not None, "the query asked for it"
        words = f"proven: {report.cancelled} cancelled, none open"
        yield _at(report.proven, Kind.HALT, report.runner, words)


def _controls(of: Incident) -> Iterator[Moment]:
    """What people and processes did; what they wrote into incidents is told by the incident itself."""
    for link in Audit.objects.filter(_span(of, "at")).exclude(what=OWN).order_by("-pk")[:MOMENTS_MAX]:
        target = "" if link.target is None else f" {link.target}"
        text = f"{link.what}{target} {link.outcome}" + (f": {link.reason}" if link.reason else "")
        facts = {"link": link.number, "before": link.before, "after": link.after}
        yield _at(link.at, Kind.CONTROL, link.who, text, facts)
