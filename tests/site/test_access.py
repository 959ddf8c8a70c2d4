"""Goal: nobody gets further than ``access`` says, at any endpoint, control or page, and nobody is kept from less.

Method: each visitor of one table asks at each door of the other, from elsewhere. What a door is expected to answer
follows from the two rows; what a request changed is undone before the next.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings
from redis import Redis

from infra import checks
from infra.clock import now_ms, to_datetime
from risk.access import tokens
from risk.access.people import RANK, Role, shell
from risk.models import ApiToken, Scope
from tests.risk.conftest import with_role
from tests.site.access import API, CONTROLS, PAGES, PASSWORD, By, Door, Open, Page
from tests.site.evening import Known, an_evening

OPERATOR_TOKEN: Final = "operator-token-of-this-test"
ADMIN_TOKEN: Final = "admin-token-of-this-test"
# The queue of ops is no part of this process: who is let in hears that it is away.
NOT_HERE: Final = frozenset({"post /api/v1/reconciliations"})
PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>|\{(\w+)\}")
LET_IN: Final = "let in"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who asks. ``role``: what they may; ``known``: whether they are anybody at all.

    session: a log-in; token: ``"environment"``, ``"personal"``, or ``None`` without one.
    """

    role: Role | None
    known: bool = True
    session: bool = False
    token: str | None = None


VISITORS: Final = {
    "anonymous": Visitor(None, known=False),
    "logged in without a role": Visitor(None, session=True),
    "viewer": Visitor(Role.VIEWER, session=True),
    "operator": Visitor(Role.OPERATOR, session=True),
    "risk-admin": Visitor(Role.RISK_ADMIN, session=True),
    "OPERATOR_TOKEN": Visitor(Role.OPERATOR, token="environment"),
    "ADMIN_TOKEN": Visitor(Role.RISK_ADMIN, token="environment"),
    "a viewer's token, read": Visitor(Role.VIEWER, token="personal"),
    "an operator's token, operate": Visitor(Role.OPERATOR, token="personal"),
    "a risk admin's token, read": Visitor(Role.VIEWER, token="personal"),
    "a risk admin's token, operate": Visitor(Role.OPERATOR, token="personal"),
    "a risk admin's token, admin": Visitor(Role.RISK_ADMIN, token="personal"),
    "a revoked token": Visitor(None, known=False, token="personal"),
    "an expired token": Visitor(None, known=False, token="personal"),
    "a token of somebody let go": Visitor(None, known=False, token="personal"),
    "a wrong token": Visitor(None, known=False, token="personal"),
}


def expected(door: Door | Page | Open, visitor: Visitor) -> int | str:
    """What this door answers this visitor: 401, 403, a redirect to the log-in, or that they are let in."""
    if door is Open.TO_ALL:
        return LET_IN
    if door is Open.NOT_ELSEWHERE:
        return 401
    if isinstance(door, Page):
        if not visitor.session:
            return 302
        return LET_IN if enough(visitor, door.needs) else door.refuses
    assert isinstance(door, Door)
    if not visitor.known:
        return 401
    if not enough(visitor, door.needs):
        return 403
    if door.by is By.HAND and visitor.token == "personal":
        return 403
    if door.by is By.PERSON and not visitor.session:
        return 403
    return LET_IN


def enough(visitor: Visitor, needs: Role) -> bool:
    return visitor.role is not None and RANK[visitor.role] >= RANK[needs]


