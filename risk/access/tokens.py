"""The tokens people use the API with. The token itself is shown once; here is its digest.

A token may what its scope and its person's role both allow, at the moment of use: who loses a role loses it in every
token. It is 256 random bits, so its digest needs no salt and finding it by the digest tells nobody anything.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q, QuerySet

from core.units import Ms
from infra import logs
from infra.clock import to_datetime
from infra.patience import impatient
from risk.access.people import RANK, Actor, Role, role_of
from risk.access.powers import Control, require
from risk.audit.record import Facts, record, refuse
from risk.errors import NameTaken, NoRole, NotValid, RiskError, TokenEnded, UnknownToken, UnknownUser
from risk.models import ApiToken, AuditOutcome, Scope

PREFIX: Final = "pl_"
TOKEN_BYTES: Final = 32
SHOWN: Final = 8  # prefix and five characters: enough to tell tokens apart, thirty bits of 256
NAME_MAX: Final = 60
TOKENS_MAX: Final = 20
DAYS_MAX: Final = 3650
USE_NOTED_EVERY: Final = timedelta(minutes=1)
USE_NOTED_WITHIN_MS: Final = 50

ALLOWED: Final = {Scope.READ: Role.VIEWER, Scope.OPERATE: Role.OPERATOR, Scope.ADMIN: Role.RISK_ADMIN}

log = logs.get("risk")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A row and, this once, the token it is about."""

    row: ApiToken
    token: str


def make_token(*, owner: str, name: str, scope: Scope, days: int | None, by: Actor, at: Ms) -> NewToken:
    """A token for ``owner``, for at most what the owner and whoever makes it may do.

    days: until it expires; ``None``: it does not.
    Raises ``NotAllowed``, ``UnknownUser``, ``NotValid``, ``NameTaken``.
    """
    own = by.user is not None and by.user.get_username() == owner
    require(by, Control.MAKE_TOKEN if own else Control.TOKENS_OF_OTHERS, target=owner, reason=name, at=at)
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    try:
        user = User.objects.filter(username=owner, is_active=True).first()
        if user is None:
            raise UnknownUser(f"nobody who may log in is called {owner!r}")
        name = _valid(name, scope=scope, days=days, owner=user, by=by)
        expires = None if days is None else to_datetime(at) + timedelta(days=days)
        with transaction.atomic():
            row = _insert(user, name, token, scope, expires=expires, by=by, at=at)
            after = {"token": row.shown, "name": name, "scope": scope, "days": days}
            _record(by, Control.MAKE_TOKEN, row, before={}, after=after, at=at)
    except RiskError as refusal:
        refuse(by, Control.MAKE_TOKEN, target=owner[:100], reason=name, why=refusal, at=at)
        raise
    return NewToken(row, token)


def revoke_token(*, token_id: int, by: Actor, at: Ms) -> ApiToken:
    """End a token: one's own, or anybody's as risk admin. Of two who do it at once one does.

    Raises ``UnknownToken``, ``NotAllowed``, ``TokenEnded``.
    """
    row = ApiToken.objects.select_related("user").filter(pk=token_id).first()
    if row is None:
        raise UnknownToken(f"no token has the number {token_id}")
    own = by.user is not None and by.user.pk == row.user.pk
    target = row.user.get_username()[:100]
    needed = Control.REVOKE_TOKEN if own else Control.TOKENS_OF_OTHERS
    require(by, needed, target=target, reason=row.name, at=at)
    try:
        with transaction.atomic():
            in_force = ApiToken.objects.filter(pk=row.pk, revoked__isnull=True)
            if not in_force.update(revoked=to_datetime(at), revoked_by_name=by.name):
                raise TokenEnded(f"token {row.name} of {target} is revoked already")
            before = {"token": row.shown, "name": row.name, "scope": row.scope}
            _record(by, Control.REVOKE_TOKEN, row, before=before, after={"revoked": True}, at=at)
    except TokenEnded as refusal:
        refuse(by, Control.REVOKE_TOKEN, target=target, reason=row.name, why=refusal, at=at)
        raise
    row.refresh_from_db()
    return row


