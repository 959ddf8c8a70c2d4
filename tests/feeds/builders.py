"""Listings, matches and signals for tests. Every one names its own numbers; the rest is ordinary."""

from dataclasses import replace
from typing import Any

from core.events import FeeSchedule, MarketKind, MarketListed, MatchSignal, SignalKind
from core.ids import EventId, GroupId, MarketId, MatchId, TokenId
from core.units import Ms, Price, Prob, Shares
from feeds.listings import EventDescribed, Game, Listing, MarketState, MatchDescribed, Protocol
from tests.feeds.gamma import NOON, Json, condition

MATCH = MatchId("simulator:900")


def a_listing(number: int = 1, *, state: MarketState = MarketState.OPEN, **said: Any) -> Listing:
    """Fields of the listing or of its market may be given."""
    market = MarketListed(
        market_id=MarketId(condition(number)),
        event_id=EventId("70"),
        group=GroupId("lol: spring cup"),
        match_id=MATCH,
        kind=MarketKind.SERIES,
        title="LoL: Red vs Blue (BO3) - Spring Cup",
        yes_token=TokenId(f"{number}01"),
        no_token=TokenId(f"{number}02"),
        yes_name="Red",
        no_name="Blue",
        tick=Price(100),
        min_size=Shares(5_000_000),
        delay_ms=Ms(1_000),
        fees=FeeSchedule(Prob(50_000), 1, Prob(150_000)),
        starts_ms=NOON,
        map_number=None,
        best_of=3,
        wiped_at_start=True,
        heard_ms=NOON,
    )
    payout = said.pop("payout", None)
    slug = said.pop("slug", f"lol-red-blue-{number}")
    neg_risk, protocol = said.pop("neg_risk", False), said.pop("protocol", Protocol.V1)
    return Listing(replace(market, **said), slug, state, payout, neg_risk, protocol)


def a_match(match_id: MatchId = MATCH, **said: Any) -> MatchDescribed:
    match = MatchDescribed(
        match_id=match_id,
        game=Game.LOL,
        title="LoL: Red vs Blue (BO3) - Spring Cup",
        teams=("Red", "Blue"),
        best_of=3,
        tournament="Spring Cup",
        starts_ms=NOON,
    )
    return replace(match, **said)


def described(*listings: Listing, match: MatchDescribed | None = None) -> EventDescribed:
    return EventDescribed(match or a_match(), listings)


def a_signal(kind: SignalKind = SignalKind.SCORE, *, heard_ms: Ms = NOON, **said: Any) -> MatchSignal:
    signal = MatchSignal(
        match_id=MATCH,
        source="simulator",
        kind=kind,
        map_number=1,
        maps=(0, 0),
        score=(3, 1),
        lead=1_200,
        clock_ms=Ms(600_000),
        winner=None,
        said_ms=heard_ms,
        heard_ms=heard_ms,
    )
    return replace(signal, **said)


def a_word(**said: Any) -> Json:
    """A word of the match feed, as its JSON."""
    word: Json = {
        "match_id": "900",
        "game": "lol",
        "teams": ["Red", "Blue"],
        "tournament": "Spring Cup",
        "best_of": 3,
        "kind": "lead",
        "map_number": 1,
        "maps": [0, 0],
        "score": [3, 1],
        "lead": 500,
        "clock_ms": 600_000,
        "winner": None,
        "said_ms": NOON,
    }
    return word | said
