"""``/api/v1/budgets``: each shard's part of the limits, as dealt and as it said that it trades within."""

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema

from core.units import text
from infra.clock import to_ms
from risk.models import Budget, Runner

router = Router(tags=["risk"])
KEPT_UNANSWERED = 20


class PartOut(Schema):
    """USDC as decimal text. ``cash`` null: all there is."""

    number: int
    limits_number: int
    total_exposure: str
    group_exposure: str
    daily_loss: str
    orders_per_second: int
    cash: str | None
    dealt_ms: int
    acked_ms: int | None


class ShardOut(Schema):
    shard: str
    left_ms: int | None = Field(description="when it ended in good order; its part was taken back")
    binds: PartOut | None = Field(description="what it trades within; null: nothing was acknowledged yet")
    wanted: PartOut | None = Field(description="dealt and not acknowledged yet; null: nothing waits")


@router.get("/budgets", response=list[ShardOut])
def budgets(request: HttpRequest) -> list[ShardOut]:
    """Every shard that was ever enlisted, those at work first."""
    runners = Runner.objects.order_by("left", "name")
    return [_shard(runner.name, runner.left, _newest(runner.name)) for runner in runners]


def _newest(shard: str) -> list[Budget]:
    return list(Budget.objects.filter(shard=shard).order_by("-number")[:KEPT_UNANSWERED])


def _shard(name: str, left: datetime | None, rows: Iterable[Budget]) -> ShardOut:
    newest = list(rows)
    acked = next((row for row in newest if row.acked is not None), None)
    waiting = newest[0] if newest and newest[0].acked is None else None
    return ShardOut(
        shard=name,
        left_ms=None if left is None else to_ms(left),
        binds=None if acked is None else _part(acked),
        wanted=None if waiting is None else _part(waiting),
    )


def _part(row: Budget) -> PartOut:
    return PartOut(
        number=row.number,
        limits_number=row.limits_number,
        total_exposure=text(row.total_exposure, 6),
        group_exposure=text(row.group_exposure, 6),
        daily_loss=text(row.daily_loss, 6),
        orders_per_second=row.orders_per_s,
        cash=None if row.cash is None else text(row.cash, 6),
        dealt_ms=to_ms(row.dealt),
        acked_ms=None if row.acked is None else to_ms(row.acked),
    )