def actor_of(token: str, *, address: str, at: Ms) -> Actor | None:
    """Who uses this token, with the lower of scope and role; ``None`` when it is not known here.

    Raises ``TokenEnded`` for one that was revoked, is too old, or whose person is gone, and ``NoRole``: whoever
    has the token may know.
    """
    row = ApiToken.objects.select_related("user").filter(digest=digest_of(token)).first()
    if row is None:
        return None
    if row.revoked is not None:
        raise TokenEnded(f"token {row.name} was revoked")
    if row.expires is not None and row.expires <= to_datetime(at):
        raise TokenEnded(f"token {row.name} expired on {row.expires:%Y-%m-%d}: make a new one")
    if not row.user.is_active:
        raise TokenEnded(f"token {row.name} is of somebody who may log in no more")
    held = role_of(row.user)
    if held is None:
        raise NoRole(row.user.get_username())
    _note_use(row, to_datetime(at))
    role = min(held, ALLOWED[Scope(row.scope)], key=RANK.__getitem__)
    return Actor(f"{row.user.get_username()} by token {row.name}", role, address, row.user)


def tokens_of(by: Actor) -> QuerySet[ApiToken]:
    """The tokens ``by`` may see: their own, a risk admin everybody's. Newest first."""
    rows = ApiToken.objects.select_related("user").order_by("-pk")
    if by.may(Role.RISK_ADMIN):
        return rows
    return rows.filter(user=by.user) if by.user is not None else rows.none()


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _valid(name: str, *, scope: Scope, days: int | None, owner: User, by: Actor) -> str:
    name = name.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise NotValid("name", f"a token needs a name of 1 to {NAME_MAX} characters")
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise NotValid("days", f"a token lasts 1 to {DAYS_MAX} days, not {days}")
    needed = ALLOWED[scope]
    held = role_of(owner)
    if held is None or RANK[held] < RANK[needed]:
        raise NotValid(
            "scope", f"scope {scope} needs the role {needed}; {owner.get_username()} has {held or 'none'}"
        )
    if not by.may(needed):
        raise NotValid("scope", f"scope {scope} needs the role {needed}; {by.name} has {by.role}")
    if ApiToken.objects.filter(user=owner, revoked__isnull=True).count() >= TOKENS_MAX:
        raise NotValid("name", f"{owner.get_username()} has {TOKENS_MAX} tokens: revoke one first")
    return name


def _insert(
    user: User, name: str, token: str, scope: Scope, *, expires: datetime | None, by: Actor, at: Ms
) -> ApiToken:
    try:
        with transaction.atomic():
            return ApiToken.objects.create(
                user=user,
                name=name,
                digest=digest_of(token),
                shown=token[:SHOWN],
                scope=scope.value,
                made=to_datetime(at),
                made_by_name=by.name[:150],
                expires=expires,
            )
    except IntegrityError:
        who = user.get_username()
        raise NameTaken(f"{who} has a token called {name!r}: revoke it, or choose another name") from None


def _record(
    by: Actor,
    what: Control,
    row: ApiToken,
    *,
    before: Facts,
    after: Facts,
    at: Ms,
) -> None:
    record(
        by,
        what,
        target=row.user.get_username()[:100],
        outcome=AuditOutcome.DONE,
        reason=row.name,
        before=before,
        after=after,
        at=at,
    )


def _note_use(row: ApiToken, moment: datetime) -> None:
    """Write when it was used last, at most once a minute and without waiting: it must not be in a halt's way."""
    if row.used is not None and moment - row.used < USE_NOTED_EVERY:
        return
    unnoted = ApiToken.objects.filter(Q(used__isnull=True) | Q(used__lt=moment), pk=row.pk)
    try:
        with impatient(within_ms=USE_NOTED_WITHIN_MS):
            unnoted.update(used=moment)
    except DatabaseError as error:
        log.warning("use of a token not noted", name=row.name, error=str(error))
