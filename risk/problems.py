"""Refusals over HTTP: ``application/problem+json`` (RFC 9457), naming the field and the way out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.http import HttpResponse, JsonResponse

from risk.errors import (
    ChecksFailed,
    Contended,
    NotAllowed,
    NotHalted,
    ReasonMissing,
    RiskError,
    UnknownMarket,
)

STATUS: Final[Mapping[type[RiskError], HTTPStatus]] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    ReasonMissing: HTTPStatus.BAD_REQUEST,
    NotHalted: HTTPStatus.CONFLICT,
    Contended: HTTPStatus.CONFLICT,
    ChecksFailed: HTTPStatus.CONFLICT,
    UnknownMarket: HTTPStatus.NOT_FOUND,
}


class Problem(Exception):
    """A request that was not carried out, in the words of its answer.

    field: the part of the request that is wrong, ``None`` when it is none.
    """

    def __init__(self, status: HTTPStatus, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.field = field


class LogInNeeded(Problem):
    """Nobody we know asks: 401, never a redirect."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, detail)


def problem_of(error: RiskError) -> Problem:
    """What a refused control answers."""
    field = "reason" if isinstance(error, ReasonMissing) else None
    field = "market_id" if isinstance(error, UnknownMarket) else field
    return Problem(STATUS[type(error)], str(error), field=field)


def answer(problem: Problem) -> HttpResponse:
    """The problem as a response."""
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": str(problem),
    }
    if problem.field is not None:
        body["field"] = problem.field
    response = JsonResponse(body, status=problem.status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if problem.status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response