@pytest.fixture
def known(db: None, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Known:
    """Rows to ask for. Nothing beyond this process is asked."""
    both = {"operator_token": SecretStr(OPERATOR_TOKEN), "admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=both)
    monkeypatch.setattr(checks, "_checks", {})
    monkeypatch.setattr(checks, "_askings", {})
    return {"number": 1, "consent_id": 1, "lockout_id": 1, "token": "none", **an_evening()}


def somebody(name: str, role: Role | None) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    return user if role is None else with_role(user, role)


def a_token(owner: Role, scope: Scope) -> str:
    user = somebody(f"owner-{owner}-{scope}", owner)
    made = tokens.make_token(
        owner=user.get_username(), name="t", scope=scope, days=1, by=shell(), at=now_ms()
    )
    return made.token


def an_ended_token(how: str) -> str:
    token = a_token(Role.RISK_ADMIN, Scope.ADMIN)
    row = ApiToken.objects.filter(digest=tokens.digest_of(token))
    if how == "revoked":
        row.update(revoked=to_datetime(now_ms()))
    elif how == "expired":
        row.update(expires=to_datetime(now_ms()))
    else:
        User.objects.filter(pk=row.get().user.pk).update(is_active=False)
    return token


def client_of(name: str) -> Client:
    """The visitor of this name, ready to ask."""
    bearers: dict[str, Callable[[], str]] = {
        "OPERATOR_TOKEN": lambda: OPERATOR_TOKEN,
        "ADMIN_TOKEN": lambda: ADMIN_TOKEN,
        "a viewer's token, read": lambda: a_token(Role.VIEWER, Scope.READ),
        "an operator's token, operate": lambda: a_token(Role.OPERATOR, Scope.OPERATE),
        "a risk admin's token, read": lambda: a_token(Role.RISK_ADMIN, Scope.READ),
        "a risk admin's token, operate": lambda: a_token(Role.RISK_ADMIN, Scope.OPERATE),
        "a risk admin's token, admin": lambda: a_token(Role.RISK_ADMIN, Scope.ADMIN),
        "a revoked token": lambda: an_ended_token("revoked"),
        "an expired token": lambda: an_ended_token("expired"),
        "a token of somebody let go": lambda: an_ended_token("let go"),
        "a wrong token": lambda: f"{tokens.PREFIX}wrong",
    }
    visitor = VISITORS[name]
    if visitor.token is not None:
        return Client(headers={"Authorization": f"Bearer {bearers[name]()}"})
    client = Client()
    if visitor.session:
        client.force_login(somebody("visitor", visitor.role))
    return client


def ask(client: Client, method: str, path: str, body: dict[str, Any] | None, peer: str) -> int:
    """The status. What was changed is undone."""
    with transaction.atomic():
        answer = client.generic(
            method.upper(),
            path,
            "" if body is None else json.dumps(body),
            content_type="application/json",
            REMOTE_ADDR=peer,
        )
        transaction.set_rollback(True)
    return int(answer.status_code)


def filled(path: str, known: Known) -> str:
    return PARAMETER.sub(lambda found: str(known[found[1] or found[2]]), path)


@pytest.mark.parametrize("name", list(VISITORS))
def test_everybody_gets_exactly_as_far_as_the_table_says(name: str, known: Known) -> None:
    client, visitor = client_of(name), VISITORS[name]
    # Each time from another address: whoever asks often with a wrong token is locked out by theirs.
    peers = (f"10.{number // 250}.{number % 250}.7" for number in count(1))
    doors: list[tuple[str, str, str, Door | Page | Open]] = []
    for endpoint, row in API.items():
        method, path = endpoint.split(" ", 1)
        doors.append((endpoint, method, f"{path}?{row.query}", row))
    doors += [(path, "post", f"/{path}?{row.query}", row) for path, row in CONTROLS.items()]
    doors += [(path, "get", f"/{path}", page) for path, page in PAGES.items()]

    wrong = []
    for label, method, path, door in doors:
        body = door.body if isinstance(door, Door) else None
        status = ask(client, method, filled(path, known), body, next(peers))
        wanted = expected(door, visitor)
        if wanted == LET_IN:
            right = status not in (401, 403) and (status < 500 or label in NOT_HERE)
        else:
            right = status == wanted
        if not right:
            wrong.append(f"{label}: {status}, expected {wanted}")

    assert wrong == []
