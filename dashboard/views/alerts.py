"""Alerts: what needs a person, who was told, what is over."""

from django.http import HttpRequest, HttpResponse

from dashboard.views.frame import draw, page


@page
def alerts(request: HttpRequest) -> HttpResponse:
    """The browser asks the API for what is on it, as any program would."""
    return draw(request, "console/alerts.html", {})
