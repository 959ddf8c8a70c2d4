"""What feeds remembers: markets and their outcomes, matches, and how each source does.

Prices and sizes are integers in the core's units, times ``Ms`` of ``infra.clock``. Rows of different venues lie
side by side and never mix: every question names its venue. Read ``Market`` first.
"""

from django.db import models
from django.db.models import Q

from feeds.listings import MarketState, Protocol

TITLE_MAX = 300
NAME_MAX = 100
ID_MAX = 100


class Match(models.Model):
    """One match between two teams, as its source announced it.

    Units:
        teams: two names; index 0 is the YES team of its markets.
        state: the last ``MatchSignal`` as its fields; empty before the first.
        heard_ms: when that came; null before.
        ended_ms: when a source said that it is over; null while nobody did.
    """

    match_id = models.CharField(max_length=ID_MAX, primary_key=True)
    venue = models.CharField(max_length=20)
    game = models.CharField(max_length=10)
    title = models.CharField(max_length=TITLE_MAX)
    teams = models.JSONField()
    best_of = models.PositiveSmallIntegerField(null=True)
    tournament = models.CharField(max_length=TITLE_MAX, blank=True)
    starts_ms = models.BigIntegerField(null=True)
    state = models.JSONField(blank=True)
    heard_ms = models.BigIntegerField(null=True)
    ended_ms = models.BigIntegerField(null=True)

    class Meta:
        verbose_name_plural = "matches"
        indexes = [models.Index(fields=["venue", "starts_ms"], name="feeds_match_by_start")]

    def __str__(self) -> str:
        return self.title


class Market(models.Model):
    """One market of the venue with its terms, as discovery saw it last.

    Units:
        group:    whose results hang together with this one's (``core.events.MarketListed``).
        tick:     1/10,000 USDC.
        min_size: millionths of a share.
        delay_ms: the venue's taker delay.
        fee_rate, fee_exponent, rebate: null together when the fee is unknown; rate and rebate in millionths.
        payout:   1/10,000 USDC a YES share was paid; null until RESOLVED.
        neg_risk, version: which contract an order is signed for, and which ids are the tokens.
        found_ms, seen_ms: first and last time discovery read it.
    """

    market_id = models.CharField(max_length=ID_MAX, primary_key=True)
    venue = models.CharField(max_length=20)
    event_id = models.CharField(max_length=ID_MAX, db_index=True)
    group = models.CharField(max_length=TITLE_MAX)
    slug = models.CharField(max_length=TITLE_MAX, db_index=True)
    title = models.CharField(max_length=TITLE_MAX)
    kind = models.CharField(max_length=10)
    map_number = models.PositiveSmallIntegerField(null=True)
    best_of = models.PositiveSmallIntegerField(null=True)
    match = models.ForeignKey(Match, on_delete=models.PROTECT, null=True, related_name="markets")
    tick = models.BigIntegerField()
    min_size = models.BigIntegerField()
    delay_ms = models.BigIntegerField()
    fee_rate = models.BigIntegerField(null=True)
    fee_exponent = models.PositiveSmallIntegerField(null=True)
    rebate = models.BigIntegerField(null=True)
    starts_ms = models.BigIntegerField(null=True)
    wiped_at_start = models.BooleanField()
    neg_risk = models.BooleanField(default=False)
    version = models.CharField(max_length=2, default=Protocol.V1.value)
    state = models.CharField(max_length=10)
    payout = models.BigIntegerField(null=True)
    found_ms = models.BigIntegerField()
    seen_ms = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["venue", "state", "seen_ms"], name="feeds_market_by_state")]
        constraints = [
            models.CheckConstraint(condition=Q(tick__gt=0), name="feeds_market_has_a_tick"),
            models.CheckConstraint(
                condition=Q(version__in=[protocol.value for protocol in Protocol]),
                name="feeds_market_of_a_known_version",
            ),
            models.CheckConstraint(
                # A check that compares with null passes: not null must be said.
                condition=Q(
                    state=MarketState.RESOLVED.value, payout__isnull=False, payout__gte=0, payout__lte=10_000
                )
                | (~Q(state=MarketState.RESOLVED.value) & Q(payout__isnull=True)),
                name="feeds_payout_once_resolved",
            ),
            models.CheckConstraint(
                condition=Q(fee_rate__isnull=True, fee_exponent__isnull=True, rebate__isnull=True)
                | Q(fee_rate__isnull=False, fee_exponent__isnull=False, rebate__isnull=False),
                name="feeds_fee_known_whole_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.state}"


class Outcome(models.Model):
    """One side of a market: index 0 is YES, 1 is NO. The token is what trades."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="outcomes")
    index = models.PositiveSmallIntegerField()
    token_id = models.CharField(max_length=ID_MAX, unique=True)
    name = models.CharField(max_length=NAME_MAX)

    class Meta:
        ordering = ["market_id", "index"]
        constraints = [
            models.UniqueConstraint(fields=["market", "index"], name="feeds_outcome_once"),
            models.CheckConstraint(condition=Q(index__in=(0, 1)), name="feeds_outcome_is_yes_or_no"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({'no' if self.index else 'yes'})"


class SourceHealth(models.Model):
    """How one source does, by its own runner's word.

    Units:
        since_ms:  when ``status`` became what it is.
        heard_ms:  when it last said something; null when it never did.
        checked_ms: when its runner last wrote this; an old one means that nobody runs it.
    """

    venue = models.CharField(max_length=20)
    source = models.CharField(max_length=30)
    status = models.CharField(max_length=12)
    since_ms = models.BigIntegerField()
    heard_ms = models.BigIntegerField(null=True)
    checked_ms = models.BigIntegerField()
    detail = models.CharField(max_length=TITLE_MAX, blank=True)
    reconnects = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "source health"
        constraints = [
            models.UniqueConstraint(fields=["venue", "source"], name="feeds_health_once_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.status}"
