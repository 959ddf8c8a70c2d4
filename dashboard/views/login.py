"""The ways in: a name and password, or a link that works once."""

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

BACKEND = "django.contrib.auth.backends.ModelBackend"

log = logs.get("dashboard")


class Login(LoginView):
    """The ordinary form."""

    template_name = "console/login.html"
    redirect_authenticated_user = True
    authentication_form = AuthenticationForm
    next_page = "console:overview"

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
        return render(request, "console/login_refused.html", status=410)
    log_in(request, user, backend=BACKEND)
    log.info("logged in by link", user=user.get_username())
    return redirect("console:overview")
