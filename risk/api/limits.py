"""``/api/v1/limits``: what was agreed, by whom, and a change of it."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from infra.clock import now_ms, to_ms
from infra.paging import Asked, Page, page
from risk.api.acted import ActedRequest, Reason
from risk.limits import limits
from risk.limits.fields import HIGHER_TIGHTENS, UNITS, shown
from risk.models import LimitsVersion

router = Router(tags=["limits"])

Written = Annotated[str, Field(max_length=40)] | Annotated[int, Field(ge=0, le=10**12)] | bool


class LimitOut(Schema):
    """``value`` and ``config`` as people write them; ``config`` is what the files say."""

    name: str
    unit: str
    value: str
    config: str
    higher_tightens: bool


class LimitsOut(Schema):
    number: int
    at_ms: int
    by: str
    reason: str
    limits: list[LimitOut]


class ChangeOut(Schema):
    name: str
    before: str
    after: str
    turn: str


class ChangedOut(LimitsOut):
    changes: list[ChangeOut]


class VersionOut(Schema):
    id: int
    number: int
    at_ms: int
    by: str
    reason: str
    values: dict[str, str | int | bool]
    before: dict[str, str | int | bool]


class ChangeIn(Schema):
    changes: dict[str, Written] = Field(min_length=1, max_length=len(UNITS))
    reason: Reason
    expected_number: Annotated[int, Field(ge=1, le=2**31 - 1, description="the version that was looked at")]


@router.get("/limits", response=LimitsOut)
def agreed(request: HttpRequest) -> LimitsOut:
    """The limits that bind."""
    return _limits(limits.agree_first(at=now_ms()))


@router.get("/limits/history", response=Page[VersionOut])
def history(request: HttpRequest, asked: Query[Asked]) -> Page[VersionOut]:
    """Every version, newest first."""
    return page(limits.versions(), asked, _version)


@router.post("/limits", response=ChangedOut)
def change(request: ActedRequest, asked: ChangeIn) -> ChangedOut:
    """Agree to other limits: a risk admin. 409 when somebody was faster, 422 with every complaint at once."""
    made, found = limits.change(
        asked.changes,
        reason=asked.reason,
        expected_number=asked.expected_number,
        by=request.auth,
        at=now_ms(),
    )
    changes = [
        ChangeOut(name=each.name, before=each.before, after=each.after, turn=each.turn) for each in found
    ]
    return ChangedOut(**_limits(made).dict(), changes=changes)


def _limits(found: limits.Agreed) -> LimitsOut:
    now, files = found.fields.numbers(), limits.configured().numbers()
    rows = [
        LimitOut(
            name=name,
            unit=unit,
            value=shown(name, now[name]),
            config=shown(name, files[name]),
            higher_tightens=name in HIGHER_TIGHTENS,
        )
        for name, unit in UNITS.items()
    ]
    return LimitsOut(number=found.number, at_ms=found.at_ms, by=found.by, reason=found.reason, limits=rows)


def _version(row: LimitsVersion) -> VersionOut:
    return VersionOut(
        id=row.pk,
        number=row.number,
        at_ms=to_ms(row.at),
        by=row.by_name,
        reason=row.reason,
        values=row.values,
        before=row.before,
    )
