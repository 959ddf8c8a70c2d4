"""What accounts were worth, and where their days began. Money in millionths of a USDC."""

from django.db import models

from core.units import text
from infra.append_only import AppendOnly


class Valuation(models.Model):
    """What an account was worth at one moment (trading.md 12, equity). Thinned with age.

    Units:
        account_id: ``trading.Account``; a number, because risk knows nothing of trading.
        cash, equity, realized, unrealized, exposure, deposited: millionths of a USDC. ``realized`` and
                    ``deposited`` (net of withdrawals, start cash included) run since the account began.
        marked:     some book was not trusted, its last known bid was used.
    """

    account_id = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    cash = models.BigIntegerField()
    equity = models.BigIntegerField()
    realized = models.BigIntegerField()
    unrealized = models.BigIntegerField()
    exposure = models.BigIntegerField()
    deposited = models.BigIntegerField()
    marked = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["account_id", "at_ms"], name="risk_valuation_of_account")]

    def __str__(self) -> str:
        return f"account {self.account_id} at {self.at_ms}: {text(self.equity, 6)} USDC"


class DayStart(AppendOnly):
    """The first valuation at or after 00:00 UTC of one day: what the day's profit is counted from."""

    account_id = models.BigIntegerField()
    day = models.DateField()
    at_ms = models.BigIntegerField()
    equity = models.BigIntegerField()
    realized = models.BigIntegerField()
    unrealized = models.BigIntegerField()
    deposited = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account_id", "day"], name="risk_day_starts_once"),
        ]

    def __str__(self) -> str:
        return f"account {self.account_id} began {self.day} with {text(self.equity, 6)} USDC"
