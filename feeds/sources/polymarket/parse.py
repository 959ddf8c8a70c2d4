"""Market channel frames into events. Pure: text and a receive time in, events out, refusals counted and told.

The three messages that come all the time have a fast path here; what that cannot read goes to ``careful``, which
knows the reason. Levels of the NO token are mirrored into YES terms.
"""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final

import msgspec

from core.events import BookChanged, BookSnapshot, Level, Origin, Top
from core.ids import MarketId, Outcome, TokenId
from core.units import Ms, Price, mirrored
from feeds.refusals import OnRefusal, RefusalReason
from feeds.sources.polymarket.careful import CarefulReader, snapshot
from feeds.sources.polymarket.reading import AHEAD_MAX_MS, OLDEST_MS, ParsedEvent, Refused, Terms, ends_marked
from feeds.sources.polymarket.wire import ANYTHING, FRAME, PONG, Message, WireChange, WireLevel

NEW: Final = tuple.__new__
DECODE: Final = FRAME.decode
PRICE: Final = itemgetter(0)
SIZE: Final = itemgetter(1)

Spoken = tuple[tuple[Level, ...], WireChange | None, WireChange | None]  # levels, each token's last change
TokenTerms = tuple[MarketId, Outcome, Price]  # whose token it is, which outcome, and the market's tick


