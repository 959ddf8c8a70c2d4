"""Questions about markets, matches and sources. All answers are about the venue in use and no other."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.events import FeeSchedule, MarketKind, MarketListed
from core.ids import EventId, GroupId, MarketId, MatchId, TokenId
from core.units import Ms, Price, Prob, Shares
from feeds import origins
from feeds.listings import MarketState, SourceStatus
from feeds.models import Market, Match, SourceHealth
from infra import clock

HOUR_MS: Final = 3_600_000
SOON_MS: Final = 6 * HOUR_MS  # a match that starts within this is shown
LONGEST_MS: Final = 9 * HOUR_MS  # nobody plays one series for longer
JUST_OVER_MS: Final = HOUR_MS // 6


@dataclass(frozen=True, slots=True)
class MarketRow:
    """A market for lists and pages."""

    market_id: MarketId
    event_id: EventId
    match_id: MatchId | None
    title: str
    slug: str
    kind: MarketKind
    map_number: int | None
    state: MarketState
    payout: Price | None
    starts_ms: Ms | None
    seen_ms: Ms


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A match that runs, ran a moment ago, or starts soon."""

    match_id: MatchId
    title: str
    game: str
    teams: tuple[str, str]
    best_of: int | None
    tournament: str
    starts_ms: Ms | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How a source does. ``checked_ms`` is its runner's last word: an old one means that nobody runs it."""

    source: str
    status: SourceStatus
    since_ms: Ms
    heard_ms: Ms | None
    checked_ms: Ms
    detail: str
    reconnects: int


@dataclass(frozen=True, slots=True)
class VenueTerms:
    """What decides for which contract an order in a market is signed: ``version`` is "v1" or "v2"."""

    neg_risk: bool
    version: str


def venue_in_use() -> str:
    return str(settings.POLYLOLY.venue.value)


def independent_origins() -> tuple[str, ...]:
    """Of whom this stack has its word about matches; sources that copy one another count once."""
    return origins.independent(venue_in_use())


def markets() -> QuerySet[Market]:
    """All markets of the venue, with match and outcomes, the latest found first."""
    rows = Market.objects.filter(venue=venue_in_use())
    return rows.select_related("match").prefetch_related("outcomes").order_by("-found_ms", "market_id")


def matches() -> QuerySet[Match]:
    return Match.objects.filter(venue=venue_in_use()).order_by("-starts_ms", "match_id")


def listed_markets(*, also: Collection[MarketId] = ()) -> list[MarketListed]:
    """The markets that can be traded, and those of ``also`` in whatever state, oldest start first."""
    wanted = Q(state=MarketState.OPEN.value) | Q(market_id__in=list(also))
    rows = markets().filter(wanted).order_by("starts_ms", "market_id")
    return [_listed(row) for row in rows]


def venue_terms(market_ids: Collection[MarketId]) -> dict[MarketId, VenueTerms]:
    """By market; one that discovery never read is left out."""
    rows = Market.objects.filter(venue=venue_in_use(), market_id__in=list(market_ids))
    return {
        MarketId(market_id): VenueTerms(neg_risk, version)
        for market_id, neg_risk, version in rows.values_list("market_id", "neg_risk", "version")
    }


def market_rows() -> list[MarketRow]:
    rows = Market.objects.filter(venue=venue_in_use()).order_by("-found_ms", "market_id")
    return [_market_row(row) for row in rows]


def market_id_of(name: str) -> str | None:
    """The id of the market with this id or slug; ``None`` for neither, or when a slug fits two."""
    found = Market.objects.filter(Q(market_id=name) | Q(slug=name), venue=venue_in_use())
    ids = list(found.values_list("market_id", flat=True)[:2])
    if name in ids:
        return name
    return ids[0] if len(ids) == 1 else None


