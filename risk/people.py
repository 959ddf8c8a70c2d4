"""Who acts: a person, a token, or a part of the program; and what they may do."""

import getpass
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User


class Role(StrEnum):
    """Until the roles of product.md 5 exist, staff are operators and superusers risk admins."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    RISK_ADMIN = "risk-admin"


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


def role_of(user: User) -> Role:
    if user.is_superuser:
        return Role.RISK_ADMIN
    return Role.OPERATOR if user.is_staff else Role.VIEWER


def person(user: AbstractBaseUser | AnonymousUser, *, address: str) -> Actor | None:
    """The actor behind a log-in, ``None`` when nobody is logged in."""
    if not isinstance(user, User) or not user.is_active:
        return None
    return Actor(user.get_username(), role_of(user), address, user)


def process(name: str) -> Actor:
    """A part of the program. It may halt and resume what it halted, never reset."""
    return Actor(name, Role.OPERATOR, "local", None)


def shell() -> Actor:
    """Whoever runs ``manage.py``: they hold the database already, so they may do everything."""
    return Actor(f"shell of {getpass.getuser()}", Role.RISK_ADMIN, "local", None)
