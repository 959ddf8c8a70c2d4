"""The Django admin of this site: for staff who have a role, with the console's own way in."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite

from risk.services import role_of


class ConsoleAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Looks only: what is in it is registered as facts (``infra.fact_admin``)."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff without a role are let in nowhere, and so not here either."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and role_of(user) is not None

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """In the theme that this browser asked the console for."""
        context: dict[str, Any] = super().each_context(request)
        return context | {"theme": "light" if request.COOKIES.get("theme") == "light" else "dark"}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One form for everybody: its tries are counted, its refusals recorded. 403 for who is logged in already."""
        if request.user.is_authenticated:
            raise PermissionDenied("the Django admin is open to staff who have a role")
        wanted = request.GET.get("next") or request.get_full_path()
        return redirect_to_login(wanted)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The console's page, which records it."""
        return redirect("console:password")
