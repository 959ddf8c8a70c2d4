"""Halts and their proof. At most one halt of everything is in force, and one of a market; the database sees to it."""

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.db.models import Q


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
        wish: the id under which the press was kept while the database did not take it (``halts.wishes``); unique, so
              that of several who write it down one does. Null for a press that was written at once.
    """

    halt = models.ForeignKey(Halt, on_delete=models.PROTECT, null=True, related_name="rounds")
    market_halt = models.ForeignKey(MarketHalt, on_delete=models.PROTECT, null=True, related_name="rounds")
    number = models.PositiveIntegerField()
    asked = models.DateTimeField()
    committed = models.DateTimeField(null=True)
    by_name = models.CharField(max_length=150)
    expected = models.JSONField()
    wish = models.CharField(max_length=32, null=True, unique=True)

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
        note: in words what the figures cannot say; null when they say it all.
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
    note = models.CharField(max_length=300, null=True)
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
    """A runner that may send orders and so owes an answer to every halt. A crash does not take it off.

    Units:
        account_id: ``trading.Account`` it trades with since it began last; null: nobody said, and it shares no cash.
    """

    name = models.CharField(max_length=100, unique=True)
    account_id = models.BigIntegerField(null=True)
    enlisted = models.DateTimeField()
    left = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name}, {'gone' if self.left else 'at work'}"