class Parser(CarefulReader):
    """Reads frames of the market channel, and ``GET /book`` bodies, for the markets it was told of.

    ``refused`` counts what it would not take, ``unused`` what is of no use to us; see ``CarefulReader``.
    """

    def __init__(self, markets: Mapping[TokenId, TokenTerms], on_refusal: OnRefusal | None = None) -> None:
        super().__init__(on_refusal)
        self.learn(markets)

    def learn(self, markets: Mapping[TokenId, TokenTerms]) -> None:
        """Add markets, or change the tick of known ones."""
        for token, (market_id, outcome, tick) in markets.items():
            self._directory.add(token, market_id, outcome, tick)

    def forget(self, market_ids: Iterable[MarketId]) -> None:
        """Drop markets; their messages are refused as unknown tokens from now on."""
        for market_id in market_ids:
            self._directory.drop(market_id)

    def parse(self, frame: bytes | str, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        """All events of one frame, in its order. Never raises for what the frame says."""
        try:
            decoded = DECODE(frame)
        except msgspec.DecodeError:
            return self._decoded_carefully(frame, heard_ms)
        if type(decoded) is Message:
            if decoded.event_type == "price_change":
                return self._changed(decoded, heard_ms)
            return tuple(self._events(decoded, heard_ms))
        if len(decoded) == 2 and decoded[0].event_type == decoded[1].event_type == "book":
            return self._books(decoded[0], decoded[1], heard_ms)
        return ends_marked([event for message in decoded for event in self._events(message, heard_ms)])

    def _events(self, message: Message, heard_ms: Ms) -> Iterable[ParsedEvent]:
        if message.event_type == "book":
            return self._snapshot(message, heard_ms)
        if message.event_type == "price_change":
            return self._changed(message, heard_ms)
        return super()._events(message, heard_ms)

    def _snapshot(self, message: Message, heard_ms: Ms) -> Iterable[ParsedEvent]:
        known = self._tokens.get(message.asset_id)
        bids, asks = message.bids, message.asks
        if known is None or bids is None or asks is None:
            return super()._events(message, heard_ms)
        terms, outcome = known
        grid, sizes = terms.grid, self._sizes
        prices = grid.yes if outcome is Outcome.YES else grid.no
        try:
            said_ms = int(message.timestamp)
            own_bids = [(prices[level.price], sizes[level.size]) for level in bids]
            own_asks = [(prices[level.price], sizes[level.size]) for level in asks]
        except (KeyError, ValueError):
            return super()._events(message, heard_ms)
        if (
            message.market != terms.market_id
            or (message.tick_size and message.tick_size != grid.tick_text)
            or not OLDEST_MS <= said_ms <= heard_ms + AHEAD_MAX_MS
            or not all(map(SIZE, own_bids))
            or not all(map(SIZE, own_asks))
        ):
            return super()._events(message, heard_ms)
        return (
            snapshot(terms.market_id, outcome, Ms(said_ms), heard_ms, own_bids, own_asks, Origin.CHANNEL),
        )

    def _books(self, first: Message, second: Message, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        """After a trade: both tokens' books in one frame. The second, if it mirrors the first, shares its levels."""
        events = tuple(self._snapshot(first, heard_ms))
        book = events[0] if events else None
        known = self._tokens.get(second.asset_id)
        if known is None or type(book) is not BookSnapshot or not _mirrors(book, known, first, second):
            return ends_marked([*events, *self._snapshot(second, heard_ms)])
        bid, ask = book.top
        top = Top(None if ask is None else mirrored(ask), None if bid is None else mirrored(bid))
        fields = (
            book.market_id,
            known[1],
            book.said_ms,
            heard_ms,
            book.bids,
            book.asks,
            top,
            Origin.CHANNEL,
            True,
        )
        return (NEW(BookSnapshot, (*book[:-1], False)), NEW(BookSnapshot, fields))

    def _changed(self, message: Message, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        terms = self._markets.get(message.market)
        changes = message.price_changes
        if terms is None or not changes:
            return self._changed_carefully(message, heard_ms)
        levels: tuple[Level, ...]
        last_yes: WireChange | None
        last_no: WireChange | None
        yes_top = no_top = None
        try:
            said_ms = int(message.timestamp)
            last_yes, last_no = changes[0], changes[-1]
            if (
                len(changes) == 2
                and last_yes.size == last_no.size
                and last_yes.side != last_no.side
                and last_yes.asset_id == terms.yes
                and last_no.asset_id == terms.no
                and (price := terms.grid.yes[last_yes.price]) == terms.grid.no[last_no.price]
            ):
                # The usual message: one level, as each token sees it. Read once, said twice.
                level = (last_yes.side == "BUY", price, self._sizes[last_yes.size])
                levels = (level, level)
            else:
                levels, last_yes, last_no = self._levels(terms, changes)
            # Tops rarely change: comparing two texts with the last ones is cheaper than hashing them.
            if last_yes is not None:
                if last_yes.best_bid != terms.yes_bid or last_yes.best_ask != terms.yes_ask:
                    terms.yes_top = self._tops[last_yes.best_bid, last_yes.best_ask]
                    terms.yes_bid, terms.yes_ask = last_yes.best_bid, last_yes.best_ask
                yes_top = terms.yes_top
            if last_no is not None:
                if last_no.best_bid != terms.no_bid or last_no.best_ask != terms.no_ask:
                    terms.no_top = self._tops[last_no.best_bid, last_no.best_ask]
                    terms.no_bid, terms.no_ask = last_no.best_bid, last_no.best_ask
                no_top = terms.no_top
        except (KeyError, ValueError):
            return self._changed_carefully(message, heard_ms)
        if (yes_top is None and last_yes is not None) or (no_top is None and last_no is not None):
            return self._changed_carefully(message, heard_ms)
        if not OLDEST_MS <= said_ms <= heard_ms + AHEAD_MAX_MS:
            return self._changed_carefully(message, heard_ms)
        # NEW skips the named tuple's own constructor: half the cost, for every frame.
        fields = (terms.market_id, said_ms, heard_ms, levels, yes_top, no_top, True, ())
        return (NEW(BookChanged, fields),)

    def _levels(self, terms: Terms, changes: list[WireChange]) -> Spoken:
        """Levels in YES terms. Raises ``KeyError`` or ``ValueError`` for what needs care."""
        yes, no, sizes = terms.yes, terms.no, self._sizes
        prices, others = terms.grid.yes, terms.grid.no
        levels: list[Level] = []
        append = levels.append
        last_yes = last_no = None
        for change in changes:
            token = change.asset_id
            if token == yes:
                last_yes = change
                append((change.side == "BUY", prices[change.price], sizes[change.size]))
            elif token == no:
                last_no = change
                append((change.side == "SELL", others[change.price], sizes[change.size]))
            else:
                raise KeyError(token)
        return tuple(levels), last_yes, last_no

    def _decoded_carefully(self, frame: bytes | str, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        """A frame that does not fit the shapes as a whole: take its messages one by one."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        if text.strip() in (PONG, ""):
            self.unused["pong" if text.strip() else "empty"] += 1
            return ()
        try:
            decoded = ANYTHING.decode(text)
        except msgspec.DecodeError as error:
            self._refuse(Refused(RefusalReason.MALFORMED_JSON, f"{error}: {text}"), None, heard_ms)
            return ()
        items = decoded if isinstance(decoded, list) else [decoded]
        return ends_marked([event for item in items for event in self._converted(item, heard_ms)])


def _mirrors(book: BookSnapshot, known: tuple[Terms, Outcome], first: Message, second: Message) -> bool:
    """Whether ``second`` says of the other token, at the same time and level by level, what ``book`` says of one."""
    terms, outcome = known
    own = terms.grid.yes if outcome is Outcome.YES else terms.grid.no
    bids, asks = (book.bids, book.asks) if outcome is Outcome.YES else (book.asks, book.bids)
    return (
        terms.market_id == book.market_id
        and outcome is not book.outcome
        and first.market == second.market
        and first.timestamp == second.timestamp
        and first.tick_size == second.tick_size
        and _sizes(first.bids) == _sizes(second.asks)
        and _sizes(first.asks) == _sizes(second.bids)
        and _prices(second.bids, own) == list(map(PRICE, bids))
        and _prices(second.asks, own) == list(map(PRICE, asks))
    )


def _sizes(levels: list[WireLevel] | None) -> list[str]:
    return [level.size for level in levels or ()]


def _prices(levels: list[WireLevel] | None, grid: dict[str, Price]) -> list[Price | None]:
    return [grid.get(level.price) for level in levels or ()]
