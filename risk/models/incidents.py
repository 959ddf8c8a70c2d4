"""What went wrong for a while, who did what about it, and what it was in the end."""

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.db.models import Q

from infra.append_only import AppendOnly
from risk.models.alerts import Alert


class Incident(models.Model):
    """Opened by a person, closed with a cause, never deleted. What happened meanwhile is told by its time line.

    Units:
        severity: ``Severity``; P0 is the gravest.
        began:    when it began as far as is known, which may be before it was opened.
        alert:    the alert it was opened from; null where there was none.
        cause:    what it was, in the words of whoever closed it; null while it is open.
    """

    title = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=12)
    began = models.DateTimeField()
    opened = models.DateTimeField(db_index=True)
    opened_by_name = models.CharField(max_length=150)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=150, null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cause = models.CharField(max_length=1000, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed__isnull=True, cause__isnull=True)
                | Q(closed__isnull=False, cause__isnull=False),
                name="risk_incident_closed_with_a_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"P{self.severity} {self.title}"


class NoteKind(StrEnum):
    """What a line written into an incident is."""

    NOTE = "note"
    SEVERITY = "severity"
    SNAPSHOT = "snapshot"


class IncidentNote(AppendOnly):
    """A line somebody wrote into an incident, or the state as it was in that moment.

    Units:
        facts: of a snapshot the whole state; of a changed severity ``{"before", "after"}``; null of a note.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notes")
    at = models.DateTimeField(db_index=True)
    by_name = models.CharField(max_length=150)
    kind = models.CharField(max_length=10)
    text = models.CharField(max_length=2000)
    facts = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.by_name}: {self.text[:60]}"
