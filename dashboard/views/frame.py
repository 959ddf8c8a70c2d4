"""What every page of the console needs: who looks, and the first snapshot, so that it opens with numbers."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import snapshots
from risk.selectors import risk_admins
from risk.services import role_of

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """Only for who is logged in and has a role, only to read, never from a cache."""
    return require_safe(with_role(view))


def form_page(view: View) -> View:
    """As ``page``, and what is sent back comes to the same view."""
    return require_http_methods(["GET", "POST"])(with_role(view))


def with_role(view: View) -> View:
    """Everybody else is sent to log in, or told whom to ask."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert isinstance(request.user, User), "login_required let nobody else in"
        if role_of(request.user) is None:
            return render(request, "console/no_role.html", {"admins": risk_admins()}, status=403)
        return view(request, *args, **kwargs)

    return never_cache(login_required(guarded, login_url="console:login"))


def draw(
    request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a console page with its first snapshot."""
    assert isinstance(request.user, User), "``page`` let nobody else in"
    frame = {
        "first": snapshots.take(request.user).message(),
        "role": role_of(request.user),
        "roles": snapshots.roles(),
    }
    return render(request, template, {**frame, **context}, status=status)
