"""Reconciliation: what differs between our books and the venue's, the evidence, and taking over its word."""

from django.http import HttpRequest, HttpResponse

from dashboard.views.frame import draw, page


@page
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The browser asks the API for what is on it, as any program would."""
    return draw(request, "console/reconciliation.html", {})
