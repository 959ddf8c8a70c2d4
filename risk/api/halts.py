"""``/api/v1``: the halts of all trading and of one market, and the controls that begin and end them."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from infra.clock import now_ms, to_ms
from infra.paging import Asked, Page, page
from risk import selectors, services
from risk.api.acted import ActedRequest, ReasonIn
from risk.models import Halt, MarketHalt
from risk.services import HaltCode, MarketHaltCode

router = Router(tags=["risk"])


class HaltOut(Schema):
    id: int
    market_id: str | None
    code: str
    detail: str
    by: str
    began_ms: int
    pressed: int
    proven_ms: int | None
    ended_ms: int | None
    ended_by: str | None
    ended_reason: str | None


class ResetIn(ReasonIn):
    override: bool = Field(
        default=False, description="end it although checks fail; each is named in the record"
    )


@router.get("/control")
def control(request: HttpRequest) -> dict[str, Any]:
    """The halts in force and how far their proof is."""
    return selectors.control()


@router.get("/halts", response=Page[HaltOut])
def halts(request: HttpRequest, asked: Query[Asked]) -> Page[HaltOut]:
    return page(selectors.halt_rows(), asked, _halt)


@router.get("/market-halts", response=Page[HaltOut])
def market_halts(request: HttpRequest, asked: Query[Asked]) -> Page[HaltOut]:
    return page(selectors.market_halt_rows(), asked, _halt)


@router.post("/halts", response={200: dict[str, Any], 201: dict[str, Any], 202: dict[str, Any]})
def halt(request: ActedRequest, asked: ReasonIn) -> Status[dict[str, object]]:
    """Stop all trading now. 201 the first time, 200 when it was stopped: cancel and proof are repeated.

    202 while the database is away: it is being carried out and recorded later; ``report.unproven`` says what is open.
    """
    made = services.halt_trading(code=HaltCode.MANUAL, detail=asked.reason, by=request.auth, at=now_ms())
    return Status(201 if made.pressed == 1 else 200, selectors.control())


@router.post("/reset")
def reset(request: ActedRequest, asked: ResetIn) -> dict[str, Any]:
    """End the halt. A risk admin, while the health check passes, or with ``override`` in spite of it, on record.

    409 with ``checks`` names what failed; 409 with ``consent`` waits for a second person: repeat it once they agreed.
    """
    services.reset_trading(reason=asked.reason, by=request.auth, at=now_ms(), override=asked.override)
    return selectors.control()


@router.post("/markets/{market}/halt", response={200: dict[str, Any], 202: dict[str, Any]})
def halt_market(request: ActedRequest, market: str, asked: ReasonIn) -> dict[str, Any]:
    """Stop one market, by id or slug. 202 as for all trading."""
    market_id = services.resolve_market(market)
    services.halt_market(
        market_id=market_id, code=MarketHaltCode.MANUAL, detail=asked.reason, by=request.auth, at=now_ms()
    )
    return selectors.control()


@router.post("/markets/{market}/resume")
def resume_market(request: ActedRequest, market: str, asked: ReasonIn) -> dict[str, Any]:
    """End the halt of one market, and its open breaker, by id or slug."""
    market_id = services.resolve_market(market)
    services.resume_market(market_id=market_id, reason=asked.reason, by=request.auth, at=now_ms())
    return selectors.control()


def _halt(row: Halt | MarketHalt) -> HaltOut:
    proven = getattr(row, "proven", None)
    return HaltOut(
        id=row.pk,
        market_id=row.market_id if isinstance(row, MarketHalt) else None,
        code=row.code,
        detail=row.detail,
        by=row.by_name,
        began_ms=to_ms(row.began),
        pressed=row.pressed,
        proven_ms=None if proven is None else to_ms(proven),
        ended_ms=None if row.ended is None else to_ms(row.ended),
        ended_by=row.ended_by_name,
        ended_reason=row.ended_reason,
    )
