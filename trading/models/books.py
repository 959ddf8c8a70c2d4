"""What trading writes down: accounts, orders, fills, ledger entries, decisions.

Money, prices and shares are integers in the core's units (``core.units``), times ``Ms`` of ``infra.clock``.
Orders and fills change by guarded UPDATE only; entries never change. Read ``Order`` first.
"""

from enum import StrEnum

from django.db import models
from django.db.models import Q

from core.units import text
from infra.append_only import AppendOnly


class AccountMode(StrEnum):
    """Rows of different modes never mix: an account has one (trading.md 1)."""

    DEMO = "demo"
    REHEARSAL = "rehearsal"
    PAPER = "paper"
    LIVE = "live"
    REPLAY = "replay"


class Account(models.Model):
    """Whose money, in which mode, from which start.

    Units:
        start_cash: millionths of a USDC; for a wallet, the cash found when the account was first opened.
    """

    mode = models.CharField(max_length=10)
    name = models.CharField(max_length=100)
    start_cash = models.BigIntegerField()
    opened_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mode", "name", "start_cash"], name="trading_account_once"),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.name}, began with {text(self.start_cash, 6)} USDC"

    @property
    def key(self) -> str:
        """The account's name in an intent key: the same for ever, no ``|`` in it."""
        return f"{self.mode}:{self.name}:{text(self.start_cash, 6)}"


class Fence(models.Model):
    """Who may write orders under this name: whoever took the highest number last.

    ``writes`` counts the orders written; touching it is what makes two writers wait for each other.
    """

    name = models.CharField(max_length=100, unique=True)
    number = models.BigIntegerField()
    writes = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} at {self.number}"


class Order(models.Model):
    """One order. The row exists before the order leaves, and it is written once for one decision.

    Units:
        price:   1/10,000 USDC in the outcome's own price; the limit.
        shares, filled: millionths of a share.
        status:  ``core.lifecycle.Status``.
        sequence: the decision's number, the last part of the key.
        reason:  why it was rejected or closed; null while neither.
        moved_ms: time of the newest change; an older change is not applied over it.
        closed_ms: when it could trade no more; null while it can.
        orphaned_ms: when a later life of its shard first found it open; null while its own process follows it.
        shard, fence: name and number of the writer.
        unsigned: the order as it was signed, without its signature, as JSON text: the same bytes can be
                  made again from it. Null where nothing is signed.
    """

    key = models.CharField(max_length=250, unique=True)
    order_id = models.CharField(max_length=100, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    market_id = models.CharField(max_length=100, db_index=True)
    strategy = models.CharField(max_length=30)
    sequence = models.BigIntegerField()
    outcome = models.CharField(max_length=3)
    side = models.CharField(max_length=4)
    price = models.BigIntegerField()
    shares = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    purpose = models.CharField(max_length=10)
    status = models.CharField(max_length=15)
    filled = models.BigIntegerField()
    reason = models.CharField(max_length=300, null=True, blank=True)
    decided_ms = models.BigIntegerField()
    written_ms = models.BigIntegerField(db_index=True)
    sent_ms = models.BigIntegerField(null=True)
    moved_ms = models.BigIntegerField()
    closed_ms = models.BigIntegerField(null=True)
    orphaned_ms = models.BigIntegerField(null=True)
    shard = models.CharField(max_length=100)
    fence = models.BigIntegerField()
    unsigned = models.TextField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "market_id"],
                condition=Q(closed_ms__isnull=True),
                name="trading_order_open",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(shares__gt=0), name="trading_order_has_shares"),
            models.CheckConstraint(
                condition=Q(price__gte=0) & Q(price__lte=10_000), name="trading_order_price_in_range"
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.side} {text(self.shares, 6)} {self.outcome} at {text(self.price, 4)}, "
            f"{self.status}, {self.order_id[:10]}"
        )


class Fill(models.Model):
    """Part of one order that traded. Its amounts are facts; only its settlement status moves on.

    Units:
        shares, amount, fee: millionths of a share, of a USDC. ``amount`` is before the fee.
        price: derived from amount and shares, decimal text, for reading only.
    """

    fill_id = models.CharField(max_length=200, unique=True)
    order = models.ForeignKey(
        Order, to_field="key", db_column="order_key", on_delete=models.PROTECT, related_name="fills"
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="fills")
    market_id = models.CharField(max_length=100, db_index=True)
    outcome = models.CharField(max_length=3)
    side = models.CharField(max_length=4)
    shares = models.BigIntegerField()
    amount = models.BigIntegerField()
    fee = models.BigIntegerField()
    price = models.CharField(max_length=20)
    status = models.CharField(max_length=10)
    evidence = models.CharField(max_length=10)
    said_ms = models.BigIntegerField()
    heard_ms = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(shares__gt=0), name="trading_fill_has_shares"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {text(self.shares, 6)} {self.outcome} at {self.price}, {self.evidence}"


