"""Who may what: roles, log-ins, tokens, and what waits for a second person."""

from django.http import HttpRequest, HttpResponse

from dashboard.views.frame import draw, page


@page
def people(request: HttpRequest) -> HttpResponse:
    """The browser asks the API for what is on it, as any program would."""
    return draw(request, "console/people.html", {})
