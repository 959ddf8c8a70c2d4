"""``/api/v1/people``: who may log in, and as what. A risk admin sees and changes all of them, others see themselves."""

from http import HTTPStatus
from typing import Annotated

from django.contrib.auth.models import User
from django.http import HttpResponse
from ninja import Field, Router, Schema, Status
from redis import RedisError

from infra import onetime
from infra.clock import now_ms, to_ms
from risk.access import colleagues
from risk.access.auth import is_personal
from risk.access.links import address_of
from risk.access.people import Role, people_seen_by, role_of
from risk.api.acted import ActedRequest, ReasonIn
from risk.http.once import kept_instead
from risk.http.problems import Problem

router = Router(tags=["people"])

Name = Annotated[str, Field(min_length=1, max_length=150, description="to log in with")]


class PersonOut(Schema):
    """``role`` is null for who has none and so is let in nowhere. Times are ms since the epoch."""

    name: str
    role: Role | None
    active: bool
    superuser: bool
    has_password: bool
    joined_ms: int
    last_login_ms: int | None


class PersonIn(Schema):
    name: Name
    role: Role


class RoleIn(ReasonIn):
    role: Role | None = Field(description="null: none")


class LinkOut(Schema):
    link: str = Field(description="lets the person in once; here and never again")
    minutes: int


@router.get("/people", response=list[PersonOut])
def list_people(request: ActedRequest) -> list[PersonOut]:
    """Everybody for a risk admin; yourself for others."""
    return [_person(user) for user in people_seen_by(request.auth)]


@router.post("/people", response={201: PersonOut})
def make_person(request: ActedRequest, asked: PersonIn) -> Status[PersonOut]:
    """Let a colleague in. They have no password yet: hand them a log-in link."""
    _by_hand(request)
    user = colleagues.make_user(name=asked.name, role=asked.role, by=request.auth, at=now_ms())
    return Status(201, _person(user))


@router.post("/people/{name}/role", response=PersonOut)
def set_role(request: ActedRequest, name: str, asked: RoleIn) -> PersonOut:
    """Give a person exactly this role. Who was let go may log in again with one."""
    _by_hand(request)
    user = colleagues.set_role(name=name, role=asked.role, reason=asked.reason, by=request.auth, at=now_ms())
    return _person(user)


@router.post("/people/{name}/let-go", response=PersonOut)
def let_go(request: ActedRequest, name: str, asked: ReasonIn) -> PersonOut:
    """End somebody's log-ins, sessions and tokens at once."""
    _by_hand(request)
    return _person(colleagues.let_go(name=name, reason=asked.reason, by=request.auth, at=now_ms()))


@router.post("/people/{name}/login-link", response=LinkOut)
def login_link(request: ActedRequest, name: str, response: HttpResponse) -> LinkOut:
    """A link that logs this person in once. It is in this answer and nowhere else."""
    _by_hand(request)
    try:
        token = colleagues.login_token(name=name, by=request.auth, at=now_ms())
    except (RedisError, OSError) as error:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, f"no link was made, Redis does not answer ({error}): try again"
        ) from error
    kept_instead(
        request,
        f"a log-in link for {name} was made by the first request with this key; it was in that answer and is kept "
        "nowhere. If it did not arrive, make another with a key of its own",
    )
    response["Cache-Control"] = "no-store"
    return LinkOut(link=address_of(token), minutes=onetime.TTL_S // 60)


def _by_hand(request: ActedRequest) -> None:
    """A personal token lets nobody in: whoever took one could make themselves a log-in that outlives it."""
    if is_personal(request):
        raise Problem(HTTPStatus.FORBIDDEN, "a token changes no people: log in, or run manage.py set_role")


def _person(user: User) -> PersonOut:
    return PersonOut(
        name=user.get_username(),
        role=role_of(user),
        active=user.is_active,
        superuser=user.is_superuser,
        has_password=user.has_usable_password(),
        joined_ms=to_ms(user.date_joined),
        last_login_ms=None if user.last_login is None else to_ms(user.last_login),
    )
