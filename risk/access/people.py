"""Who acts: a person, a token, or a part of the program. A person's role is a Django group; without one, none.

What each role may do is a table of its own (``risk.access.powers``).
"""

import getpass
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.db.models import Q, QuerySet

from risk.errors import NoRole


class Role(StrEnum):
    """The groups of product.md 5; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    RISK_ADMIN = "risk-admin"


ADMIN_TOKEN: Final = "token admin"  # noqa: S105 the name its actor has in the record
RANK: Final = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.RISK_ADMIN: 2}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who used a control.

    name:    for the record; a user name, "token NAME", "shell of NAME", or the process.
    address: where from; the peer's address, or "local".
    user:    ``None`` when it was no person with a log-in.
    """

    name: str
    role: Role
    address: str
    user: User | None

    def may(self, needed: Role) -> bool:
        return RANK[self.role] >= RANK[needed]

    @property
    def in_person(self) -> bool:
        """Logged in themselves: no token of theirs, no token of the machine, no shell."""
        return self.user is not None and self.name == self.user.get_username()


def role_of(user: User) -> Role | None:
    """The highest of a person's groups that is a role; a superuser is a risk admin. One query, never remembered.

    ``None``: in no such group, and so let in nowhere. ``is_staff`` is no role, it opens the Django admin only.
    """
    if user.is_superuser:
        return Role.RISK_ADMIN
    held = set(user.groups.filter(name__in=list(Role)).values_list("name", flat=True))
    return max((role for role in Role if role in held), key=RANK.__getitem__, default=None)


def holders(role: Role) -> QuerySet[User]:
    """The active people who have exactly or more than this role."""
    names = [each.value for each in Role if RANK[each] >= RANK[role]]
    active = User.objects.filter(is_active=True)
    return active.filter(Q(is_superuser=True) | Q(groups__name__in=names)).distinct()


def people_seen_by(by: Actor) -> QuerySet[User]:
    """Everybody for a risk admin, themselves for others; by name, those who may log in first."""
    everybody = User.objects.order_by("-is_active", "username")
    if by.may(Role.RISK_ADMIN):
        return everybody
    return everybody.filter(pk=by.user.pk) if by.user is not None else everybody.none()


def make_groups(**_: Any) -> None:
    """The groups, after every migration and as often as you like."""
    for role in Role:
        Group.objects.get_or_create(name=role.value)


def person(user: AbstractBaseUser | AnonymousUser, *, address: str) -> Actor | None:
    """The actor behind a log-in, ``None`` when nobody is logged in. Raises ``NoRole``."""
    if not isinstance(user, User) or not user.is_active:
        return None
    role = role_of(user)
    if role is None:
        raise NoRole(user.get_username())
    return Actor(user.get_username(), role, address, user)


def process(name: str) -> Actor:
    """A part of the program. It may halt and resume what it halted, never reset."""
    return Actor(name, Role.OPERATOR, "local", None)


def shell() -> Actor:
    """Whoever runs ``manage.py``: they hold the database already, so they may do everything."""
    return Actor(f"shell of {getpass.getuser()}", Role.RISK_ADMIN, "local", None)
