"""Every write of an incident. Each is a link of the audit's chain; what was written stays.

Operators open, write and close: an incident loosens nothing. A closed one takes no more: guarded UPDATEs see to it when
two people act at once.
"""

from typing import Final

from django.conf import settings
from django.db import transaction

from core.units import Ms
from infra import logs
from infra.clock import to_datetime, to_ms
from risk.access.people import Actor
from risk.access.powers import Control, require
from risk.audit.record import Facts, record, refuse
from risk.errors import IncidentClosed, NotValid, ReasonMissing, RiskError, UnknownIncident
from risk.incidents.state import state_now
from risk.models import Alert, AuditOutcome, Incident, IncidentNote, NoteKind, Severity
from risk.notices import incidents_on_commit

TITLE_MAX: Final = 200
TEXT_MAX: Final = 2_000
CAUSE_MAX: Final = 1_000

log = logs.get("risk")


def open_incident(
    *, title: str, severity: Severity, began: Ms | None, alert_id: int | None, by: Actor, at: Ms
) -> Incident:
    """A new incident. ``began``: when it began; ``None``: with its alert, else now. Raises ``NotAllowed`` or
    ``NotValid``."""
    require(by, Control.INCIDENT, target=None, reason=title, at=at)
    title = title.strip()
    try:
        alert = None if alert_id is None else Alert.objects.filter(pk=alert_id).first()
        if alert_id is not None and alert is None:
            raise NotValid("alert_id", f"no alert has the number {alert_id}")
        if not title:
            raise NotValid("title", "say in a few words what is wrong")
        if began is not None and began > at:
            raise NotValid("began_ms", "it cannot begin after now")
        since = began if began is not None else at if alert is None else to_ms(alert.began)
        with transaction.atomic():
            incident = Incident.objects.create(
                title=title[:TITLE_MAX],
                severity=severity,
                mode=settings.POLYLOLY.mode.value,
                began=to_datetime(since),
                opened=to_datetime(at),
                opened_by_name=by.name,
                opened_by=by.user,
                alert=alert,
            )
            _record(by, incident, "opened", title, at=at, after={"severity": f"P{severity}"})
            incidents_on_commit()
    except RiskError as refusal:
        refuse(by, Control.INCIDENT, target=None, reason=title, why=refusal, at=at)
        raise
    log.warning("incident opened", incident=incident.pk, severity=f"P{severity}", title=title, by=by.name)
    return incident


def write_note(incident_id: int, text: str, *, by: Actor, at: Ms) -> IncidentNote:
    """A line into an open incident. Raises ``NotAllowed``, ``UnknownIncident``, ``IncidentClosed`` or
    ``ReasonMissing``."""
    require(by, Control.INCIDENT, target=str(incident_id), reason=text, at=at)
    if not text.strip():
        raise ReasonMissing("an empty note says nothing")
    with transaction.atomic():
        return _note(_open(incident_id), NoteKind.NOTE, text.strip(), None, by=by, at=at)


def keep_snapshot(incident_id: int, *, by: Actor, at: Ms) -> IncidentNote:
    """The whole state as it is now, into an open incident: before anybody repairs anything."""
    require(by, Control.INCIDENT, target=str(incident_id), reason="snapshot", at=at)
    facts = state_now()
    with transaction.atomic():
        incident = _open(incident_id)
        kept = _note(incident, NoteKind.SNAPSHOT, "the state at this moment", facts, by=by, at=at)
        _record(by, incident, "snapshot", incident.title, at=at, after={"note": kept.pk})
    return kept


def set_severity(incident_id: int, severity: Severity, reason: str, *, by: Actor, at: Ms) -> None:
    """Make an open incident graver or lighter, and say why."""
    require(by, Control.INCIDENT, target=str(incident_id), reason=reason, at=at)
    if not reason.strip():
        raise ReasonMissing("say why it is graver or lighter than it was thought")
    with transaction.atomic():
        incident = _open(incident_id)
        if incident.severity == severity:
            return
        change = {"before": f"P{incident.severity}", "after": f"P{severity}"}
        Incident.objects.filter(pk=incident.pk, closed__isnull=True).update(severity=severity)
        _note(incident, NoteKind.SEVERITY, reason.strip(), change, by=by, at=at)
        _record(by, incident, "severity", reason, at=at, before={"severity": change["before"]},
                after={"severity": change["after"]})  # fmt: skip


def close_incident(incident_id: int, cause: str, *, by: Actor, at: Ms) -> None:
    """It is over, and this is what it was. Raises as ``write_note``."""
    require(by, Control.INCIDENT, target=str(incident_id), reason=cause, at=at)
    if not cause.strip():
        raise ReasonMissing("an incident is closed with what it was: say the cause, or that it stays unknown")
    with transaction.atomic():
        incident = _open(incident_id)
        closed = Incident.objects.filter(pk=incident.pk, closed__isnull=True).update(
            closed=to_datetime(at), closed_by_name=by.name, closed_by=by.user, cause=cause.strip()[:CAUSE_MAX]
        )
        if not closed:
            raise IncidentClosed("somebody closed it in this moment")
        _record(by, incident, "closed", cause, at=at, before={"closed": None}, after={"closed_ms": at})
        incidents_on_commit()
    log.warning("incident closed", incident=incident_id, cause=cause, by=by.name)


def _open(incident_id: int) -> Incident:
    """The incident, its row held until the transaction ends: what is written into it is written before it closes."""
    incident = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if incident is None:
        raise UnknownIncident(f"no incident has the number {incident_id}")
    if incident.closed is not None:
        raise IncidentClosed(
            f"incident {incident_id} was closed by {incident.closed_by_name}: open a new one"
        )
    return incident


def _note(
    incident: Incident, kind: NoteKind, text: str, facts: Facts | None, *, by: Actor, at: Ms
) -> IncidentNote:
    incidents_on_commit()
    return IncidentNote.objects.create(
        incident=incident, at=to_datetime(at), by_name=by.name, kind=kind, text=text[:TEXT_MAX], facts=facts
    )


def _record(
    by: Actor,
    incident: Incident,
    what: str,
    reason: str,
    *,
    at: Ms,
    before: Facts | None = None,
    after: Facts,
) -> None:
    record(
        by,
        Control.INCIDENT,
        target=str(incident.pk),
        outcome=AuditOutcome.DONE,
        reason=reason,
        before=before or {},
        after={"incident": what, **after},
        at=at,
    )
