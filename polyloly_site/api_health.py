"""``/api/v1/health/full``: the doctor's page, for programs."""

from dataclasses import asdict

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema, Status

from infra.checks import Area, Verdict
from polyloly_site import doctor

router = Router(tags=["health"])


class CheckOut(Schema):
    """``age_ms``: real ms since it was found out; null: now. ``next_step``: empty when there is nothing to do."""

    name: str
    area: Area
    verdict: Verdict
    detail: str
    age_ms: int | None
    next_step: str


class NeedOut(Schema):
    name: str
    met: bool
    detail: str
    next_step: str


class HealthOut(Schema):
    """``asking``: everything is being asked anew; ``asked_ms``: real ms since that was done last."""

    verdict: Verdict
    mode: str
    at_ms: int
    asking: bool
    asked_ms: int | None
    checks: list[CheckOut]
    needs: list[NeedOut]


@router.get("/health/full", response=HealthOut)
def full(request: HttpRequest) -> HealthOut:
    """Every check with its next step, and what is missing to go live."""
    return _out(doctor.report())


@router.post("/health/full", response={202: HealthOut})
def again(request: HttpRequest) -> Status[HealthOut]:
    """Have time server, venue and trader asked anew, up to half a minute: GET says when ``asking`` is over."""
    doctor.asking.begin()
    return Status(202, _out(doctor.report()))


def _out(found: doctor.Report) -> HealthOut:
    return HealthOut(mode=settings.POLYLOLY.mode.value, **asdict(found))
