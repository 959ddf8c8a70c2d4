"""The doctor: the health check as a page, and what is missing to go live."""

from django.http import HttpRequest, HttpResponse

from dashboard.views.frame import draw, page


@page
def doctor(request: HttpRequest) -> HttpResponse:
    """The browser asks the API for what is on it, as any program would."""
    return draw(request, "console/doctor.html", {})
