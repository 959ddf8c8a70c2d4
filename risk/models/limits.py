"""The agreed limits in versions, and each shard's part of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from infra.append_only import AppendOnly


class LimitsVersion(AppendOnly):
    """All limits as they were agreed at one moment. The newest one binds; the first comes from ``config/``.

    Units:
        number: 1, 2, 3 ...; two people who change at once: one wins, the other is told.
        values, before: every limit by its name in ``config/base.yaml``, as decimal text, whole numbers, booleans.
                        ``before`` is empty in the first.
    """

    number = models.PositiveIntegerField(unique=True)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=150)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300)
    values = models.JSONField()
    before = models.JSONField()

    def __str__(self) -> str:
        return f"limits {self.number} by {self.by_name}"


class Budget(models.Model):
    """A shard's part of every global and group limit and of cash. A cut counts once the shard has acknowledged it.

    Units:
        number:       1, 2, 3 ... of one shard; the newest is what is wanted, the newest acknowledged one binds.
        limits_number: the version of the limits it was dealt from.
        total_exposure, group_exposure, daily_loss, cash: millionths of a USDC; ``cash`` null: all there is.
        acked:        when the shard said it trades within it; null until then.
    """

    shard = models.CharField(max_length=100)
    number = models.PositiveIntegerField()
    limits_number = models.PositiveIntegerField()
    total_exposure = models.BigIntegerField()
    group_exposure = models.BigIntegerField()
    daily_loss = models.BigIntegerField()
    orders_per_s = models.PositiveIntegerField()
    cash = models.BigIntegerField(null=True)
    dealt = models.DateTimeField()
    acked = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shard", "number"], name="risk_budget_once"),
            models.CheckConstraint(
                condition=Q(total_exposure__gte=0) & Q(group_exposure__gte=0) & Q(daily_loss__gte=0),
                name="risk_budget_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"budget {self.number} of {self.shard}"
