"""The people who may log in: made, given another role, let go. Each change is a link of the audit's chain.

A new person has no password: a one-time link lets them in, and there they set one.
"""

from typing import Final

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.units import Ms
from infra import onetime
from risk.access.passwords import try_own_password
from risk.access.people import Actor, Role, role_of
from risk.access.powers import Control, require
from risk.audit.record import record, refuse, require_reason
from risk.errors import NameTaken, NotInPerson, NotValid, RiskError, UnknownUser
from risk.models import AuditOutcome

NOBODY: Final = "no role"


def make_user(*, name: str, role: Role, by: Actor, at: Ms) -> User:
    """A new person with a role and no password yet. Raises ``NotAllowed``, ``NotValid``, ``NameTaken``."""
    require(by, Control.USERS, target=name, reason="", at=at)
    try:
        _valid(name)
        with transaction.atomic():
            user = _insert(name, is_staff=role is Role.RISK_ADMIN)
            _join(user, role)
            _record(by, user, "make-user", reason=f"new {role}", before=None, after=role, at=at)
    except RiskError as refusal:
        refuse(by, "make-user", target=name[:100], reason=f"new {role}", why=refusal, at=at)
        raise
    return user


def set_role(*, name: str, role: Role | None, reason: str, by: Actor, at: Ms) -> User:
    """Give a person exactly this role, ``None`` for none: open consoles and tokens lose it within seconds.

    A superuser who is given a lower role is one no more; who was let go may log in again with a role.
    Raises ``NotAllowed``, ``ReasonMissing``, ``UnknownUser``.
    """
    what = "set-role"
    require(by, Control.USERS, target=name, reason=reason, at=at)
    require_reason(by, what, target=name, reason=reason, at=at)
    try:
        with transaction.atomic():
            user = _locked(name)
            before = role_of(user)
            if role is not None:
                _set_active(user, active=True)
            _join(user, role)
            _record(by, user, what, reason=reason, before=before, after=role, at=at)
    except RiskError as refusal:
        refuse(by, what, target=name[:100], reason=reason, why=refusal, at=at)
        raise
    return user


def let_go(*, name: str, reason: str, by: Actor, at: Ms) -> User:
    """A person may log in no more; sessions and tokens end. Raises as ``set_role``."""
    what = "let-go"
    require(by, Control.USERS, target=name, reason=reason, at=at)
    require_reason(by, what, target=name, reason=reason, at=at)
    try:
        with transaction.atomic():
            user = _locked(name)
            before = role_of(user)
            _set_active(user, active=False)
            _join(user, None)
            _record(by, user, what, reason=reason, before=before, after=None, at=at)
    except RiskError as refusal:
        refuse(by, what, target=name[:100], reason=reason, why=refusal, at=at)
        raise
    return user


def login_token(*, name: str, by: Actor, at: Ms) -> str:
    """A token that lets this person in once, within 15 minutes. Raises ``redis.RedisError`` too, and then it is not
    recorded.
    """
    require(by, Control.USERS, target=name, reason="", at=at)
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        unknown = UnknownUser(f"nobody who may log in is called {name!r}")
        refuse(by, "login-link", target=name[:100], reason="", why=unknown, at=at)
        raise unknown
    token = onetime.issue(user.pk)
    role = role_of(user)
    _record(by, user, "login-link", reason="a one-time link", before=role, after=role, at=at)
    return token


def set_own_password(*, user: User, password: str, by: Actor, at: Ms) -> None:
    """A person sets the password they log in with; the form has judged it. Their other sessions end."""
    assert by.user is not None, "a password is one's own"
    assert by.user.pk == user.pk, "a password is one's own"
    role, had_one = role_of(user), user.has_usable_password()
    user.set_password(password)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(password=user.password)
        facts = {"role": role or NOBODY}
        record(
            by,
            "set-password",
            target=user.get_username()[:100],
            outcome=AuditOutcome.DONE,
            reason="a new password" if had_one else "the first password",
            before={**facts, "password": had_one},
            after={**facts, "password": True},
            at=at,
        )


def prove_oneself(*, by: Actor, password: str, what: str, at: Ms) -> None:
    """The person at the screen says the password once more, before what only they may do.

    Raises ``NotInPerson`` for a token and for who has no password, ``NotValid`` for a wrong one, ``LockedOut``.
    """
    try:
        user = by.user
        if user is None or not by.in_person:
            raise NotInPerson(f"{what} is for people who are logged in; {by.name} is none")
        if not user.has_usable_password():
            raise NotInPerson(
                f"{what} asks for your password, and {by.name} has none yet: set one on the page People"
            )
        if not try_own_password(user, lambda: user.check_password(password), from_address=by.address):
            raise NotValid("password", "that is not your password")
    except RiskError as refusal:
        refuse(by, what, target=by.name[:100], reason="", why=refusal, at=at)
        raise


def _valid(name: str) -> None:
    try:
        User(username=name).clean_fields(exclude={"password"})
    except ValidationError as error:
        raise NotValid("name", f"{name!r} is no name for a user: {error.messages[0]}") from error


def _insert(name: str, *, is_staff: bool) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(name, is_staff=is_staff)
    except IntegrityError:
        raise NameTaken(f"somebody is called {name!r} already: manage.py set_role changes the role") from None


def _locked(name: str) -> User:
    """The person's row, held until the transaction ends: of two changes at once the second sees the first."""
    user = User.objects.select_for_update().filter(username=name).first()
    if user is None:
        raise UnknownUser(f"nobody is called {name!r}")
    return user


def _set_active(user: User, *, active: bool) -> None:
    user.is_active = active
    User.objects.filter(pk=user.pk).update(is_active=active)


def _join(user: User, role: Role | None) -> None:
    user.groups.remove(*Group.objects.filter(name__in=list(Role)))
    if role is not None:
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    if user.is_superuser and role is not Role.RISK_ADMIN:
        user.is_superuser = False
        User.objects.filter(pk=user.pk).update(is_superuser=False)


def _record(
    by: Actor, user: User, what: str, *, reason: str, before: Role | None, after: Role | None, at: Ms
) -> None:
    record(
        by,
        what,
        target=user.get_username()[:100],
        outcome=AuditOutcome.DONE,
        reason=reason,
        before={"role": before or NOBODY},
        after={"role": after or NOBODY, "active": user.is_active},
        at=at,
    )
