"""The two gates before real money: a preflight that passed, and a person who arms."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from infra.append_only import AppendOnly


class Preflight(AppendOnly):
    """One run of every check that real money needs.

    Units:
        mode, wallet: what it was run for; it counts for nothing else.
        checks: name, verdict, detail, next step of each.
        passed: none of them failed.
    """

    mode = models.CharField(max_length=10)
    wallet = models.CharField(max_length=42)
    at = models.DateTimeField(db_index=True)
    by_name = models.CharField(max_length=150)
    passed = models.BooleanField()
    checks = models.JSONField()

    def __str__(self) -> str:
        return f"preflight {self.at:%Y-%m-%d %H:%M:%S}: {'passed' if self.passed else 'failed'}"


class Arming(models.Model):
    """A period during which orders may spend real money. Ended, never deleted; at most one is in force.

    Units:
        mode, wallet: whose money; it counts for nothing else.
        process: the traders it is for, by the words of their starts with spaces between; it ends with them unless
                 ``LIVE_STAYS_ARMED``.
        used:    when an order last left under it; unused for 15 minutes it expires.
    """

    mode = models.CharField(max_length=10)
    wallet = models.CharField(max_length=42)
    preflight = models.ForeignKey(Preflight, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    began = models.DateTimeField()
    by_name = models.CharField(max_length=150)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    process = models.CharField(max_length=300)
    used = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=150, null=True, blank=True)
    ended_reason = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(ended__isnull=True), name="risk_one_arming_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"armed {self.began:%Y-%m-%d %H:%M:%S} by {self.by_name}"
