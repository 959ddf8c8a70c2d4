"""Setting one's own password: who came in by a link has none yet, everybody else says the old one first."""

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters

from dashboard.views.frame import draw, form_page
from infra import clock
from risk.errors import LockedOut
from risk.services import by_session, set_own_password, try_own_password


@form_page
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    """The form; afterwards this session goes on, every other one of this person ends."""
    user, by = request.user, by_session(request)
    assert isinstance(user, User), "``form_page`` let nobody else in"
    assert by is not None, "whoever is logged in acts"
    form_class = PasswordChangeForm if user.has_usable_password() else SetPasswordForm
    form = form_class(user, request.POST or None)
    if request.method != "POST":
        return draw(request, "console/password.html", {"form": form})
    try:
        # It asks for the old password, and is no place to guess it either.
        valid = try_own_password(user, form.is_valid, from_address=by.address)
    except LockedOut as locked:
        fresh = form_class(user)
        return draw(request, "console/password.html", {"form": fresh, "locked": locked}, status=429)
    if not valid:
        return draw(request, "console/password.html", {"form": form})
    set_own_password(user=user, password=form.cleaned_data["new_password1"], by=by, at=clock.now_ms())
    update_session_auth_hash(request, user)
    return redirect("console:people")
