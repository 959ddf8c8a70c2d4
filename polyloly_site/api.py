"""``/api/v1``: every app's router under one roof, one way of asking who it is, one shape of refusal."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie, HttpBearer

from dashboard.views.frame import page
from feeds import api as feeds
from polyloly_site import api_health
from polyloly_site.careful import CarefulParser
from polyloly_site.described import DescribedAPI
from risk import api as risk
from risk.access.auth import TOKEN_HINT, by_session, by_token
from risk.access.people import Actor
from risk.errors import HaltKept, RiskError
from risk.http.carried_out import noted
from risk.http.once import once
from risk.http.problems import LogInNeeded, Problem, answer, kept, not_written, problem_of
from trading import api as trading


class Token(HttpBearer):
    """``Authorization: Bearer`` with a person's token, OPERATOR_TOKEN or ADMIN_TOKEN."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return by_token(request)


class LogIn(APIKeyCookie):
    """The console's session; what changes something needs the CSRF token too (``risk.access.auth`` checks it)."""

    param_name: str = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        return by_session(request)


api = DescribedAPI(
    title="polyloly",
    version="1",
    description="Everything the console can do. Refusals are `application/problem+json` and name the way out. A POST "
    "with an `Idempotency-Key` is carried out once and answered alike for 24 hours. Money is decimal text, times are "
    "ms since the epoch.",
    auth=[Token(), LogIn(csrf=False)],
    docs_decorator=page,
    parser=CarefulParser(),
)


def carried_out_once(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Every POST honours ``Idempotency-Key``; its refusals get the shape of all the others."""
    answered = once(run)

    @wraps(run)
    def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with noted():
            try:
                return answered(request, *args, **kwargs)
            except (Problem, RiskError, DatabaseError) as refused:
                return api.on_exception(request, refused)

    return refusing


api.add_decorator(carried_out_once, mode="view")
for router in (
    *risk.ROUTERS,
    *trading.ROUTERS,
    api_health.router,
    feeds.router,
):
    api.add_router("/v1", router)


@api.exception_handler(Problem)
def problem(request: HttpRequest, refused: Problem) -> HttpResponse:
    return answer(refused)


@api.exception_handler(RiskError)
def control_refused(request: HttpRequest, refused: RiskError) -> HttpResponse:
    return answer(problem_of(refused))


@api.exception_handler(HaltKept)
def halt_kept(request: HttpRequest, halt: HaltKept) -> HttpResponse:
    return kept(halt)


@api.exception_handler(DatabaseError)
def no_database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    return answer(not_written(error))


@api.exception_handler(AuthenticationError)
def nobody(request: HttpRequest, _refused: AuthenticationError) -> HttpResponse:
    return answer(LogInNeeded(TOKEN_HINT))


@api.exception_handler(ValidationError)
def bad_request(request: HttpRequest, refused: ValidationError) -> HttpResponse:
    first: dict[str, Any] = refused.errors[0]
    field = str(first["loc"][-1])
    return answer(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: {first['msg']}", field=field))


@api.exception_handler(Http404)
def not_found(request: HttpRequest, refused: Http404) -> HttpResponse:
    return answer(Problem(HTTPStatus.NOT_FOUND, str(refused) or "there is no such thing here"))


@api.exception_handler(HttpError)
def other(request: HttpRequest, refused: HttpError) -> HttpResponse:
    return answer(Problem(HTTPStatus(refused.status_code), str(refused)))
