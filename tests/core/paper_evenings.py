"""Drawn evenings for the paper venue: books, prints, quotes, takes, cancels and merges on one small market."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from core.events import (
    BookChanged,
    BookSnapshot,
    Event,
    FillSeen,
    Origin,
    Top,
    TradePrinted,
)
from core.ids import IntentKey, Outcome, Side
from core.intents import Cancel, Merge, OrderKind, Place, Purpose
from core.units import Ms, Price, Shares, mirrored, shares
from tests.core.accounts import MARKET, NO, PAIR_ARB, T0, YES, a_book, a_listing
from tests.core.paper_play import Cue, Played, a_venue, act, drain, play

HELD = {(MARKET, YES): shares("200"), (MARKET, NO): shares("200")}
CASH = "400"
LOT = 500_000

outcomes, sides = st.sampled_from(Outcome), st.sampled_from(Side)
prices = st.integers(47, 53).map(lambda cents: Price(cents * 100))
sizes = st.sampled_from([0, 0, 10, 30, 60]).map(lambda lots: Shares(lots * LOT))
order_sizes = st.integers(10, 80).map(lambda lots: Shares(lots * LOT))


@st.composite
def books(draw: st.DrawFn) -> BookSnapshot:
    """A whole book, usually sound, sometimes torn."""
    middle = draw(st.integers(48, 52))
    overlap = draw(st.sampled_from([0, 0, 0, 0, 2]))
    bids = {Price((middle - n + overlap) * 100): draw(sizes) for n in range(1, 4)}
    asks = {Price((middle + n) * 100): draw(sizes) for n in range(4)}
    bought = tuple((at, size) for at, size in bids.items() if size)
    sold = tuple((at, size) for at, size in asks.items() if size)
    return BookSnapshot(
        MARKET, YES, T0, T0, bought, sold, Top(None, None), Origin.CHANNEL, draw(st.booleans())
    )


@st.composite
def changes(draw: st.DrawFn) -> BookChanged:
    found = draw(st.lists(st.tuples(st.booleans(), prices, sizes), min_size=1, max_size=3))
    return BookChanged(MARKET, T0, T0, tuple(found), None, None, draw(st.sampled_from([True, True, False])))


@st.composite
def prints(draw: st.DrawFn) -> TradePrinted:
    size = draw(st.integers(1, 50_000_000))
    return TradePrinted(MARKET, draw(outcomes), draw(sides), draw(prices), Shares(size), T0, T0)


@st.composite
def places(draw: st.DrawFn) -> Place:
    """A quote on its own side of the middle, or a take that reaches over it."""
    kind, side = draw(st.sampled_from(OrderKind)), draw(sides)
    away = draw(st.integers(0, 3)) * (-1 if (kind is OrderKind.QUOTE) is (side is Side.BUY) else 1)
    return Place(
        key=IntentKey(""),
        market_id=MARKET,
        strategy=PAIR_ARB,
        outcome=draw(outcomes),
        side=side,
        price=Price((50 + away) * 100),
        shares=draw(order_sizes),
        kind=kind,
        purpose=Purpose.OPENING,
        decided_ms=T0,
    )


cancels = st.integers(0, 12).map(lambda number: Cancel(IntentKey(f"k{number}"), MARKET, "drawn", T0))
merges = order_sizes.map(lambda size: Merge("", MARKET, size, T0))
# Drawn by weight: ``one_of`` would give every kind the same chance, rare ones too.
kinds: list[st.SearchStrategy[Cue]] = [books(), cancels, merges]
kinds += [changes()] * 2 + [prints()] * 3 + [places()] * 4
cues = st.sampled_from(kinds).flatmap(lambda kind: kind)

Evening = Sequence[tuple[int, Cue]]
evenings = st.lists(st.tuples(st.integers(0, 900), cues), min_size=10, max_size=45)


def told(evening: Evening) -> list[tuple[int, Cue]]:
    """Running times and names: every order and action gets its own key."""
    now, orders = 0, 0
    script: list[tuple[int, Cue]] = []
    for number, (pause, cue) in enumerate(evening):
        now += pause
        script.append((now, _named(cue, orders if isinstance(cue, Place) else number, Ms(T0 + now))))
        orders += isinstance(cue, Place)
    return script


def _named(cue: Cue, number: int, now: Ms) -> Cue:
    match cue:
        case Place():
            return replace(cue, key=IntentKey(f"k{number}"), decided_ms=now)
        case Merge():
            return replace(cue, action_id=f"m{number}")
        case BookSnapshot() | BookChanged() | TradePrinted():
            return cue._replace(said_ms=now, heard_ms=now)
        case _:
            return cue


def acted(evening: Evening) -> Played:
    return play(told(evening), cash=CASH, held=HELD, until=60_000)


def orders_of(evening: Evening) -> dict[IntentKey, Place]:
    return {cue.key: cue for _, cue in told(evening) if isinstance(cue, Place)}


@dataclass(frozen=True)
class Moment:
    """What one observation made the venue say, and the book as it was displayed then."""

    cue: Event
    fills: list[FillSeen]
    bids: dict[Price, Shares]
    asks: dict[Price, Shares]


def moments(evening: Evening) -> Iterator[Moment]:
    """Act the evening again and look at what each observation alone brought."""
    venue = a_venue(CASH, HELD)
    venue.list_market(a_listing())
    venue.observe(a_book(), T0)
    shown: dict[bool, dict[Price, Shares]] = {
        True: {Price(4_800): shares("100")},
        False: {Price(5_200): shares("100")},
    }
    for at, cue in told(evening):
        now = Ms(T0 + at)
        drain(venue, now)
        act(venue, cue, now)
        if isinstance(cue, BookSnapshot):
            shown = {True: dict(cue.bids), False: dict(cue.asks)}
        elif isinstance(cue, BookChanged):
            for is_bid, level, size in cue.levels:
                shown[is_bid][level] = size
        fills = [event for event in venue.advance(now) if isinstance(event, FillSeen)]
        if isinstance(cue, (BookSnapshot, BookChanged, TradePrinted)):
            yield Moment(cue, fills, dict(shown[True]), dict(shown[False]))


def the_other_way_round(cue: Cue) -> Cue:
    """The same thing in a world where the two outcomes have changed names."""
    match cue:
        case Place():
            return replace(cue, outcome=cue.outcome.other)
        case TradePrinted():
            return cue._replace(outcome=cue.outcome.other)
        case BookSnapshot():
            bids = tuple((mirrored(at), size) for at, size in cue.asks)
            asks = tuple((mirrored(at), size) for at, size in cue.bids)
            return cue._replace(bids=bids, asks=asks, outcome=NO)
        case BookChanged():
            return cue._replace(
                levels=tuple((not is_bid, mirrored(at), size) for is_bid, at, size in cue.levels)
            )
        case _:
            return cue
