"""Words for the tests of books: one market, text for prices and sizes, times counted from T0."""

from core.events import BookChanged, BookSnapshot, Level, Origin, Top
from core.ids import MarketId, Outcome
from core.units import ONE, Ms, Price, mirrored, price, shares

MARKET = MarketId("0xmarket")
YES, NO = Outcome.YES, Outcome.NO
T0 = 1_790_000_000_000

Side = dict[str, str]


def at(ms: int) -> Ms:
    return Ms(T0 + ms)


def a_top(bid: str | None, ask: str | None) -> Top:
    return Top(price(bid) if bid else None, price(ask) if ask else None)


def a_book(
    outcome: Outcome = YES,
    bids: Side | None = None,
    asks: Side | None = None,
    *,
    said: int = 0,
    heard: int = 0,
    origin: Origin = Origin.CHANNEL,
) -> BookSnapshot:
    """A snapshot as the token stated it, in its own prices, mirrored here as the parser would."""
    own_bids = [(price(p), shares(s)) for p, s in (bids or {}).items()]
    own_asks = [(price(p), shares(s)) for p, s in (asks or {}).items()]
    top = Top(
        max(p for p, _ in own_bids) if own_bids else None, min(p for p, _ in own_asks) if own_asks else None
    )
    yes_bids, yes_asks = own_bids, own_asks
    if outcome is NO:
        yes_bids = [(mirrored(p), s) for p, s in own_asks]
        yes_asks = [(mirrored(p), s) for p, s in own_bids]
    return BookSnapshot(
        MARKET, outcome, at(said), at(heard), tuple(yes_bids), tuple(yes_asks), top, origin, ends_frame=True
    )


def a_change(
    *levels: tuple[str, str, str],
    said: int = 0,
    heard: int = 0,
    yes: Top | None = None,
    no: Top | None = None,
    unstated: tuple[Outcome, ...] = (),
) -> BookChanged:
    """Changes in YES terms: ("bid", "0.48", "100"), and the tops stated beside them."""
    made: tuple[Level, ...] = tuple((side == "bid", price(p), shares(s)) for side, p, s in levels)
    return BookChanged(MARKET, at(said), at(heard), made, yes, no, ends_frame=True, unstated=unstated)


def mirror(top: Top) -> Top:
    """The same top as the other token states it."""
    return Top(
        None if top.ask is None else Price(ONE - top.ask), None if top.bid is None else Price(ONE - top.bid)
    )
