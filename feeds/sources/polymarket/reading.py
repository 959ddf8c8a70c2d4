"""What the parser needs beside its eyes: a market's terms, why reading stopped, and when a thing was said."""

from collections.abc import Iterable
from typing import Final

from core.events import BookChanged, BookEvent, BookSnapshot, MarketResolved, Top
from core.ids import MarketId, Outcome, TokenId
from core.units import Ms, Price
from feeds.refusals import RefusalReason
from feeds.sources.polymarket.texts import Grid
from feeds.sources.polymarket.wire import Message

AHEAD_MAX_MS: Final = 60_000  # a stamp further in our future would outrank every later message
OLDEST_MS: Final = 1_400_000_000_000  # 2014; smaller numbers are seconds, or nonsense

FINER: Final = {Price(1_000): Price(100), Price(100): Price(10), Price(50): Price(10), Price(10): Price(1)}
ParsedEvent = BookEvent | MarketResolved


class Refused(Exception):
    """Stop reading this message, or this change of it."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Terms:
    """What it takes to read one market's messages, and the best prices each token stated last, as text and read."""

    __slots__ = (
        *("grid", "market_id"),
        *("yes", "yes_ask", "yes_bid", "yes_top"),
        *("no", "no_ask", "no_bid", "no_top"),
    )

    def __init__(self, market_id: MarketId, grid: Grid) -> None:
        self.market_id = market_id
        self.yes = ""
        self.no = ""
        self.grid = grid
        self.yes_bid = self.yes_ask = self.no_bid = self.no_ask = ""
        self.yes_top: Top | None = None
        self.no_top: Top | None = None


class Directory:
    """The markets a parser knows, by id and by token, and the grids their prices lie on (shared by tick)."""

    def __init__(self) -> None:
        self.markets: dict[str, Terms] = {}
        self.tokens: dict[str, tuple[Terms, Outcome]] = {}
        self._grids: dict[Price, Grid] = {}

    def add(self, token: TokenId, market_id: MarketId, outcome: Outcome, tick: Price) -> None:
        terms = self.markets.get(market_id)
        if terms is None:
            terms = self.markets[market_id] = Terms(market_id, self._grid(tick))
        self.set_tick(terms, tick)
        if outcome is Outcome.YES:
            terms.yes = token
        else:
            terms.no = token
        self.tokens[token] = (terms, outcome)

    def drop(self, market_id: MarketId) -> None:
        terms = self.markets.pop(market_id, None)
        if terms is not None:
            self.tokens.pop(terms.yes, None)
            self.tokens.pop(terms.no, None)

    def set_tick(self, terms: Terms, tick: Price) -> None:
        terms.grid = self._grid(tick)

    def finer_tick(self, terms: Terms, texts: Iterable[str]) -> Price | None:
        """The next finer tick of the venue, if one of the prices lies on that and not on the market's own."""
        finer = FINER.get(terms.grid.tick)
        strange = [text for text in texts if text not in terms.grid.yes]
        if finer is None or not strange:
            return None
        grid = self._grid(finer)
        return finer if any(grid.has(text) and not terms.grid.has(text) for text in strange) else None

    def _grid(self, tick: Price) -> Grid:
        grid = self._grids.get(tick)
        if grid is None:
            grid = self._grids[tick] = Grid(tick)
        return grid


def unstated_tops(terms: Terms, heard_ms: Ms) -> tuple[BookChanged, ...]:
    """We refused what was said of this book, so what its tops are now is unknown. Without levels it changes none."""
    both = (Outcome.YES, Outcome.NO)
    return (BookChanged(terms.market_id, heard_ms, heard_ms, (), None, None, ends_frame=True, unstated=both),)


def said_when(message: Message, heard_ms: Ms) -> Ms:
    """The venue's stamp: digits, in milliseconds, and not in our future."""
    text = message.timestamp
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        reason = RefusalReason.BAD_TIMESTAMP if text else RefusalReason.MISSING_FIELD
        raise Refused(reason, f"timestamp {text!r}")
    said_ms = Ms(int(text))
    if said_ms < OLDEST_MS:
        raise Refused(RefusalReason.BAD_TIMESTAMP, f"timestamp {text} is not in milliseconds")
    if said_ms > heard_ms + AHEAD_MAX_MS:
        raise Refused(RefusalReason.CLOCK_JUMP, f"said {said_ms - heard_ms} ms after it was heard")
    return said_ms


def ends_marked(events: list[ParsedEvent]) -> tuple[ParsedEvent, ...]:
    """Of a frame with several messages, only the last book event of each market ends it."""
    last: dict[MarketId, int] = {}
    for index, event in enumerate(events):
        kind = type(event)
        if kind is BookSnapshot or kind is BookChanged:
            earlier = last.get(event.market_id)
            if earlier is not None:
                events[earlier] = _not_last(events[earlier])
            last[event.market_id] = index
    return tuple(events)


def _not_last(event: ParsedEvent) -> ParsedEvent:
    if isinstance(event, BookSnapshot):
        return tuple.__new__(BookSnapshot, (*event[:-1], False))
    return event._replace(ends_frame=False) if isinstance(event, BookChanged) else event
