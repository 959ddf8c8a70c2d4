"""Who is asking, over HTTP: a bearer token, a log-in with its CSRF check, or the machine itself.

A token that is sent decides: a wrong one is never looked past for a session. Only halting is open to the machine
itself, and not to what a proxy or a browser passed on.
"""

import hmac
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from pydantic import SecretStr

from infra import logs
from infra.clock import now_ms
from infra.deadline import answered_within
from risk.access import halt_pass, lockouts, tokens
from risk.access.people import ADMIN_TOKEN, Actor, Role, person
from risk.access.visitors import address, began_here, visitor
from risk.errors import TokenEnded
from risk.http.problems import LogInNeeded, Problem

LOOKED_UP_WITHIN_MS: Final = 500
log = logs.get("risk")

TOKEN_HINT: Final = "send Authorization: Bearer with a token, OPERATOR_TOKEN or ADMIN_TOKEN, or log in"  # noqa: S105


def identify(request: HttpRequest) -> Actor:
    """The actor of a request with a token or a log-in. Raises ``LogInNeeded``, or 403 for a failed CSRF check."""
    found = by_token(request) or by_session(request)
    if found is None:
        raise LogInNeeded(TOKEN_HINT)
    return found


def identify_who_halts(request: HttpRequest) -> Actor:
    """As ``identify``; the machine itself may halt without both. It is the safe direction.

    It may so too where nobody can be looked up, because the database is away.
    """
    try:
        found = by_token(request) or by_session(request)
    except DatabaseError:
        if not began_here(request):
            raise
        found = None
    if found is not None:
        return found
    if not began_here(request):
        raise LogInNeeded(TOKEN_HINT)
    return Actor("this machine", Role.OPERATOR, address(request), None)


def by_token(request: HttpRequest) -> Actor | None:
    """The actor of the bearer token, ``None`` when none was sent.

    Raises ``LogInNeeded`` for a wrong one, ``LockedOut`` after too many of them.
    """
    sent = request.headers.get("Authorization")
    if sent is None:
        return None
    scheme, _, token = sent.partition(" ")
    if scheme.lower() != "bearer":
        raise LogInNeeded("Authorization must be: Bearer TOKEN")
    if not halt_pass.opens(request):
        lockouts.let_through(lockouts.of_tokens(visitor(request)), at=now_ms())
    found = _bearer(request, token)
    if found is None:
        # Only now, and so never in the way of a halt with a right token.
        try:
            whom = lockouts.of_tokens(visitor(request))
            lockouts.wrong(whom, from_address=address(request), at=now_ms())
        except DatabaseError as error:
            log.warning("wrong token not counted, no database", error=str(error))
        raise LogInNeeded("this token is not known here")
    return found


def _bearer(request: HttpRequest, token: str) -> Actor | None:
    # Both are compared whatever the first says, so that the time taken tells nothing. Before the database is asked:
    # these two work while it is away.
    admin = _same(token, settings.POLYLOLY.admin_token)
    operator = _same(token, settings.POLYLOLY.operator_token)
    if admin:
        return Actor(ADMIN_TOKEN, Role.RISK_ADMIN, address(request), None)
    if operator:
        return Actor("token operator", Role.OPERATOR, address(request), None)
    if not token.startswith(tokens.PREFIX):
        return None
    with soon(request):
        return by_personal_token(token, address=address(request))


def by_personal_token(token: str, *, address: str) -> Actor | None:
    """The person's actor, ``None`` for a token nobody has. Raises ``LogInNeeded`` for one that ended, ``NoRole``."""
    try:
        return tokens.actor_of(token, address=address, at=now_ms())
    except TokenEnded as ended:
        raise LogInNeeded(str(ended)) from ended


def is_personal(request: HttpRequest) -> bool:
    """Whether a person's token was sent, rather than a log-in or a token of the environment."""
    return request.headers.get("Authorization", "").partition(" ")[2].startswith(tokens.PREFIX)


def by_session(request: HttpRequest) -> Actor | None:
    """The person logged in, ``None`` for nobody. Raises 403 when what would change something lacks its CSRF token.

    Who halts is not waited for, and known by the pass of the log-in while the database is away.
    """
    try:
        with soon(request):
            found = person(request.user, address=address(request))
    except DatabaseError:
        found = halt_pass.bearer(request, address=address(request))
        if found is None:
            raise
    if found is None:
        return None
    if not csrf_holds(request):
        raise Problem(
            HTTPStatus.FORBIDDEN, "the CSRF token is missing or wrong: reload the page", field="X-CSRFToken"
        )
    return found


def soon(request: HttpRequest) -> AbstractContextManager[None]:
    """Inside, whoever halts is looked up soon or not at all."""
    return answered_within(LOOKED_UP_WITHIN_MS) if halt_pass.opens(request) else nullcontext()


def csrf_holds(request: HttpRequest) -> bool:
    """Django's own check, asked for by hand: the doors are exempt because tokens need none."""
    check = CsrfViewMiddleware(lambda _request: HttpResponse())
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    check.process_request(request)
    # Kept before the check looks for a form in it: a multipart body can be read only once.
    _ = request.body
    return check.process_view(request, _nothing_exempt, (), {}) is None


def _nothing_exempt(_request: HttpRequest) -> HttpResponse:
    """Stands for a view without exemption."""
    return HttpResponse()


def _same(sent: str, kept: SecretStr | None) -> bool:
    return kept is not None and hmac.compare_digest(sent.encode(), kept.get_secret_value().encode())
