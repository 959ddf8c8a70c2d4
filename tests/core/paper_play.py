"""A script for the paper venue: what is heard and asked at which millisecond, and what the venue says to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.events import Event, FillSeen, MarketListed, MarketResolved
from core.ids import MarketId, OrderId, Outcome
from core.intents import Cancel, Merge, Place, Redeem
from core.paper import Latency, PaperVenue
from core.paper_purse import Leg
from core.units import ONE, Ms, Price, Shares, shares, usdc
from tests.core.accounts import MARKET, NO, T0, YES, a_book, a_listing

FAST = Latency(
    ack_ms=Ms(60), cancel_ms=Ms(40), mined_ms=Ms(2_000), confirmed_ms=Ms(6_000), wallet_ms=Ms(8_000)
)

Cue = Event | Place | Cancel | Merge | Redeem
Script = Sequence[tuple[int, Cue]]


@dataclass(frozen=True)
class Played:
    venue: PaperVenue
    said: tuple[Event, ...]

    def fills(self, key: str | None = None) -> list[FillSeen]:
        return [event for event in self.said if isinstance(event, FillSeen) and key in (None, event.key)]

    def lines(self, key: str) -> list[tuple[int, str]]:
        """What was said of one order: milliseconds after ``T0`` and the word."""
        found = []
        for event in self.said:
            if getattr(event, "key", None) == key:
                word = getattr(event, "status", None) or getattr(event, "reason", None)
                name = str(getattr(event, "code", word))
                found.append((event.heard_ms - T0, "fill" if isinstance(event, FillSeen) else name))
        return found


def a_venue(
    cash: str = "1000", held: Mapping[Leg, Shares] | None = None, latency: Latency = FAST
) -> PaperVenue:
    return PaperVenue(cash=usdc(cash), held=held or {}, latency=latency)


def play(
    script: Script,
    *,
    cash: str = "1000",
    held: Mapping[tuple[MarketId, Outcome], Shares] | None = None,
    listing: MarketListed | None = None,
    book: Event | None = None,
    until: int = 30_000,
) -> Played:
    """Act the script as a runner would: everything due is said before what comes next is heard."""
    venue = a_venue(cash, held)
    venue.list_market(listing or a_listing())
    venue.observe(book or a_book(), T0)
    said: list[Event] = []
    for at, cue in sorted(script, key=lambda line: line[0]):
        now = Ms(T0 + at)
        said += drain(venue, now)
        act(venue, cue, now)
        said += venue.advance(now)
    said += drain(venue, Ms(T0 + until))
    return Played(venue, tuple(said))


def drain(venue: PaperVenue, now: Ms) -> list[Event]:
    said: list[Event] = []
    while (due := venue.due_ms()) is not None and due <= now:
        said += venue.advance(due)
    return said


def act(venue: PaperVenue, cue: Cue, now: Ms) -> None:
    match cue:
        case Place():
            venue.submit(cue, OrderId(f"id-{cue.key}"), now)
        case Cancel():
            venue.cancel(cue.key, now)
        case Merge():
            venue.merge(cue, now)
        case Redeem():
            venue.redeem(cue, now)
        case MarketListed():
            venue.list_market(cue)
        case _:
            venue.observe(cue, now)


HELD = {(MARKET, YES): shares("100"), (MARKET, NO): shares("60")}


def resolved(payout: Price = ONE) -> MarketResolved:
    return MarketResolved(MARKET, payout, T0, T0)