class Entry(AppendOnly):
    """One line of the ledger. Cash, tokens and positions are sums of entries (trading.md 13).

    The order of a market's entries is the order of their primary keys. A line told twice is written once:
    neither a writer's sequence nor a fill's booking can be there twice.

    Units:
        writer, sequence: who wrote it (fence name and number) and its count from 1.
        shares, usdc: millionths, signed: what the account gained.
        market_id, strategy: null for cash that belongs to no market.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    writer = models.CharField(max_length=120)
    sequence = models.BigIntegerField()
    market_id = models.CharField(max_length=100, null=True, blank=True, db_index=True)
    strategy = models.CharField(max_length=30, null=True, blank=True)
    kind = models.CharField(max_length=15)
    outcome = models.CharField(max_length=3, null=True, blank=True)
    shares = models.BigIntegerField()
    usdc = models.BigIntegerField()
    fill = models.ForeignKey(
        Fill,
        to_field="fill_id",
        db_column="fill_id",
        # A line may be committed one batch before its fill.
        db_constraint=False,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    at_ms = models.BigIntegerField(db_index=True)
    note = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["writer", "sequence"], name="trading_entry_once"),
            models.UniqueConstraint(
                fields=["fill", "kind", "outcome", "shares", "usdc"],
                condition=Q(fill__isnull=False),
                name="trading_entry_once_a_fill",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {text(self.usdc, 6)} USDC, {text(self.shares, 6)} {self.outcome or 'shares'}"


class Mark(models.Model):
    """What the shares of one market would bring, by the newest valuation. Changed with each; what was earned by a day
    is kept elsewhere (``risk.DayStart``).

    Units:
        yes, no: millionths of a share held then, all strategies together.
        worth:  millionths of a USDC for all of them; null where no price was ever known.
        payout: 1/10,000 USDC a YES share pays; null until the market is resolved.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    market_id = models.CharField(max_length=100)
    yes = models.BigIntegerField()
    no = models.BigIntegerField()
    worth = models.BigIntegerField(null=True)
    sure = models.BooleanField()
    payout = models.BigIntegerField(null=True)
    at_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "market_id"], name="trading_mark_once"),
        ]

    def __str__(self) -> str:
        return (
            f"{self.market_id[:12]}: {'not known' if self.worth is None else text(self.worth, 6) + ' USDC'}"
        )


class WalletKind(StrEnum):
    MERGE = "merge"
    REDEEM = "redeem"
    APPROVE = "approve"


class WalletState(StrEnum):
    """As ``core.lifecycle.MergeState``. UNKNOWN: never submitted again before the wallet's nonce was looked at."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class WalletAction(models.Model):
    """Something to be done on the chain: planned by a shard, carried out by the one keeper of the wallet.

    Units:
        yes, no: shares of each outcome that it takes; 0 for an approval.
        payout:  what a YES share pays, 1/10,000 USDC; null unless it redeems.
        nonce:   of the wallet, as it was when the action was submitted.
        received: USDC that came of it; null until it is confirmed.
        reason:  why it failed or is unknown; null while neither.
        moved_ms: time of the newest change.
        holder_fence: number of the wallet's keeper that moved it last.
    """

    action_id = models.CharField(max_length=250, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="wallet_actions")
    market_id = models.CharField(max_length=100, null=True, blank=True, db_index=True)
    kind = models.CharField(max_length=10)
    yes = models.BigIntegerField()
    no = models.BigIntegerField()
    payout = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)
    nonce = models.CharField(max_length=100, null=True, blank=True)
    transaction_id = models.CharField(max_length=100, null=True, blank=True)
    tx_hash = models.CharField(max_length=100, null=True, blank=True)
    received = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, null=True, blank=True)
    planned_ms = models.BigIntegerField()
    moved_ms = models.BigIntegerField(db_index=True)
    holder_fence = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "planned_ms"],
                condition=Q(state__in=("planned", "submitted", "unknown")),
                name="trading_wallet_open",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(yes__gte=0) & Q(no__gte=0), name="trading_wallet_takes_shares"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {text(self.yes, 6)} yes and {text(self.no, 6)} no, {self.state}"


class Decision(models.Model):
    """Why something was done, or why not. Old ones are deleted (``services.forget_decisions``).

    Units:
        sequence: the decision's number within account, market and strategy.
        gates:    the gates in order, each {name, passed, value, limit, unit, word}.
        intents:  keys of the orders that came of it.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="decisions")
    market_id = models.CharField(max_length=100, db_index=True)
    strategy = models.CharField(max_length=30)
    sequence = models.BigIntegerField()
    at_ms = models.BigIntegerField(db_index=True)
    verdict = models.CharField(max_length=10)
    gate = models.CharField(max_length=40, null=True, blank=True)
    gates = models.JSONField()
    intents = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "market_id", "strategy", "sequence"], name="trading_decision_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy} {self.verdict}" + (f": {self.gate}" if self.gate else "")


class StepFailure(AppendOnly):
    """An event that could not be digested. Its market was halted; the event is kept for replay."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    market_id = models.CharField(max_length=100, db_index=True)
    at_ms = models.BigIntegerField()
    event = models.JSONField()
    error = models.TextField()

    def __str__(self) -> str:
        return f"{self.market_id}: {self.error.splitlines()[-1] if self.error else 'no words'}"
