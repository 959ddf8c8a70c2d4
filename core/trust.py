"""How far a market's book may be believed: the states, what moves them, and what is said about it. Read ``NEXT``."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.ids import MarketId
from core.units import Ms, Price

TORN_AFTER_MS: Final = Ms(1_500)  # the tops may disagree this long: the two tokens' messages come apart
SILENT_AFTER_MS: Final = Ms(10_000)  # then the venue is asked, and again each time as much passes
ANSWER_WITHIN_MS: Final = Ms(3_000)  # an answer later than this counts as none


class Trust(StrEnum):
    """How much this book may be believed. Only TRUSTED may open orders (trading.md 2)."""

    SYNCING = "syncing"  # no snapshot since the feed opened, or not yet heard of both tokens
    TRUSTED = "trusted"
    STALE = "stale"  # silent and unconfirmed, found different, or the feed is gone
    TORN = "torn"  # the top prices contradict each other
    PAUSED = "paused"  # the venue is restarting or wipes the book


class Happening(StrEnum):
    """What can move the trust of a book."""

    AGREES = "agrees"  # a channel frame ended, a snapshot is in, both raw tops and our top tell one story
    TORE = "tore"  # they have told different stories for TORN_AFTER_MS
    UNANSWERED = "unanswered"  # silent, and GET /book brought nothing
    CONFIRMED = "confirmed"  # GET /book equals ours, and the tops tell one story
    DIFFERS = "differs"  # GET /book says something newer than ours
    LOST = "lost"
    BACK = "back"
    PAUSED = "paused"
    RESUMED = "resumed"


NEXT: Final[Mapping[Trust, Mapping[Happening, Trust]]] = {
    Trust.SYNCING: {
        Happening.AGREES: Trust.TRUSTED,
        Happening.TORE: Trust.TORN,
        Happening.UNANSWERED: Trust.SYNCING,
        Happening.CONFIRMED: Trust.TRUSTED,
        Happening.DIFFERS: Trust.SYNCING,
        Happening.LOST: Trust.STALE,
        Happening.BACK: Trust.SYNCING,
        Happening.PAUSED: Trust.PAUSED,
        Happening.RESUMED: Trust.SYNCING,
    },
    Trust.TRUSTED: {
        Happening.AGREES: Trust.TRUSTED,
        Happening.TORE: Trust.TORN,
        Happening.UNANSWERED: Trust.STALE,
        Happening.CONFIRMED: Trust.TRUSTED,
        Happening.DIFFERS: Trust.STALE,
        Happening.LOST: Trust.STALE,
        Happening.BACK: Trust.SYNCING,
        Happening.PAUSED: Trust.PAUSED,
        Happening.RESUMED: Trust.TRUSTED,
    },
    Trust.STALE: {
        Happening.AGREES: Trust.TRUSTED,
        Happening.TORE: Trust.TORN,
        Happening.UNANSWERED: Trust.STALE,
        Happening.CONFIRMED: Trust.TRUSTED,
        Happening.DIFFERS: Trust.STALE,
        Happening.LOST: Trust.STALE,
        Happening.BACK: Trust.SYNCING,
        Happening.PAUSED: Trust.PAUSED,
        Happening.RESUMED: Trust.STALE,
    },
    Trust.TORN: {
        Happening.AGREES: Trust.TRUSTED,
        Happening.TORE: Trust.TORN,
        Happening.UNANSWERED: Trust.TORN,
        Happening.CONFIRMED: Trust.TRUSTED,
        Happening.DIFFERS: Trust.STALE,
        Happening.LOST: Trust.STALE,
        Happening.BACK: Trust.SYNCING,
        Happening.PAUSED: Trust.PAUSED,
        Happening.RESUMED: Trust.TORN,
    },
    # A pause is the venue's, not the stream's: only its end ends it, and then the book is proven anew.
    Trust.PAUSED: {
        Happening.AGREES: Trust.PAUSED,
        Happening.TORE: Trust.PAUSED,
        Happening.UNANSWERED: Trust.PAUSED,
        Happening.CONFIRMED: Trust.PAUSED,
        Happening.DIFFERS: Trust.PAUSED,
        Happening.LOST: Trust.PAUSED,
        Happening.BACK: Trust.PAUSED,
        Happening.PAUSED: Trust.PAUSED,
        Happening.RESUMED: Trust.SYNCING,
    },
}


@dataclass(frozen=True, slots=True)
class TrustChanged:
    market_id: MarketId
    was: Trust
    now: Trust
    at_ms: Ms
    reason: str


@dataclass(frozen=True, slots=True)
class PhantomEnded:
    """The raw ask sum was below 1 from ``began_ms`` to ``ended_ms``: a torn view, never an offer."""

    market_id: MarketId
    began_ms: Ms
    ended_ms: Ms
    lowest_sum: Price


@dataclass(frozen=True, slots=True)
class ResyncWanted:
    """Somebody please ask ``GET /book`` and send the answer back as a snapshot of origin REST."""

    market_id: MarketId
    reason: str
    at_ms: Ms


BookNote = TrustChanged | PhantomEnded | ResyncWanted
