"""The rows of alerts: raised once while in force, over, seen to. Guarded, so that two processes make one row.

Nothing here raises into what it is told by: callers are watchers, and a person's control has a service of its own.
"""

from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from core.units import Ms
from infra import logs, metrics
from infra.clock import to_datetime
from risk.access.people import Actor
from risk.access.powers import Control, require
from risk.alerts.catalogue import CATALOGUE, AlertCode, key_of
from risk.audit.record import record
from risk.errors import AlertOver, UnknownAlert
from risk.models import Alert, AuditOutcome, Severity

TEXT_MAX: Final = 500

log = logs.get("alerts")


def raise_alert(
    code: AlertCode,
    text: str,
    *,
    at: Ms,
    about: str | None = None,
    severity: Severity | None = None,
    market_id: str | None = None,
) -> Alert | None:
    """Put an alert into force. One that is in force takes a new text and counts; a moment is raised once for ever.

    ``None`` when that moment was raised before.
    """
    entry, key = CATALOGUE[code], key_of(code, about)
    if not entry.ends and Alert.objects.filter(key=key).exists():
        return None
    told = {"text": text[:TEXT_MAX], "last": to_datetime(at)}
    in_force = Alert.objects.filter(key=key, ended__isnull=True)
    try:
        with transaction.atomic():
            made = Alert.objects.create(
                key=key,
                code=code.value,
                severity=entry.severity if severity is None else severity,
                mode=settings.POLYLOLY.mode.value,
                market_id=market_id,
                runbook=entry.runbook,
                began=to_datetime(at),
                times=1,
                **told,
            )
    except IntegrityError:
        in_force.exclude(text=told["text"]).update(times=F("times") + 1, **told)
        return in_force.first()
    metrics.ALERTS.labels(code=code.value, severity=f"P{made.severity}").inc()
    log.warning(text, event_type="alert", code=code.value, severity=f"P{made.severity}", about=about)
    return made


def clear_alert(key: str, *, at: Ms) -> bool:
    """Its cause is gone. False when it was not in force."""
    ended = Alert.objects.filter(key=key, ended__isnull=True).update(ended=to_datetime(at))
    if ended:
        log.info("alert over", event_type="alert", key=key)
    return bool(ended)


def acknowledge(alert_id: int, *, by: Actor, at: Ms) -> Alert:
    """Somebody sees to it: it is told no more. One about a moment is over with that.

    Raises ``NotAllowed``, ``UnknownAlert``, or ``AlertOver`` when it ended meanwhile. Again is fine.
    """
    require(by, Control.ACKNOWLEDGE, target=str(alert_id), reason="", at=at)
    with transaction.atomic():
        alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
        if alert is None:
            raise UnknownAlert(f"no alert has the number {alert_id}")
        if alert.acknowledged is not None:
            return alert
        if alert.ended is not None:
            raise AlertOver(f"alert {alert_id} is over since {alert.ended:%H:%M:%S} UTC")
        moment = to_datetime(at)
        seen = {"acknowledged": moment, "acknowledged_by_name": by.name, "acknowledged_by": by.user}
        if not CATALOGUE[AlertCode(alert.code)].ends:
            seen["ended"] = moment
        Alert.objects.filter(pk=alert_id, acknowledged__isnull=True).update(**seen)
        record(
            by,
            Control.ACKNOWLEDGE,
            target=str(alert_id),
            outcome=AuditOutcome.DONE,
            reason=alert.text,
            before={"acknowledged": None},
            after={"acknowledged": by.name},
            at=at,
        )
    alert.refresh_from_db()
    return alert


def in_force() -> QuerySet[Alert]:
    """Those that are not over, the gravest first."""
    return Alert.objects.filter(ended__isnull=True).order_by("severity", "-began")


def to_tell(since: Ms) -> QuerySet[Alert]:
    """Those a channel may still owe a word: in force, or over for less than a while."""
    return Alert.objects.filter(Q(ended__isnull=True) | Q(ended__gte=to_datetime(since))).order_by("pk")
