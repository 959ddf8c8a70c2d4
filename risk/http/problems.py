"""Refusals over HTTP: ``application/problem+json`` (RFC 9457), naming the field and the way out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.db import DatabaseError
from django.http import HttpResponse, JsonResponse

from infra import logs
from risk.errors import (
    AdapterAway,
    AlertOver,
    ArmRefused,
    CannotResolve,
    ChecksFailed,
    ConsentOver,
    Contended,
    HaltKept,
    IncidentClosed,
    KeyUsed,
    LimitsWrong,
    LockedOut,
    NameTaken,
    NeverAnswered,
    NoRole,
    NotAllowed,
    NotHalted,
    NothingToArm,
    NotInPerson,
    NotOneself,
    NotTold,
    NotValid,
    ReasonMissing,
    RiskError,
    SecondPersonNeeded,
    TokenEnded,
    UnderWay,
    UnknownAdapter,
    UnknownAlert,
    UnknownConsent,
    UnknownDifference,
    UnknownIncident,
    UnknownLockout,
    UnknownMarket,
    UnknownToken,
    UnknownUser,
)
from risk.http import carried_out

STATUS: Final[Mapping[type[RiskError], HTTPStatus]] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NoRole: HTTPStatus.FORBIDDEN,
    ReasonMissing: HTTPStatus.BAD_REQUEST,
    NotHalted: HTTPStatus.CONFLICT,
    Contended: HTTPStatus.CONFLICT,
    ChecksFailed: HTTPStatus.CONFLICT,
    SecondPersonNeeded: HTTPStatus.CONFLICT,
    NotInPerson: HTTPStatus.FORBIDDEN,
    NotOneself: HTTPStatus.FORBIDDEN,
    LockedOut: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownLockout: HTTPStatus.NOT_FOUND,
    UnknownConsent: HTTPStatus.NOT_FOUND,
    ConsentOver: HTTPStatus.CONFLICT,
    ArmRefused: HTTPStatus.CONFLICT,
    NothingToArm: HTTPStatus.CONFLICT,
    UnknownMarket: HTTPStatus.NOT_FOUND,
    LimitsWrong: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownAlert: HTTPStatus.NOT_FOUND,
    AlertOver: HTTPStatus.CONFLICT,
    UnknownIncident: HTTPStatus.NOT_FOUND,
    IncidentClosed: HTTPStatus.CONFLICT,
    UnknownUser: HTTPStatus.NOT_FOUND,
    UnknownToken: HTTPStatus.NOT_FOUND,
    TokenEnded: HTTPStatus.CONFLICT,
    NameTaken: HTTPStatus.CONFLICT,
    NotValid: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownAdapter: HTTPStatus.NOT_FOUND,
    AdapterAway: HTTPStatus.CONFLICT,
    NotTold: HTTPStatus.SERVICE_UNAVAILABLE,
    KeyUsed: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnderWay: HTTPStatus.CONFLICT,
    NeverAnswered: HTTPStatus.CONFLICT,
    CannotResolve: HTTPStatus.CONFLICT,
    UnknownDifference: HTTPStatus.NOT_FOUND,
}
KEY_HEADER: Final = "Idempotency-Key"
CARRIED_OUT: Final = "carried_out"  # in a problem: the controls that were, although the request failed

RETRY_AFTER: Final = "retry_after_s"

log = logs.get("risk")


class Problem(Exception):
    """A request that was not carried out, in the words of its answer.

    field: the part of the request that is wrong, ``None`` when it is none.
    more:  members of its own in the answer: what is wrong one by one, where ``detail`` says it in one sentence.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        field: str | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.field = field
        self.more = dict(more or {})


class LogInNeeded(Problem):
    """Nobody we know asks: 401, never a redirect."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, detail)


def problem_of(error: RiskError) -> Problem:
    """What a refused control answers."""
    field = error.field if isinstance(error, NotValid | ArmRefused) else None
    field = "reason" if isinstance(error, ReasonMissing) else field
    field = "market_id" if isinstance(error, UnknownMarket) else field
    field = "name" if isinstance(error, NameTaken) else field
    field = "adapter" if isinstance(error, UnknownAdapter) else field
    field = KEY_HEADER if isinstance(error, KeyUsed | UnderWay | NeverAnswered) else field
    return Problem(STATUS[type(error)], str(error), field=field, more=one_by_one(error))


def one_by_one(error: RiskError) -> dict[str, object]:
    """What a refusal lists: complaints by the name of the limit, the checks that failed, or what is waited for."""
    if isinstance(error, LimitsWrong):
        return {"complaints": error.wrong}
    if isinstance(error, ArmRefused):
        return {"reasons": list(error.reasons)}
    if isinstance(error, ChecksFailed):
        found = [
            {"name": check.name, "detail": check.detail, "next_step": check.next_step}
            for check in error.checks
        ]
        return {"checks": found}
    if isinstance(error, LockedOut):
        return {"until_ms": error.until_ms, RETRY_AFTER: error.seconds}
    if isinstance(error, SecondPersonNeeded):
        return {"consent": {"id": error.consent_id, "expires_ms": error.expires_ms}}
    return {}


def not_written(error: DatabaseError) -> Problem:
    """The database did not answer: say plainly whether something was changed, and what stops trading without it.

    What was carried out before is named, and its answer is kept for its ``Idempotency-Key``: whoever sends it again
    does not do it twice.
    """
    done = carried_out.so_far()
    if done:
        log.error("control carried out, state not read", done=done, error=str(error), event_type="error")
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{' and '.join(done)}: carried out and recorded. Only the state after it could not be read, the database "
            f"does not answer ({error}): do not send it again, read GET /api/v1/control",
            more={CARRIED_OUT: list(done)},
        )
    log.error("request not carried out, no database", error=str(error), event_type="error")
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"the database did not take it ({error}), nothing was changed: try again. POST /admin/halt with OPERATOR_TOKEN "
        "or from this machine halts without it; ending the trader's process stops trading too",
    )


def kept(halt: HaltKept) -> HttpResponse:
    """202: it is being carried out and not recorded yet; what is proven and what is not, in words.

    Of everything in the shape of the control state, so that the console shows it as it shows a recorded one.
    """
    body: dict[str, object] = {"recorded": False, "detail": str(halt), "market_id": halt.market_id}
    if halt.market_id is None:
        body |= {
            "halt": {
                "id": None,
                "reason": halt.code,
                "detail": halt.detail,
                "by": halt.by,
                "began_ms": halt.at_ms,
                "pressed": 0,
            },
            "report": {
                "halt_id": None,
                "round": 0,
                "asked_ms": halt.at_ms,
                "steps": [],
                "proven_ms": None,
                "unproven": list(halt.words),
            },
            "market_halts": [],
        }
    response = JsonResponse(body, status=HTTPStatus.ACCEPTED)
    response["Cache-Control"] = "no-store"
    return response


def answer(problem: Problem) -> HttpResponse:
    """The problem as a response."""
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": str(problem),
    }
    body |= problem.more
    if problem.field is not None:
        body["field"] = problem.field
    response = JsonResponse(body, status=problem.status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if problem.status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if RETRY_AFTER in problem.more:
        response["Retry-After"] = str(problem.more[RETRY_AFTER])
    return response
