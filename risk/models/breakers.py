"""Circuit breakers: markets that stop by themselves for a while."""

from django.db import models
from django.db.models import Q


class Breaker(models.Model):
    """One time a market's breaker opened. Ended, never deleted.

    Units:
        code:      why: ``rejects``, ``cancels`` or ``slow_answer``.
        tripped:   how often since the last time it closed; a failed trial opens it again.
        until:     when it lets one order try, at the earliest.
        half_open: when that began; null while it lets nothing through.
        ended:     when it closed: the trial went well, or somebody resumed the market.
    """

    market_id = models.CharField(max_length=100, db_index=True)
    code = models.CharField(max_length=20)
    detail = models.CharField(max_length=300)
    tripped = models.PositiveIntegerField()
    opened = models.DateTimeField(db_index=True)
    until = models.DateTimeField()
    half_open = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market_id"], condition=Q(ended__isnull=True), name="risk_one_breaker_a_market"
            ),
        ]

    def __str__(self) -> str:
        return f"breaker of {self.market_id}: {self.code}, {self.detail}"
