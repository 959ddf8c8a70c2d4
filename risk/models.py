"""What risk remembers: halts and their proof, valuations, and who did what.

Money is in the core's units (millionths of a USDC). Times are those of ``infra.clock``, in UTC. State changes
only by guarded UPDATE in ``risk.services``; at most one halt is in force, the database sees to it.
"""

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.units import text
from infra.append_only import AppendOnly


class HaltCode(StrEnum):
    """Why everything stopped (trading.md 12)."""

    MANUAL = "manual_halt"
    DAILY_LOSS = "daily_loss_exceeded"
    ERRORS = "consecutive_errors"
    VENUE_LOST = "polymarket_disconnected"
    ESPORTS_LOST = "esports_disconnected"
    POSITIONS = "position_mismatch"


class MarketHaltCode(StrEnum):
    """Why one market stopped."""

    MANUAL = "manual_halt"
    STEP_FAILED = "step_failed"
    JOURNAL = "journal_full"
    ORDER_NOT_WRITTEN = "order_not_written"
    POSITIONS = "position_mismatch"
    TRUTH = "truth_disputed"


class AuditOutcome(StrEnum):
    """What became of a control somebody used."""

    DONE = "done"
    REFUSED = "refused"


class Stop(models.Model):
    """A period during which no order may leave. Ended, never deleted.

    Units:
        began, ended: UTC. ``ended`` is null while it is in force.
        by_name, ended_by_name: who, in words, also when no user did it ("token operator", "watchdog").
        pressed: how often somebody asked for it; each time is a round of its own.
    """

    code = models.CharField(max_length=40)
    detail = models.CharField(max_length=300)
    by_name = models.CharField(max_length=150)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    began = models.DateTimeField(db_index=True)
    pressed = models.PositiveIntegerField()
    ended = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=150, null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_reason = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        abstract = True


class Halt(Stop):
    """Everything is stopped."""

    class Meta:
        constraints = [
            # Two operators may press the button together; the database picks one.
            models.UniqueConstraint(
                models.Value(1), condition=Q(ended__isnull=True), name="risk_one_halt_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"halt since {self.began:%Y-%m-%d %H:%M:%S}: {self.code}, {self.detail}"


class MarketHalt(Stop):
    """One market is stopped. The global halt does not end with it, nor it with the global halt."""

    market_id = models.CharField(max_length=100, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market_id"], condition=Q(ended__isnull=True), name="risk_one_halt_a_market"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market_id} halted since {self.began:%Y-%m-%d %H:%M:%S}: {self.code}, {self.detail}"


class HaltRound(models.Model):
    """One time somebody pressed the button. Pressing again repeats cancel and proof, so it is a new round.

    Units:
        expected: names of the runners that were enlisted when it began; each owes an answer.
        committed: when the row was safely in the database; null only between insert and commit.
    """

    halt = models.ForeignKey(Halt, on_delete=models.PROTECT, null=True, related_name="rounds")
    market_halt = models.ForeignKey(MarketHalt, on_delete=models.PROTECT, null=True, related_name="rounds")
    number = models.PositiveIntegerField()
    asked = models.DateTimeField()
    committed = models.DateTimeField(null=True)
    by_name = models.CharField(max_length=150)
    expected = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["halt", "number"], name="risk_round_once_a_halt"),
            models.UniqueConstraint(fields=["market_halt", "number"], name="risk_round_once_a_market_halt"),
            models.CheckConstraint(
                condition=Q(halt__isnull=True) ^ Q(market_halt__isnull=True), name="risk_round_of_one_halt"
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.number} of {self.halt or self.market_halt}"


class HaltReport(models.Model):
    """What one runner did about one round. Written by guarded UPDATE; after the proof it does not change.

    Units:
        orders_open: own orders open when the runner stopped.
        cancelled:   how many of them are known to rest no more.
        open_left, open_ids: what the venue named as open in its last answer; null before it was asked.
        unknown_left, unknown_ids: orders nobody can vouch for.
        asked, clean_answers: how often the venue was asked, and how often in a row it said that none is open.
        last_sent:   when this runner last sent an order; null when it never did.
        provable_from: before this moment an order sent earlier could still appear at the venue.
    """

    round = models.ForeignKey(HaltRound, on_delete=models.PROTECT, related_name="reports")
    runner = models.CharField(max_length=100)
    acked = models.DateTimeField()
    orders_open = models.PositiveIntegerField()
    last_sent = models.DateTimeField(null=True)
    provable_from = models.DateTimeField()
    cancelled = models.PositiveIntegerField()
    cancelled_at = models.DateTimeField(null=True)
    asked = models.PositiveIntegerField()
    clean_answers = models.PositiveIntegerField()
    asked_at = models.DateTimeField(null=True)
    open_left = models.PositiveIntegerField(null=True)
    open_ids = models.JSONField()
    unknown_left = models.PositiveIntegerField()
    unknown_ids = models.JSONField()
    proven = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "runner"], name="risk_report_once_a_runner"),
            models.CheckConstraint(
                condition=Q(proven__isnull=True) | Q(open_left=0, unknown_left=0, clean_answers__gte=2),
                name="risk_proof_needs_two_clean_answers",
            ),
        ]

    def __str__(self) -> str:
        verdict = "proven" if self.proven else "not proven"
        return f"{self.runner}: {self.cancelled} of {self.orders_open} cancelled, {verdict}"


class Runner(models.Model):
    """A runner that may send orders and so owes an answer to every halt. A crash does not take it off."""

    name = models.CharField(max_length=100, unique=True)
    enlisted = models.DateTimeField()
    left = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name}, {'gone' if self.left else 'at work'}"


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


class Audit(AppendOnly):
    """Who used a control, from where, why, and what it changed. Refused attempts are here too."""

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

    class Meta:
        verbose_name_plural = "audit"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who}: {self.what} {self.outcome}"
