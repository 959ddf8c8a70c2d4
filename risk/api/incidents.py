"""``/api/v1/incidents``: opened, written into, kept, closed, exported."""

from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status

from core.units import Ms
from infra.clock import now_ms, to_ms
from infra.paging import Asked, Page, page
from risk.api.acted import ActedRequest
from risk.incidents import export, log, timeline
from risk.models import Incident, Severity

router = Router(tags=["incidents"])

NUMBER_MAX = 2**63 - 1
Number = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
Words = Annotated[str, Field(min_length=1, max_length=log.TEXT_MAX)]


class IncidentsAsked(Asked):
    open: bool | None = Field(default=None, description="true: nobody closed it yet; false: closed")
    severity: int | None = Field(default=None, ge=0, le=3, description="0 is the gravest")


class OpenIn(Schema):
    title: Annotated[str, Field(min_length=1, max_length=log.TITLE_MAX)]
    severity: Annotated[int, Field(ge=0, le=3, description="0 is the gravest")]
    began_ms: Annotated[int, Field(ge=0, le=4_102_444_800_000)] | None = Field(
        default=None, description="when it began; default: with its alert, else now"
    )
    alert_id: Number | None = None


class NoteIn(Schema):
    text: Words


class SeverityIn(Schema):
    severity: Annotated[int, Field(ge=0, le=3)]
    reason: Words


class CloseIn(Schema):
    cause: Annotated[str, Field(min_length=1, max_length=log.CAUSE_MAX)]


class IncidentOut(Schema):
    id: int
    title: str
    severity: int
    mode: str
    began_ms: int
    opened_ms: int
    opened_by: str
    alert_id: int | None
    closed_ms: int | None
    closed_by: str | None
    cause: str | None


class MomentOut(Schema):
    """``until_ms``: when what lasts was over, null while it is not; ``at_ms`` of what has no length."""

    at_ms: int
    until_ms: int | None
    kind: str
    who: str
    text: str
    facts: dict[str, Any] | None


class WholeOut(IncidentOut):
    timeline: list[MomentOut]


@router.get("/incidents", response=Page[IncidentOut])
def incidents(request: HttpRequest, asked: Query[IncidentsAsked]) -> Page[IncidentOut]:
    """Newest first."""
    rows = timeline.incidents()
    if asked.open is not None:
        rows = rows.filter(closed__isnull=asked.open)
    if asked.severity is not None:
        rows = rows.filter(severity=asked.severity)
    return page(rows, asked, _shown)


@router.post("/incidents", response={201: IncidentOut})
def open_incident(request: ActedRequest, asked: OpenIn) -> Status[IncidentOut]:
    made = log.open_incident(
        title=asked.title,
        severity=Severity(asked.severity),
        began=None if asked.began_ms is None else Ms(asked.began_ms),
        alert_id=asked.alert_id,
        by=request.auth,
        at=now_ms(),
    )
    return Status(201, _shown(made))


@router.get("/incidents/{incident_id}", response=WholeOut)
def incident(request: HttpRequest, incident_id: Number) -> WholeOut:
    """With its time line: notes, alerts, halts, controls, oldest first."""
    return _whole(incident_id)


@router.post("/incidents/{incident_id}/notes", response=WholeOut)
def write_note(request: ActedRequest, incident_id: Number, asked: NoteIn) -> WholeOut:
    log.write_note(incident_id, asked.text, by=request.auth, at=now_ms())
    return _whole(incident_id)


@router.post("/incidents/{incident_id}/snapshot", response=WholeOut)
def keep_snapshot(request: ActedRequest, incident_id: Number) -> WholeOut:
    """Keep the whole state as it is now."""
    log.keep_snapshot(incident_id, by=request.auth, at=now_ms())
    return _whole(incident_id)


@router.post("/incidents/{incident_id}/severity", response=WholeOut)
def set_severity(request: ActedRequest, incident_id: Number, asked: SeverityIn) -> WholeOut:
    log.set_severity(incident_id, Severity(asked.severity), asked.reason, by=request.auth, at=now_ms())
    return _whole(incident_id)


@router.post("/incidents/{incident_id}/close", response=WholeOut)
def close(request: ActedRequest, incident_id: Number, asked: CloseIn) -> WholeOut:
    """It is over, and this is what it was."""
    log.close_incident(incident_id, asked.cause, by=request.auth, at=now_ms())
    return _whole(incident_id)


MARKDOWN: Final[dict[str, Any]] = {
    "responses": {200: {"description": "OK", "content": {"text/markdown": {"schema": {"type": "string"}}}}}
}


@router.get("/incidents/{incident_id}/export", response={200: None}, openapi_extra=MARKDOWN)
def exported(request: HttpRequest, incident_id: Number) -> HttpResponse:
    """The whole incident as markdown."""
    text = export.markdown(timeline.incident(incident_id))
    answer = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="incident-{incident_id}.md"'
    return answer


def _whole(incident_id: int) -> WholeOut:
    found = timeline.incident(incident_id)
    moments = [
        MomentOut(
            at_ms=each.at_ms,
            until_ms=each.until_ms,
            kind=each.kind,
            who=each.who,
            text=each.text,
            facts=each.facts,
        )
        for each in timeline.timeline(found)
    ]
    return WholeOut(**_shown(found).dict(), timeline=moments)


def _shown(row: Incident) -> IncidentOut:
    return IncidentOut(
        id=row.pk,
        title=row.title,
        severity=row.severity,
        mode=row.mode,
        began_ms=to_ms(row.began),
        opened_ms=to_ms(row.opened),
        opened_by=row.opened_by_name,
        alert_id=row.alert_id,
        closed_ms=None if row.closed is None else to_ms(row.closed),
        closed_by=row.closed_by_name,
        cause=row.cause,
    )
