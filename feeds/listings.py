"""What a source says about markets and matches, between the door that read it and the rows that keep it."""

from dataclasses import dataclass
from enum import StrEnum

from core.events import MarketListed
from core.ids import MatchId
from core.units import Ms, Price


class Game(StrEnum):
    LOL = "lol"
    DOTA2 = "dota2"


class MarketState(StrEnum):
    """How a market stands at the venue. Only an OPEN one can be traded."""

    OPEN = "open"
    SUSPENDED = "suspended"  # the venue takes no orders now, and may again
    CLOSED = "closed"  # no more trading; who was paid what is not known yet
    RESOLVED = "resolved"


class Protocol(StrEnum):
    """Which of the venue's two protocols a market trades on; its ids and its exchange contract follow from it."""

    V1 = "v1"
    V2 = "v2"


class SourceStatus(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class MatchDescribed:
    """A match as its source announces it. Team 0 is the YES team of its markets.

    Units:
        best_of:    maps in the series; ``None`` when the source did not say.
        tournament: empty when the source named none.
        starts_ms:  ``None`` when unknown.
    """

    match_id: MatchId
    game: Game
    title: str
    teams: tuple[str, str]
    best_of: int | None
    tournament: str
    starts_ms: Ms | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One market as the venue lists it. ``payout`` is what a YES share was paid; known once RESOLVED.

    ``neg_risk`` and ``protocol`` decide which contract an order is signed for.
    """

    market: MarketListed
    slug: str
    state: MarketState
    payout: Price | None
    neg_risk: bool = False
    protocol: Protocol = Protocol.V1


@dataclass(frozen=True, slots=True)
class EventDescribed:
    """A match with its series and map markets. ``match`` is ``None`` where the venue names no game id."""

    match: MatchDescribed | None
    listings: tuple[Listing, ...]
