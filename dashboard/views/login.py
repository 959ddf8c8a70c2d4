"""The ways in: a name and password, or a link that works once."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth import login as log_in
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods
from redis import RedisError

from infra import logs, onetime
from risk.errors import LockedOut
from risk.services import remember_browser, try_password, wrong_link

BACKEND = "django.contrib.auth.backends.ModelBackend"

log = logs.get("dashboard")


class Login(LoginView):
    """The ordinary form."""

    template_name = "console/login.html"
    redirect_authenticated_user = True
    authentication_form = AuthenticationForm
    next_page = "console:overview"

    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        """Each try of a name and a password is counted before it is looked at; what is left empty is none."""
        form = self.get_form()
        name = request.POST.get("username", "").strip()
        if not name or not request.POST.get("password"):
            return self.form_invalid(form)
        try:
            right = try_password(request, name, form.is_valid)
        except LockedOut as locked:
            return self.locked_out(locked)
        return self.form_valid(form) if right else self.form_invalid(form)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        remember_browser(self.request, response, form.get_user().get_username())
        return response

    def locked_out(self, locked: LockedOut) -> HttpResponse:
        """The same for a right password and a wrong one, for a name there is and one there is not."""
        form = self.authentication_form(self.request)
        context = self.get_context_data(form=form, locked=locked)
        response = self.render_to_response(context, status=HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(locked.seconds)
        return response

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Where the visitor wanted to go; not to this form again, which would send him in a circle."""
        wanted = super().get_redirect_url()
        return "" if wanted.partition("?")[0] == self.request.path else wanted


@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "POST"])
def once(request: HttpRequest, token: str) -> HttpResponse:
    """Log in by a link, once.

    A GET shows a form that submits itself, or by its button: previews and scanners that follow links send no POST,
    so they cannot use the link up.
    """
    if request.method == "GET":
        return render(request, "console/login_once.html")
    try:
        user_id = onetime.redeem(token)
    except (RedisError, OSError) as error:
        log.warning("login link not checked", error=str(error))
        return render(request, "console/login_refused.html", {"unreachable": True}, status=503)
    user = None if user_id is None else User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return refused_link(request)
    log_in(request, user, backend=BACKEND)
    log.info("logged in by link", user=user.get_username())
    response = redirect("console:overview")
    remember_browser(request, response, user.get_username())
    return response


def refused_link(request: HttpRequest) -> HttpResponse:
    try:
        wrong_link(request)
    except LockedOut as locked:
        refusal = render(request, "console/login_refused.html", {"locked": locked}, status=429)
        refusal["Retry-After"] = str(locked.seconds)
        return refusal
    return render(request, "console/login_refused.html", status=410)
