"""Who used which control. Each row carries the digest of the one before it (``risk.audit.chain``)."""

from enum import StrEnum

from django.db import models

from infra.append_only import AppendOnly


class AuditOutcome(StrEnum):
    """What became of a control somebody used."""

    DONE = "done"
    REFUSED = "refused"


class AuditHead(models.Model):
    """The end of the chain: one row, locked by whoever writes the next link.

    Units:
        number: of the newest link; 0 before the first.
        digest: of the newest link, ``risk.audit.chain.GENESIS`` before the first.
    """

    number = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"audit chain at {self.number}"


class Audit(AppendOnly):
    """Who used a control, from where, why, and what it changed. Refused attempts are here too.

    Units:
        number: 1, 2, 3 ... without a gap.
        before_digest, digest: of the link before and of this one, SHA-256 in hex.
    """

    number = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    who = models.CharField(max_length=150, db_index=True)
    role = models.CharField(max_length=20)
    from_address = models.CharField(max_length=60)
    what = models.CharField(max_length=40, db_index=True)
    target = models.CharField(max_length=100, null=True, blank=True)
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=300)
    before = models.JSONField()
    after = models.JSONField()
    before_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who}: {self.what} {self.outcome}"
