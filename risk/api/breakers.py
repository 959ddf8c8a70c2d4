"""``/api/v1/breakers``: the markets' circuit breakers, in force and all there were. Resuming a market ends its one."""

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from core.breaker import Code, State
from infra.clock import to_ms
from infra.paging import Asked, Page, page
from risk.limits.breakers import breaker_rows, state_of
from risk.models import Breaker

router = Router(tags=["risk"])


class BreakerOut(Schema):
    """One time a market's breaker opened. ``until_ms``: when it lets one order try; times are ms since the epoch."""

    id: int
    market_id: str
    state: State
    code: Code
    detail: str
    tripped: int = Field(description="how often it opened since it was last closed")
    opened_ms: int
    until_ms: int
    half_open_ms: int | None
    ended_ms: int | None
    ended_reason: str | None


class BreakersAsked(Asked):
    in_force: bool = Field(default=False, description="only those that are not closed now")


@router.get("/breakers", response=Page[BreakerOut])
def breakers(request: HttpRequest, asked: Query[BreakersAsked]) -> Page[BreakerOut]:
    """Newest first."""
    return page(breaker_rows(in_force=asked.in_force), asked, _breaker)


def _breaker(row: Breaker) -> BreakerOut:
    return BreakerOut(
        id=row.pk,
        market_id=row.market_id,
        state=state_of(row),
        code=Code(row.code),
        detail=row.detail,
        tripped=row.tripped,
        opened_ms=to_ms(row.opened),
        until_ms=to_ms(row.until),
        half_open_ms=None if row.half_open is None else to_ms(row.half_open),
        ended_ms=None if row.ended is None else to_ms(row.ended),
        ended_reason=row.ended_reason,
    )
