"""``/api/v1``: preflights, and arming: the two gates before real money."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from infra.clock import now_ms, to_ms
from infra.paging import Asked, Page, page
from risk.api.acted import ActedRequest, Reason
from risk.arming import arming, armings, preflight
from risk.models import Arming, Preflight

router = Router(tags=["arming"])

Phrase = Annotated[
    str, Field(min_length=1, max_length=100, description="``arming.phrase`` of /control, typed")
]
Why = Annotated[str, Field(max_length=300, description="why, if there is time to say")]


class PreflightCheckOut(Schema):
    area: str
    name: str
    verdict: str
    detail: str
    next_step: str


class PreflightOut(Schema):
    id: int
    at_ms: int
    by: str
    mode: str
    wallet: str
    passed: bool
    checks: list[PreflightCheckOut]


class ArmingOut(Schema):
    id: int
    mode: str
    wallet: str
    by: str
    reason: str
    began_ms: int
    used_ms: int | None
    ended_ms: int | None
    ended_by: str | None
    ended_reason: str | None


class ArmIn(Schema):
    phrase: Phrase
    reason: Reason


class DisarmIn(Schema):
    reason: Why = ""


@router.get("/arming", response=dict[str, Any])
def state(request: HttpRequest) -> dict[str, Any]:
    """Whether orders reach the venue, until when, and what who arms needs; ``needed`` false where nothing is armed."""
    return armings.state(at=now_ms())


@router.get("/preflights", response=Page[PreflightOut])
def preflights(request: HttpRequest, asked: Query[Asked]) -> Page[PreflightOut]:
    """Every run, newest first, with what each check said."""
    return page(armings.preflights(), asked, _preflight)


@router.post("/preflights", response={201: PreflightOut})
def run_preflight(request: ActedRequest) -> Status[PreflightOut]:
    """Ask everything anew that real money needs. It takes seconds, up to half a minute; counts for ten minutes."""
    return Status(201, _preflight(preflight.run(by=request.auth, at=now_ms())))


@router.get("/armings", response=Page[ArmingOut])
def history(request: HttpRequest, asked: Query[Asked]) -> Page[ArmingOut]:
    """Every arming, newest first; at most one has not ended. Whether it holds: ``arming.armed`` of /control."""
    return page(armings.armings(), asked, _arming)


@router.post("/arm", response=dict[str, Any])
def arm(request: ActedRequest, asked: ArmIn) -> dict[str, Any]:
    """Let orders spend the wallet's money: a risk admin. 409 names everything that stands in the way."""
    arming.arm(typed=asked.phrase, reason=asked.reason, by=request.auth, at=now_ms())
    return armings.state(at=now_ms())


@router.post("/disarm", response=dict[str, Any])
def disarm(request: ActedRequest, asked: DisarmIn) -> dict[str, Any]:
    """No order leaves from here on and what rests is withdrawn: an operator, at any time. Again is fine."""
    arming.disarm(reason=asked.reason, by=request.auth, at=now_ms())
    return armings.state(at=now_ms())


def _preflight(row: Preflight) -> PreflightOut:
    return PreflightOut(
        id=row.pk,
        at_ms=to_ms(row.at),
        by=row.by_name,
        mode=row.mode,
        wallet=row.wallet,
        passed=row.passed,
        checks=[PreflightCheckOut(**check) for check in row.checks],
    )


def _arming(row: Arming) -> ArmingOut:
    return ArmingOut(
        id=row.pk,
        mode=row.mode,
        wallet=row.wallet,
        by=row.by_name,
        reason=row.reason,
        began_ms=to_ms(row.began),
        used_ms=None if row.used is None else to_ms(row.used),
        ended_ms=None if row.ended is None else to_ms(row.ended),
        ended_by=row.ended_by_name,
        ended_reason=row.ended_reason,
    )
