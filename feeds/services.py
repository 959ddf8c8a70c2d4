"""Keep what the sources say. Written by the one loop that runs a source; its lease keeps a second one away.

Reading the same thing again changes nothing but the time it was seen.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import transaction

from core.events import MarketListed, MatchSignal, SignalKind
from core.ids import MarketId, MatchId
from core.units import Ms
from feeds.listings import EventDescribed, Listing, MarketState, MatchDescribed, SourceStatus
from feeds.models import NAME_MAX, TITLE_MAX, Market, Match, Outcome, SourceHealth
from feeds.selectors import venue_in_use
from infra import logs, redis

OVER: Final = frozenset({SignalKind.ENDED, SignalKind.ABANDONED})
TERMS: Final = (
    *(
        "event_id",
        "group",
        "slug",
        "title",
        "kind",
        "map_number",
        "best_of",
        "match_id",
        "tick",
        "min_size",
        "delay_ms",
    ),
    *("fee_rate", "fee_exponent", "rebate", "starts_ms", "wiped_at_start", "state", "payout"),
    *("neg_risk", "version"),
)
ASKED_KEY: Final = "discovery:asked"
ASKED_TTL_S: Final = 600
DESCRIBED: Final = ("game", "title", "teams", "best_of", "tournament", "starts_ms")

log = logs.get("feeds")


@dataclass(frozen=True, slots=True)
class Saved:
    """What was news. ``clashing`` markets were not saved: their tokens belong to other markets."""

    new: tuple[MarketListed, ...]
    changed: tuple[MarketListed, ...]
    clashing: tuple[MarketListed, ...]


def save_listings(events: Sequence[EventDescribed], *, heard_ms: Ms) -> Saved:
    """Save events as read at ``heard_ms``: matches, markets, outcomes. All or nothing."""
    venue = venue_in_use()
    listings = {listing.market.market_id: listing for event in events for listing in event.listings}
    with transaction.atomic():
        _describe_matches([event.match for event in events if event.match is not None], venue)
        known = Market.objects.in_bulk(list(listings))
        clashing = _clashing(listings.values(), known)
        listings = {
            market_id: listing for market_id, listing in listings.items() if market_id not in clashing
        }
        new = [listing for market_id, listing in listings.items() if market_id not in known]
        _create(new, venue, heard_ms)
        changed = [
            listing for listing in listings.values() if _changed(listing, known.get(listing.market.market_id))
        ]
        for listing in changed:
            _log_change(known[listing.market.market_id], listing)
            Market.objects.filter(pk=listing.market.market_id).update(**_terms(listing))
        Market.objects.filter(pk__in=list(listings)).update(seen_ms=heard_ms)
    return Saved(
        new=tuple(listing.market for listing in new),
        changed=tuple(listing.market for listing in changed),
        clashing=tuple(clashing.values()),
    )


async def ask_discovery() -> None:
    """The venue spoke of a new market: read its list soon. Raises ``redis.RedisError``."""
    await redis.async_client(redis.Db.BUS).set(ASKED_KEY, b"1", ex=ASKED_TTL_S)


async def discovery_asked() -> bool:
    """Whether somebody asked since the last time this was called. Raises ``redis.RedisError``."""
    return await redis.async_client(redis.Db.BUS).getdel(ASKED_KEY) is not None


def close_missing(ids: Collection[MarketId]) -> int:
    """The venue no longer lists these at all: they cannot be traded. How many were not closed before."""
    still = (MarketState.OPEN.value, MarketState.SUSPENDED.value)
    rows = Market.objects.filter(venue=venue_in_use(), pk__in=list(ids), state__in=still)
    return rows.update(state=MarketState.CLOSED.value)


def save_match(match: MatchDescribed, signal: MatchSignal) -> None:
    """Keep the last word about a match; describe the match if nobody did before."""
    venue = venue_in_use()
    with transaction.atomic():
        _describe_matches([match], venue, only_new=True)
        rows = Match.objects.filter(pk=match.match_id, venue=venue)
        rows.update(state=asdict(signal), heard_ms=signal.heard_ms)
        if signal.kind in OVER:
            rows.filter(ended_ms__isnull=True).update(ended_ms=signal.heard_ms)
        else:
            # A clock set back plays the same match again.
            rows.filter(ended_ms__isnull=False).update(ended_ms=None)


def record_health(
    source: str,
    status: SourceStatus,
    heard_ms: Ms | None,
    detail: str,
    *,
    at_ms: Ms,
    reconnects: int = 0,
) -> None:
    """Note how a source does. ``heard_ms`` ``None`` leaves what was noted before."""
    fields: dict[str, Any] = {"checked_ms": at_ms, "detail": detail[:TITLE_MAX], "reconnects": reconnects}
    if heard_ms is not None:
        fields["heard_ms"] = heard_ms
    with transaction.atomic():
        rows = SourceHealth.objects.filter(venue=venue_in_use(), source=source)
        if rows.filter(status=status.value).update(**fields):
            return
        fields |= {"status": status.value, "since_ms": at_ms}
        if not rows.update(**fields):
            SourceHealth.objects.create(venue=venue_in_use(), source=source, **fields)


def _describe_matches(matches: Iterable[MatchDescribed], venue: str, *, only_new: bool = False) -> None:
    wanted = {match.match_id: match for match in matches}
    known = Match.objects.in_bulk(list(wanted))
    Match.objects.bulk_create(
        Match(match_id=match_id, venue=venue, state={}, **_description(match))
        for match_id, match in wanted.items()
        if match_id not in known
    )
    for match_id, row in known.items():
        described = _description(wanted[MatchId(match_id)])
        if not only_new and any(getattr(row, name) != described[name] for name in DESCRIBED):
            Match.objects.filter(pk=match_id).update(**described)


def _description(match: MatchDescribed) -> dict[str, Any]:
    return {
        "game": match.game.value,
        "title": match.title[:TITLE_MAX],
        "teams": [team[:NAME_MAX] for team in match.teams],
        "best_of": match.best_of,
        "tournament": match.tournament[:TITLE_MAX],
        "starts_ms": match.starts_ms,
    }


def _terms(listing: Listing) -> dict[str, Any]:
    """The columns of ``TERMS``."""
    market, fees = listing.market, listing.market.fees
    return {
        "event_id": market.event_id,
        "group": market.group,
        "slug": listing.slug[:TITLE_MAX],
        "title": market.title[:TITLE_MAX],
        "kind": market.kind.value,
        "map_number": market.map_number,
        "best_of": market.best_of,
        "match_id": market.match_id,
        "tick": market.tick,
        "min_size": market.min_size,
        "delay_ms": market.delay_ms,
        "fee_rate": None if fees is None else fees.rate,
        "fee_exponent": None if fees is None else fees.exponent,
        "rebate": None if fees is None else fees.rebate,
        "starts_ms": market.starts_ms,
        "wiped_at_start": market.wiped_at_start,
        "state": listing.state.value,
        "payout": listing.payout,
        "neg_risk": listing.neg_risk,
        "version": listing.protocol.value,
    }


def _changed(listing: Listing, row: Market | None) -> bool:
    if row is None:
        return False
    terms = _terms(listing)
    return any(getattr(row, name) != terms[name] for name in TERMS)


def _create(new: Sequence[Listing], venue: str, heard_ms: Ms) -> None:
    Market.objects.bulk_create(
        Market(
            market_id=listing.market.market_id,
            venue=venue,
            found_ms=heard_ms,
            seen_ms=heard_ms,
            **_terms(listing),
        )
        for listing in new
    )
    Outcome.objects.bulk_create(
        Outcome(market_id=listing.market.market_id, index=index, token_id=token, name=name[:NAME_MAX])
        for listing in new
        for index, (token, name) in enumerate(
            (
                (listing.market.yes_token, listing.market.yes_name),
                (listing.market.no_token, listing.market.no_name),
            )
        )
    )


def _clashing(listings: Iterable[Listing], known: dict[str, Market]) -> dict[MarketId, MarketListed]:
    """Markets that claim a token of another market, or whose own tokens changed: never guess whose book it is."""
    owners: dict[str, tuple[str, int]] = {}
    wanted = list(listings)
    tokens = [token for listing in wanted for token in (listing.market.yes_token, listing.market.no_token)]
    for row in Outcome.objects.filter(token_id__in=tokens):
        owners[row.token_id] = (row.market_id, row.index)
    clashing: dict[MarketId, MarketListed] = {}
    for listing in wanted:
        market = listing.market
        claims = {market.yes_token: (market.market_id, 0), market.no_token: (market.market_id, 1)}
        renamed = market.market_id in known and not all(token in owners for token in claims)
        if renamed or any(owners.get(token, claim) != claim for token, claim in claims.items()):
            clashing[market.market_id] = market
            continue
        owners.update({str(token): (str(claim[0]), claim[1]) for token, claim in claims.items()})
    return clashing


def _log_change(row: Market, listing: Listing) -> None:
    terms = _terms(listing)
    changed = {name: [getattr(row, name), terms[name]] for name in TERMS if getattr(row, name) != terms[name]}
    log.info(
        "market changed", event_type="market_changed", market_id=row.market_id, slug=row.slug, changed=changed
    )
