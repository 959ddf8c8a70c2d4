"""A log-in that still halts while the database, which keeps sessions and people, does not answer.

Whoever logs in and may halt gets a second cookie: name and role, signed with the site's key. It opens the doors that
halt, and them only while nobody can be looked up; the CSRF check holds there too. A person whose role was taken away
keeps it until it is old: halting is the safe direction.
"""

import re
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from risk.access.people import Actor, Role, role_of
from risk.access.powers import Control, allows

HALTING: Final = re.compile(r"/admin/halt(-market)?|/api/v1/(halts|markets/[^/]+/halt)")
SALT: Final = "risk.halt_pass"  # in signed cookies that browsers keep: whatever this module is called
MARK: Final = (
    "_halt_pass"  # on a request that logs somebody in or out: the cookie's new text, "" to take it away
)

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def cookie() -> str:
    """Two stacks on one host differ by port, and so do the cookies."""
    return f"{settings.SESSION_COOKIE_NAME}_halt"


def opens(request: HttpRequest) -> bool:
    """Whether the request halts something, by its address."""
    return HALTING.fullmatch(request.path) is not None


def bearer(request: HttpRequest, *, address: str) -> Actor | None:
    """Whose pass a request that halts bears; ``None`` without a good one, and for any other request."""
    text = request.COOKIES.get(cookie())
    if text is None or not opens(request):
        return None
    try:
        said: dict[str, str] = signing.loads(text, salt=SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return None
    return Actor(said["name"], Role(said["role"]), address, None)


def logged_in(request: HttpRequest, user: AbstractBaseUser, **_: Any) -> None:
    """Note on the request what its answer must bring along."""
    role = role_of(user) if isinstance(user, User) else None
    if role is not None and allows(role, Control.HALT):
        setattr(request, MARK, signing.dumps({"name": user.get_username(), "role": role.value}, salt=SALT))


def logged_out(request: HttpRequest, **_: Any) -> None:
    setattr(request, MARK, "")


@sync_and_async_middleware
def brought_along(respond: Respond | RespondLater) -> Respond | RespondLater:
    """The middleware that sets the cookie, or takes it away."""
    if iscoroutinefunction(respond):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _with_pass(request, await respond(request))

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        response = respond(request)
        assert isinstance(response, HttpResponseBase), "told apart above"
        return _with_pass(request, response)

    return now


def _with_pass(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    text = getattr(request, MARK, None)
    if text is None or not isinstance(response, HttpResponse):
        return response
    if text:
        response.set_cookie(
            cookie(),
            text,
            max_age=settings.SESSION_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(cookie(), samesite="Lax")
    return response


def register() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(logged_in, dispatch_uid=SALT)
    user_logged_out.connect(logged_out, dispatch_uid=SALT)
