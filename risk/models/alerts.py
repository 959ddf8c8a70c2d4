"""What somebody must be told, and how that went."""

from enum import IntEnum

from django.conf import settings
from django.db import models
from django.db.models import Q

from infra.append_only import AppendOnly


class Severity(IntEnum):
    """P0 wakes everybody; P3 waits for the morning."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3


class Alert(models.Model):
    """Something that needs a person. One row from its first occurrence to its end, however often it occurs.

    Units:
        key:     what makes two occurrences the same alert ("kill_switch", "source_stale:steam").
        text:    the sentence people read, here and in their messenger.
        runbook: the section of ``docs/runbook.md`` that says what to do; null where there is none.
        times:   occurrences so far.
        told:    when a message last left for it; null before the first.
        ended:   when the cause was gone, or it was about a moment and was acknowledged.
    """

    key = models.CharField(max_length=200, db_index=True)
    code = models.CharField(max_length=60, db_index=True)
    severity = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    mode = models.CharField(max_length=12)
    market_id = models.CharField(max_length=100, null=True, blank=True)
    runbook = models.CharField(max_length=100, null=True, blank=True)
    began = models.DateTimeField(db_index=True)
    last = models.DateTimeField()
    times = models.PositiveIntegerField()
    told = models.DateTimeField(null=True)
    acknowledged = models.DateTimeField(null=True)
    acknowledged_by_name = models.CharField(max_length=150, null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended__isnull=True), name="risk_alert_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"P{self.severity} {self.text}"


class Delivery(AppendOnly):
    """One try to tell somebody.

    Units:
        alert:   null for a test message and for the dead man's.
        kind:    one of ``risk.alerts.decision.Kind``.
        channel: where to, without its secrets ("tgram", "mailto").
        at:      when the try was done, which may be ``channels.SEND_MS`` after what it says was read.
        number:  of the try, from 1.
        over:    it said that the alert is over.
    """

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, null=True, related_name="deliveries")
    kind = models.CharField(max_length=10)
    channel = models.CharField(max_length=60)
    at = models.DateTimeField(db_index=True)
    number = models.PositiveSmallIntegerField()
    succeeded = models.BooleanField()
    over = models.BooleanField()
    detail = models.CharField(max_length=300)

    class Meta:
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {'told' if self.succeeded else self.detail}"
