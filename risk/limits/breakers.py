"""The rows of circuit breakers: written as the runner's breakers move, read when it starts and by people.

The runner's breaker decides; its row is what survives it. A row is one time a breaker opened, until it closed,
however often the order under trial opened it again meanwhile. Each of these times has its own ``until``, which names
it: a row is only moved by who means that time. One runner owns a market, so nobody else opens its breaker; an operator
may end the row, and the runner reads that within a second.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from core.breaker import BreakerMoved, Code, KeptBreaker, State, Trip
from core.ids import MarketId
from core.units import Ms
from infra.clock import to_datetime, to_ms
from risk.access.people import Actor
from risk.errors import NotHalted
from risk.models import Breaker

TEXT_MAX: Final = 300


def keep_breaker(moved: BreakerMoved) -> None:
    """Write down that a breaker moved. Writing it twice changes nothing."""
    match moved.now:
        case State.OPEN:
            _open(moved)
        case State.HALF_OPEN:
            _in_force(moved.market_id).filter(until=_until(moved), half_open__isnull=True).update(
                half_open=to_datetime(moved.at_ms)
            )
        case State.CLOSED:
            _in_force(moved.market_id).filter(until=_until(moved)).update(
                ended=to_datetime(moved.at_ms), ended_reason=moved.reason[:TEXT_MAX]
            )


def _open(moved: BreakerMoved) -> None:
    trip = moved.trip
    if Breaker.objects.filter(market_id=moved.market_id, until=_until(moved)).exists():
        return
    with transaction.atomic():
        opened_again = _in_force(moved.market_id).update(
            code=trip.code,
            detail=trip.detail[:TEXT_MAX],
            tripped=trip.tripped,
            until=_until(moved),
            half_open=None,
        )
        if not opened_again:
            Breaker.objects.create(
                market_id=moved.market_id,
                code=trip.code,
                detail=trip.detail[:TEXT_MAX],
                tripped=trip.tripped,
                opened=to_datetime(trip.opened_ms),
                until=_until(moved),
                half_open=None,
                ended=None,
            )


def resume_breaker(breaker: Breaker, *, reason: str, by: Actor, at: Ms) -> None:
    """End a breaker by hand. For ``services.resume_market`` alone, which records it.

    Raises ``NotHalted`` when it closed, or opened anew, since it was read.
    """
    ended = Breaker.objects.filter(pk=breaker.pk, ended__isnull=True, until=breaker.until).update(
        ended=to_datetime(at), ended_reason=f"resumed by {by.name}: {reason}"[:TEXT_MAX]
    )
    if not ended:
        raise NotHalted(f"the breaker of {breaker.market_id} moved in this moment; look again, then repeat")


def breakers_in_force() -> tuple[KeptBreaker, ...]:
    """Those not closed, as a runner takes them up."""
    rows = Breaker.objects.filter(ended__isnull=True).order_by("pk")
    return tuple(_kept(row) for row in rows)


def resumed_breakers(open_until: Mapping[MarketId, Ms]) -> dict[MarketId, str]:
    """Of breakers that are open until then, those whose rows somebody has ended, with the reason."""
    if not open_until:
        return {}
    rows = Breaker.objects.filter(market_id__in=open_until, ended__isnull=False)
    return {
        MarketId(row.market_id): row.ended_reason or ""
        for row in rows.filter(until__in=[to_datetime(until) for until in open_until.values()])
        if to_ms(row.until) == open_until[MarketId(row.market_id)]
    }


def breaker_rows(*, in_force: bool) -> QuerySet[Breaker]:
    """Every time a breaker opened, or those that are not closed now; newest first."""
    rows = Breaker.objects.order_by("-pk")
    return rows.filter(ended__isnull=True) if in_force else rows


def breaker_of(market_id: str) -> Breaker | None:
    """The market's breaker while it is not closed."""
    return _in_force(market_id).first()


def _in_force(market_id: str) -> QuerySet[Breaker]:
    return Breaker.objects.filter(market_id=market_id, ended__isnull=True)


def _until(moved: BreakerMoved) -> datetime:
    return to_datetime(moved.trip.until_ms)


def state_of(row: Breaker) -> State:
    if row.ended is not None:
        return State.CLOSED
    return State.OPEN if row.half_open is None else State.HALF_OPEN


def _kept(row: Breaker) -> KeptBreaker:
    trip = Trip(
        code=Code(row.code),
        detail=row.detail,
        tripped=row.tripped,
        opened_ms=to_ms(row.opened),
        until_ms=to_ms(row.until),
    )
    return KeptBreaker(MarketId(row.market_id), state_of(row), trip)
