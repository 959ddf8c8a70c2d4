"""The operator's endpoints: ``POST /admin/halt``, ``/reset``, ``/halt-market`` and their siblings (product.md 4).

Routed before the Django admin. A token needs no CSRF token, a session does.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Final, TypeVar

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.clock import now_ms
from risk import adapters, selectors, services
from risk.access.auth import identify, identify_who_halts
from risk.access.people import Actor
from risk.errors import HaltKept, RiskError
from risk.http.carried_out import noted
from risk.http.once import once
from risk.http.problems import Problem, answer, kept, not_written, problem_of
from risk.services import HaltCode, MarketHaltCode

REASON_MAX: Final = 300
Door = Callable[[HttpRequest], HttpResponseBase]


class Body(BaseModel):
    """What may be sent along: JSON, or nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    reason: str | None = Field(default=None, min_length=1, max_length=REASON_MAX, pattern="^[^\\x00]*$")


class ResetBody(Body):
    """``override``: end the halt although checks fail. Then a reason is not left to a token's name."""

    override: bool = False


B = TypeVar("B", bound=Body)


def door(act: Door) -> Door:
    """POST only, once for each ``Idempotency-Key``, and no CSRF check but ``risk.access.auth``'s for sessions."""
    answered = refusing(once(refusing(act)))

    @csrf_exempt
    @wraps(act)
    def opened(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST":
            refusal = answer(Problem(HTTPStatus.METHOD_NOT_ALLOWED, "send a POST"))
            refusal["Allow"] = "POST"
            return refusal
        return answered(request)

    return opened


def refusing(act: Door) -> Door:
    """Refusals as problem+json."""

    @wraps(act)
    def answered(request: HttpRequest) -> HttpResponseBase:
        with noted():
            try:
                return act(request)
            except Problem as problem:
                return answer(problem)
            except HaltKept as halt_kept:
                return kept(halt_kept)
            except RiskError as refused:
                return answer(problem_of(refused))
            except DatabaseError as error:
                return answer(not_written(error))

    return answered


@door
def halt(request: HttpRequest) -> HttpResponse:
    """Stop everything. Again is fine: cancel and proof are repeated."""
    actor = identify_who_halts(request)
    services.halt_trading(code=HaltCode.MANUAL, detail=reason_or_name(request, actor), by=actor, at=now_ms())
    return state()


@door
def reset(request: HttpRequest) -> HttpResponse:
    """End the halt, after a passing health check or in spite of a failing one."""
    actor = identify(request)
    asked = asked_body(request, ResetBody)
    reason = asked.reason or ("" if asked.override else reason_left_out(actor))
    services.reset_trading(reason=reason, by=actor, at=now_ms(), override=asked.override)
    return state()


@door
def halt_market(request: HttpRequest) -> HttpResponse:
    actor = identify_who_halts(request)
    services.halt_market(
        market_id=asked_market(request),
        code=MarketHaltCode.MANUAL,
        detail=reason_or_name(request, actor),
        by=actor,
        at=now_ms(),
    )
    return state()


@door
def resume_market(request: HttpRequest) -> HttpResponse:
    actor = identify(request)
    market_id = asked_market(request)
    services.resume_market(
        market_id=market_id, reason=reason_to_loosen(request, actor), by=actor, at=now_ms()
    )
    return state()


@door
def restart_adapter(request: HttpRequest) -> HttpResponse:
    """Start one connection to the world anew: 202, for it is heeded within a second or two."""
    actor, at = identify(request), now_ms()
    name = asked_of(request, "adapter", hint="?adapter=NAME, see /api/v1/adapters")
    ran = adapters.restart_adapter(name=name, reason=reason_or_name(request, actor), by=actor, at=at)
    response = JsonResponse(
        {"adapter": ran.name, "asked_ms": at, "ran_since_ms": ran.since_ms}, status=HTTPStatus.ACCEPTED
    )
    response["Cache-Control"] = "no-store"
    return response


def state() -> HttpResponse:
    """Every door answers with the control state after it, as the console shows it."""
    response = JsonResponse(selectors.control())
    response["Cache-Control"] = "no-store"
    return response


def reason_or_name(request: HttpRequest, actor: Actor) -> str:
    return asked_reason(request) or f"by {actor.name}"


def reason_to_loosen(request: HttpRequest, actor: Actor) -> str:
    """As ``reason_left_out`` where none was given."""
    return asked_reason(request) or reason_left_out(actor)


def reason_left_out(actor: Actor) -> str:
    """A person gives a reason; a token may leave it to its name. The empty reason is refused by the service."""
    return "" if actor.user is not None else f"by {actor.name}"


def asked_reason(request: HttpRequest) -> str | None:
    """The reason in the body, ``None`` without one. Raises 400 naming the field."""
    return asked_body(request, Body).reason


def asked_body(request: HttpRequest, shape: type[B]) -> B:
    """What the body says, all defaults where it is empty. Raises 400 naming the field."""
    if not request.body.strip():
        return shape()
    try:
        return shape.model_validate_json(request.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise Problem(HTTPStatus.BAD_REQUEST, f"{field}: {first['msg']}", field=field) from error


def asked_market(request: HttpRequest) -> str:
    """The market id of ``?market_id=``, which may be a slug. Raises 400 without one, ``UnknownMarket``."""
    return services.resolve_market(asked_of(request, "market_id", hint="?market_id=ID or slug"))


def asked_of(request: HttpRequest, field: str, *, hint: str) -> str:
    """A part of the query. Raises 400 without it."""
    name = request.GET.get(field, "").strip()
    if not name:
        raise Problem(HTTPStatus.BAD_REQUEST, f"say which: {hint}", field=field)
    return name
