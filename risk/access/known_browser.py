"""A browser that somebody logged in with: counted by itself, so that others' wrong tries do not lock its owner out.

A signed cookie with the person's name and an id. It lets nobody in: it only says whose tries these are.
"""

import secrets
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

SALT: Final = "risk.known_browser"  # in signed cookies that browsers keep: whatever this module is called
AGE_S: Final = 90 * 24 * 3600
ID_BYTES: Final = 12


def cookie() -> str:
    """Two stacks on one host differ by port, and so do the cookies."""
    return f"{settings.SESSION_COOKIE_NAME}_known"


def known(request: HttpRequest, name: str) -> str | None:
    """The browser's id when ``name`` logged in with it before."""
    text = request.COOKIES.get(cookie())
    if text is None:
        return None
    try:
        said: dict[str, str] = signing.loads(text, salt=SALT, max_age=AGE_S)
    except signing.BadSignature:
        return None
    return said["id"] if said["name"].casefold() == name.casefold() else None


def remember(request: HttpRequest, response: HttpResponseBase, name: str) -> None:
    """Know it from now on as a browser of ``name``, and of nobody else."""
    browser = known(request, name) or secrets.token_hex(ID_BYTES)
    response.set_cookie(
        cookie(),
        signing.dumps({"name": name, "id": browser}, salt=SALT),
        max_age=AGE_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
