"""Incidents: which there were, and one with its line of time. The browser asks the API for what is on them."""

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse

from dashboard.views.frame import draw, page
from dashboard.views.records import as_csv
from risk import selectors
from risk.errors import UnknownIncident

CSV_ROWS_MAX: Final = 10_000


@page
def incidents(request: HttpRequest) -> HttpResponse:
    return draw(request, "console/incidents.html", {})


@page
def incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """One incident. 404 for a number that none has."""
    try:
        found = selectors.incident(incident_id)
    except (UnknownIncident, OverflowError) as error:
        raise Http404(str(error)) from error
    return draw(request, "console/incident.html", {"incident": found})


@page
def incidents_csv(request: HttpRequest) -> HttpResponse:
    """Every incident there was, newest first."""
    columns: dict[str, Callable[[Any], str]] = {
        "number": lambda row: str(row.pk),
        "severity": lambda row: f"P{row.severity}",
        "title": lambda row: row.title,
        "began": lambda row: row.began.isoformat(timespec="milliseconds"),
        "opened_by": lambda row: row.opened_by_name,
        "closed": lambda row: "" if row.closed is None else row.closed.isoformat(timespec="milliseconds"),
        "closed_by": lambda row: row.closed_by_name or "",
        "cause": lambda row: row.cause or "",
    }
    return as_csv("incidents.csv", columns, selectors.incidents()[:CSV_ROWS_MAX])
