"""``/api/v1/alerts``: in force and over, seen to, tested; and every try to tell somebody."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from infra.clock import now_ms, to_ms
from infra.paging import Asked, Page, page
from risk.access.powers import Control, require
from risk.alerts import rows, sender, words
from risk.api.acted import ActedRequest
from risk.models import Alert, Delivery

router = Router(tags=["alerts"])

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class AlertOut(Schema):
    id: int
    code: str
    severity: int
    text: str
    mode: str
    market_id: str | None
    runbook: str | None
    began_ms: int
    last_ms: int
    times: int
    told_ms: int | None
    acknowledged_ms: int | None
    acknowledged_by: str | None
    ended_ms: int | None


class DeliveryOut(Schema):
    id: int
    alert_id: int | None
    kind: str
    channel: str
    at_ms: int
    number: int
    succeeded: bool
    over: bool = Field(description="it said that the alert is over")
    detail: str


class ToldOut(Schema):
    channel: str
    succeeded: bool
    detail: str


class AlertsAsked(Asked):
    in_force: bool = Field(default=False, description="only those that are not over")


@router.get("/alerts", response=Page[AlertOut])
def alerts(request: HttpRequest, asked: Query[AlertsAsked]) -> Page[AlertOut]:
    """Newest first."""
    return page(rows.in_force() if asked.in_force else Alert.objects.all(), asked, _alert)


@router.post("/alerts/test", response=list[ToldOut])
def test(request: ActedRequest) -> list[ToldOut]:
    """Send a test message to every channel and wait for each. Empty when there is none."""
    require(request.auth, Control.TEST_ALERT, target=None, reason="", at=now_ms())
    return [
        ToldOut(channel=name, succeeded=verdict.succeeded, detail=verdict.detail)
        for name, verdict in sender.send_test(request.auth.name).items()
    ]


@router.post("/alerts/{alert_id}/acknowledge", response=AlertOut)
def acknowledge(request: ActedRequest, alert_id: Number) -> AlertOut:
    """Somebody sees to it: it is told no more."""
    return _alert(rows.acknowledge(alert_id, by=request.auth, at=now_ms()))


@router.get("/deliveries", response=Page[DeliveryOut])
def deliveries(request: HttpRequest, asked: Query[Asked]) -> Page[DeliveryOut]:
    return page(Delivery.objects.all(), asked, _delivery)


def _alert(row: Alert) -> AlertOut:
    return AlertOut(
        id=row.pk,
        code=row.code,
        severity=row.severity,
        text=row.text,
        mode=row.mode,
        market_id=row.market_id,
        runbook=None if row.runbook is None else words.runbook(row.runbook),
        began_ms=to_ms(row.began),
        last_ms=to_ms(row.last),
        times=row.times,
        told_ms=None if row.told is None else to_ms(row.told),
        acknowledged_ms=None if row.acknowledged is None else to_ms(row.acknowledged),
        acknowledged_by=row.acknowledged_by_name,
        ended_ms=None if row.ended is None else to_ms(row.ended),
    )


def _delivery(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.pk,
        alert_id=row.alert_id,
        kind=row.kind,
        channel=row.channel,
        at_ms=to_ms(row.at),
        number=row.number,
        succeeded=row.succeeded,
        over=row.over,
        detail=row.detail,
    )
