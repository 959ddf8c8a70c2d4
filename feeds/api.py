"""``/api/v1``: markets, matches and sources of the venue in use. Reads only."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from core.units import text
from feeds import selectors
from feeds.models import Market, Match
from infra.paging import AskedByName, Page, page

router = Router(tags=["feeds"])


class MarketsAsked(AskedByName):
    state: str | None = None
    match_id: str | None = None


class MarketOut(Schema):
    market_id: str
    event_id: str
    match_id: str | None
    slug: str
    title: str
    kind: str
    map_number: int | None
    best_of: int | None
    yes_name: str
    no_name: str
    yes_token: str
    no_token: str
    tick: str
    min_size: str
    delay_ms: int
    fee_rate: str | None
    version: str
    neg_risk: bool
    starts_ms: int | None
    state: str
    payout: str | None
    found_ms: int
    seen_ms: int


class MatchOut(Schema):
    match_id: str
    game: str
    title: str
    teams: list[str]
    best_of: int | None
    tournament: str
    starts_ms: int | None
    state: dict[str, Any] | None
    heard_ms: int | None
    ended_ms: int | None


class SourceOut(Schema):
    source: str
    status: str
    since_ms: int
    heard_ms: int | None
    checked_ms: int
    detail: str
    reconnects: int


@router.get("/markets", response=Page[MarketOut])
def markets(request: HttpRequest, asked: Query[MarketsAsked]) -> Page[MarketOut]:
    rows = selectors.markets()
    if asked.state is not None:
        rows = rows.filter(state=asked.state)
    if asked.match_id is not None:
        rows = rows.filter(match_id=asked.match_id)
    return page(rows, asked, _market)


@router.get("/matches", response=Page[MatchOut])
def matches(request: HttpRequest, asked: Query[AskedByName]) -> Page[MatchOut]:
    return page(selectors.matches(), asked, _match)


@router.get("/sources", response=list[SourceOut])
def sources(request: HttpRequest) -> list[SourceOut]:
    """How each source does; an old ``checked_ms`` means that nobody runs it."""
    return [
        SourceOut(
            source=row.source,
            status=row.status.value,
            since_ms=row.since_ms,
            heard_ms=row.heard_ms,
            checked_ms=row.checked_ms,
            detail=row.detail,
            reconnects=row.reconnects,
        )
        for row in selectors.source_health()
    ]


def _market(row: Market) -> MarketOut:
    yes, no = row.outcomes.all()
    return MarketOut(
        market_id=row.market_id,
        event_id=row.event_id,
        match_id=row.match_id,
        slug=row.slug,
        title=row.title,
        kind=row.kind,
        map_number=row.map_number,
        best_of=row.best_of,
        yes_name=yes.name,
        no_name=no.name,
        yes_token=yes.token_id,
        no_token=no.token_id,
        tick=text(row.tick, 4),
        min_size=text(row.min_size, 6),
        delay_ms=row.delay_ms,
        fee_rate=None if row.fee_rate is None else text(row.fee_rate, 6),
        version=row.version,
        neg_risk=row.neg_risk,
        starts_ms=row.starts_ms,
        state=row.state,
        payout=None if row.payout is None else text(row.payout, 4),
        found_ms=row.found_ms,
        seen_ms=row.seen_ms,
    )


def _match(row: Match) -> MatchOut:
    return MatchOut(
        match_id=row.match_id,
        game=row.game,
        title=row.title,
        teams=list(row.teams),
        best_of=row.best_of,
        tournament=row.tournament,
        starts_ms=row.starts_ms,
        state=row.state or None,
        heard_ms=row.heard_ms,
        ended_ms=row.ended_ms,
    )
