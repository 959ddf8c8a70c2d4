"""Pages for what went wrong. They must draw whatever is down: no page here needs the database.

Who is logged in keeps the frame, and with it HALT; everybody else gets a plain page. The answers of the API have a
shape of their own (``risk.http.problems``).
"""

from http import HTTPStatus

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template import loader

from dashboard.views.frame import draw
from infra import logs
from risk.services import role_of

log = logs.get("dashboard")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return framed(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return framed(request, HTTPStatus.NOT_FOUND)


def broken(request: HttpRequest) -> HttpResponse:
    """The view failed, maybe because the database is down: says how to halt all the same."""
    return plain(request, HTTPStatus.INTERNAL_SERVER_ERROR)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form older than its session, or sent by another page. Django's ``CSRF_FAILURE_VIEW``."""
    return plain(request, HTTPStatus.FORBIDDEN, template="console/errors/csrf.html")


def framed(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """In the console's frame for who may see it."""
    try:
        user = getattr(request, "user", None)
        if isinstance(user, User) and role_of(user) is not None:
            return draw(
                request, f"console/errors/{status:d}_framed.html", {"path": request.path}, status=status
            )
    except DatabaseError as error:
        log.warning("error page without its frame", status=int(status), error=str(error))
    return plain(request, status)


def plain(request: HttpRequest, status: HTTPStatus, *, template: str | None = None) -> HttpResponse:
    """Without context processors: they would ask who is logged in."""
    page = loader.get_template(template or f"console/errors/{status:d}.html")
    response = HttpResponse(page.render({"request": request, "path": request.path}), status=status)
    response["Cache-Control"] = "no-store"
    return response