def match_rows(*, at: Ms | None = None) -> list[MatchRow]:
    """Matches spoken of within ten minutes of ``at`` (now), and those with an open market that start within hours."""
    now = clock.now_ms() if at is None else at
    # Nothing was heard in the future, unless by an earlier demo with a faster clock.
    spoken_of = Q(heard_ms__gte=now - JUST_OVER_MS, heard_ms__lte=now + JUST_OVER_MS)
    tradable = Market.objects.filter(match=OuterRef("pk"), state=MarketState.OPEN.value)
    near = Q(starts_ms__gte=now - LONGEST_MS, starts_ms__lte=now + SOON_MS) & Exists(tradable)
    rows = matches().filter(spoken_of | near & Q(ended_ms__isnull=True)).order_by("starts_ms", "match_id")
    return [
        MatchRow(
            match_id=MatchId(row.match_id),
            title=row.title,
            game=row.game,
            teams=(row.teams[0], row.teams[1]),
            best_of=row.best_of,
            tournament=row.tournament,
            starts_ms=None if row.starts_ms is None else Ms(row.starts_ms),
        )
        for row in rows
    ]


def resolutions(ids: Collection[MarketId]) -> dict[MarketId, Price]:
    """What a YES share was paid, for those of ``ids`` that the venue's list showed as resolved."""
    rows = Market.objects.filter(
        venue=venue_in_use(), state=MarketState.RESOLVED.value, market_id__in=list(ids), payout__isnull=False
    )
    return {
        MarketId(market_id): Price(payout)
        for market_id, payout in rows.values_list("market_id", "payout")
        if payout is not None
    }


def unsettled(*, found_after: Ms) -> dict[MarketId, EventId]:
    """Markets found after a moment whose resolution is not known, with their events."""
    rows = Market.objects.filter(venue=venue_in_use(), found_ms__gte=found_after)
    known = rows.exclude(state=MarketState.RESOLVED.value).values_list("market_id", "event_id")
    return {MarketId(market): EventId(event) for market, event in known}


def source_health() -> list[SourceRow]:
    rows = SourceHealth.objects.filter(venue=venue_in_use()).order_by("source")
    return [
        SourceRow(
            source=row.source,
            status=SourceStatus(row.status),
            since_ms=Ms(row.since_ms),
            heard_ms=None if row.heard_ms is None else Ms(row.heard_ms),
            checked_ms=Ms(row.checked_ms),
            detail=row.detail,
            reconnects=row.reconnects,
        )
        for row in rows
    ]


def _listed(row: Market) -> MarketListed:
    yes, no = row.outcomes.all()
    return MarketListed(
        market_id=MarketId(row.market_id),
        event_id=EventId(row.event_id),
        group=GroupId(row.group),
        match_id=None if row.match_id is None else MatchId(row.match_id),
        kind=MarketKind(row.kind),
        title=row.title,
        yes_token=TokenId(yes.token_id),
        no_token=TokenId(no.token_id),
        yes_name=yes.name,
        no_name=no.name,
        tick=Price(row.tick),
        min_size=Shares(row.min_size),
        delay_ms=Ms(row.delay_ms),
        fees=_fees(row),
        starts_ms=None if row.starts_ms is None else Ms(row.starts_ms),
        map_number=row.map_number,
        best_of=row.best_of,
        wiped_at_start=row.wiped_at_start,
        heard_ms=Ms(row.seen_ms),
    )


def _fees(row: Market) -> FeeSchedule | None:
    if row.fee_rate is None or row.fee_exponent is None or row.rebate is None:
        return None
    return FeeSchedule(rate=Prob(row.fee_rate), exponent=row.fee_exponent, rebate=Prob(row.rebate))


def _market_row(row: Market) -> MarketRow:
    return MarketRow(
        market_id=MarketId(row.market_id),
        event_id=EventId(row.event_id),
        match_id=None if row.match_id is None else MatchId(row.match_id),
        title=row.title,
        slug=row.slug,
        kind=MarketKind(row.kind),
        map_number=row.map_number,
        state=MarketState(row.state),
        payout=None if row.payout is None else Price(row.payout),
        starts_ms=None if row.starts_ms is None else Ms(row.starts_ms),
        seen_ms=Ms(row.seen_ms),
    )
