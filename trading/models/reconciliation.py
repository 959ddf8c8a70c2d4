"""What reconciliations found and what was done about it. Facts: written once, never changed (``core.reconcile``)."""

from enum import StrEnum

from django.db import models

from infra.append_only import AppendOnly
from trading.models.books import Account


class Trigger(StrEnum):
    """Why a reconciliation ran."""

    SCHEDULE = "schedule"
    START = "start"
    COMMAND = "command"
    API = "api"


class Reconciliation(AppendOnly):
    """One run: both sides read and compared.

    Units:
        at_ms, took_ms: when the other side was read, of the clock; how long the run took, real.
        is_clean: everything was answered and nothing differs but dust.
        judged:   which of trades, orders and balances were answered.
        silent, unjudged: what was not, in words.
        counts:   how much was compared, by name.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reconciliations")
    trigger = models.CharField(max_length=10)
    at_ms = models.BigIntegerField(db_index=True)
    took_ms = models.BigIntegerField()
    is_clean = models.BooleanField()
    differing = models.IntegerField()
    mismatches = models.IntegerField()
    judged = models.JSONField()
    silent = models.JSONField()
    unjudged = models.JSONField()
    counts = models.JSONField()

    def __str__(self) -> str:
        if self.is_clean:
            return "nothing differs"
        return f"{self.differing} differ, {self.mismatches} of them a mismatch"


class Difference(AppendOnly):
    """One thing that one run found different (``core.differences.Difference``).

    Units:
        key:    names the same difference in another run.
        ours, theirs: millionths of a share, of a USDC where there is no outcome; null where there is no figure.
        effect: what the books gain by the other side's word: ``[[market, outcome, amount], ...]``, cash without names.
        evidence: ``[[name, words], ...]``.
        trade:  the fill as the other side tells it; null where it is about none.
        runs:   how many in a row have seen it; ``first_ms``: the first.
    """

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="differences")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=300, db_index=True)
    market_id = models.CharField(max_length=100, null=True, blank=True, db_index=True)
    outcome = models.CharField(max_length=3, null=True, blank=True)
    strategy = models.CharField(max_length=30, null=True, blank=True)
    order_id = models.CharField(max_length=100, null=True, blank=True)
    fill_id = models.CharField(max_length=200, null=True, blank=True)
    ours = models.BigIntegerField(null=True)
    theirs = models.BigIntegerField(null=True)
    effect = models.JSONField()
    evidence = models.JSONField()
    trade = models.JSONField(null=True)
    runs = models.IntegerField()
    first_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    mismatch = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.kind} {self.market_id or 'cash'}"


class How(StrEnum):
    """What was done about a difference."""

    ADOPTED = "adopted"  # a fill of ours was taken into the rows, under its own name
    ADJUSTED = "adjusted"  # adjustment entries make the ledger say what the other side says
    CLOSED = "closed"  # an order's row was closed
    NOTED = "noted"  # nothing to book: a person has seen to it


class Resolution(AppendOnly):
    """What was done about one difference, by whom, and why. Runners take its events, in the order of the keys.

    Units:
        settles: names of fills and orders that are not told as different again.
        before, after: figures of both sides, as the audit has them.
        events: for the running engines, as ``infra.codec`` writes them.
    """

    difference = models.ForeignKey(Difference, on_delete=models.PROTECT, related_name="resolutions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=300, db_index=True)
    how = models.CharField(max_length=10)
    by_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=300)
    at_ms = models.BigIntegerField()
    settles = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    events = models.JSONField()

    def __str__(self) -> str:
        return f"{self.how} by {self.by_name}: {self.reason}"
