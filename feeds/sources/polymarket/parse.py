"""Market channel frames into events. Pure: text and a receive time in, events out, refusals counted and told.

``Parser._changed`` is the path nearly every frame takes and is written for speed; what it cannot read goes to
``_changed_carefully``, which knows the reason. Levels of the NO token are mirrored into YES terms here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from core.events import (
    BookChanged,
    BookSnapshot,
    Level,
    MarketResolved,
    Origin,
    TickSizeChanged,
    Top,
    TradePrinted,
)
from core.ids import MarketId, Outcome, Side, TokenId
from core.units import ONE, Ms, Price, Shares
from core.units import price as read_price
from feeds.refusals import OnRefusal, Refusal, RefusalReason, shortened
from feeds.sources.polymarket.reading import (
    AHEAD_MAX_MS,
    OLDEST_MS,
    Directory,
    ParsedEvent,
    Refused,
    Terms,
    ends_marked,
    said_when,
    unstated_tops,
)
from feeds.sources.polymarket.texts import NegativeSize, OffGrid, Sizes, Tops
from feeds.sources.polymarket.wire import (
    ANYTHING,
    BOOK_TYPES,
    FRAME,
    KNOWN,
    PONG,
    Message,
    WireChange,
    WireLevel,
)

NEW: Final = tuple.__new__
ANY_TOP: Final = Top(None, None)  # stands for "this token was not spoken of"
TICKS: Final = frozenset({1_000, 100, 50, 25, 10, 1})  # polymarket.md 3.5

TokenTerms = tuple[MarketId, Outcome, Price]  # whose token it is, which outcome, and the market's tick


class Parser:
    """Reads frames of the market channel, and ``GET /book`` bodies, for the markets it was told of.

    What it will not take is counted in ``refused``, told to ``on_refusal``, and costs as little as possible: one
    change of a message where only that one is wrong (its token's top is then unstated), else the message.
    ``unused`` counts what is well-formed, known, and of no use to us, by event type.
    """

    def __init__(self, markets: Mapping[TokenId, TokenTerms], on_refusal: OnRefusal | None = None) -> None:
        self.refused: Counter[RefusalReason] = Counter()
        self.unused: Counter[str] = Counter()
        self._on_refusal = on_refusal
        self._directory = Directory()
        self._markets = self._directory.markets
        self._tokens = self._directory.tokens
        self._sizes = Sizes()
        self._tops = Tops()
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
            decoded = FRAME.decode(frame)
        except msgspec.DecodeError:
            return self._parse_carefully(frame, heard_ms)
        if type(decoded) is Message:
            if decoded.event_type == "price_change":
                return self._changed(decoded, heard_ms)
            return tuple(self._events(decoded, heard_ms))
        return ends_marked([event for message in decoded for event in self._events(message, heard_ms)])

    def _changed(self, message: Message, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        terms = self._markets.get(message.market)
        changes = message.price_changes
        if terms is None or not changes:
            return self._changed_carefully(message, heard_ms)
        yes, no, prices, mirrored, sizes = terms.yes, terms.no, terms.prices, terms.mirrored, self._sizes
        levels: list[Level] = []
        append = levels.append
        last_yes = last_no = yes_top = no_top = None
        try:
            said_ms = int(message.timestamp)
            for change in changes:
                token = change.asset_id
                if token == yes:
                    last_yes = change
                    append((change.side == "BUY", prices[change.price], sizes[change.size]))
                elif token == no:
                    last_no = change
                    append((change.side == "SELL", mirrored[change.price], sizes[change.size]))
                else:
                    return self._changed_carefully(message, heard_ms)
            # Tops rarely change: comparing two texts with the last ones is cheaper than hashing them.
            if last_yes is not None:
                said = terms.yes_said
                if last_yes.best_bid != said.best_bid or last_yes.best_ask != said.best_ask:
                    terms.yes_top = self._tops[last_yes.best_bid, last_yes.best_ask]
                    terms.yes_said = last_yes
                yes_top = terms.yes_top
            if last_no is not None:
                said = terms.no_said
                if last_no.best_bid != said.best_bid or last_no.best_ask != said.best_ask:
                    terms.no_top = self._tops[last_no.best_bid, last_no.best_ask]
                    terms.no_said = last_no
                no_top = terms.no_top
        except ValueError:
            return self._changed_carefully(message, heard_ms)
        if (yes_top is None and last_yes is not None) or (no_top is None and last_no is not None):
            return self._changed_carefully(message, heard_ms)
        if not OLDEST_MS <= said_ms <= heard_ms + AHEAD_MAX_MS:
            return self._changed_carefully(message, heard_ms)
        # NEW skips the named tuple's own constructor: half the cost, for every frame.
        fields = (terms.market_id, said_ms, heard_ms, tuple(levels), yes_top, no_top, True, ())
        return (NEW(BookChanged, fields),)

    def _changed_carefully(self, message: Message, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        """The same, change by change: each that cannot be taken is refused by itself."""
        terms = self._markets.get(message.market)
        try:
            terms = self._market(message)
            said_ms = said_when(message, heard_ms)
            if not message.price_changes:
                raise Refused(RefusalReason.MISSING_FIELD, "price_change without price_changes")
        except Refused as refused:
            self._refuse(refused, terms, heard_ms)
            return unstated_tops(terms, heard_ms) if terms is not None else ()
        ticked = self._inferred(terms, message.price_changes, said_ms, heard_ms)
        levels: list[Level] = []
        tops: dict[Outcome, Top | None] = {}
        for change in message.price_changes:
            try:
                outcome, level, top = self._change(terms, change)
            except Refused as refused:
                self._refuse(refused, terms, heard_ms)
                spoiled = self._tokens.get(change.asset_id)
                if spoiled is not None:
                    tops[spoiled[1]] = None
                continue
            levels.append(level)
            tops[outcome] = top
        unstated = tuple(outcome for outcome in Outcome if tops.get(outcome, ANY_TOP) is None)
        return (
            *ticked,
            BookChanged(
                market_id=terms.market_id,
                said_ms=said_ms,
                heard_ms=heard_ms,
                levels=tuple(levels),
                yes_top=tops.get(Outcome.YES),
                no_top=tops.get(Outcome.NO),
                ends_frame=True,
                unstated=unstated,
            ),
        )

    def _change(self, terms: Terms, change: WireChange) -> tuple[Outcome, Level, Top | None]:
        known = self._tokens.get(change.asset_id)
        if known is None or known[0] is not terms:
            raise Refused(
                RefusalReason.UNKNOWN_TOKEN, f"token {change.asset_id!r} in market {terms.market_id}"
            )
        outcome = known[1]
        is_bid = (change.side == "BUY") is (outcome is Outcome.YES)
        price, size = self._level(terms, outcome, change)
        return outcome, (is_bid, price, size), self._top(change.best_bid, change.best_ask)

    def _levels(self, terms: Terms, outcome: Outcome, levels: list[WireLevel]) -> list[tuple[Price, Shares]]:
        """One side of a token's book in YES terms, without empty levels."""
        prices = terms.prices if outcome is Outcome.YES else terms.mirrored
        sizes = self._sizes
        try:
            read = [(prices[level.price], sizes[level.size]) for level in levels]
        except ValueError:
            read = [self._level(terms, outcome, level) for level in levels]
        return read if all(size for _, size in read) else [level for level in read if level[1]]

    def _level(self, terms: Terms, outcome: Outcome, level: WireLevel | WireChange) -> tuple[Price, Shares]:
        try:
            prices = terms.prices if outcome is Outcome.YES else terms.mirrored
            return prices[level.price], self._sizes[level.size]
        except OffGrid as error:
            raise Refused(RefusalReason.PRICE_OFF_GRID, str(error)) from None
        except NegativeSize as error:
            raise Refused(RefusalReason.NEGATIVE_SIZE, str(error)) from None
        except ValueError as error:
            raise Refused(RefusalReason.BAD_NUMBER, str(error)) from None

    def _top(self, bid: str, ask: str) -> Top | None:
        try:
            return self._tops[bid, ask]
        except ValueError as error:
            raise Refused(RefusalReason.BAD_NUMBER, str(error)) from None

    def _events(self, message: Message, heard_ms: Ms) -> Iterable[ParsedEvent]:
        """What one message of any type says."""
        try:
            match message.event_type:
                case "price_change":
                    return self._changed(message, heard_ms)
                case "book":
                    return self._snapshot(message, heard_ms, Origin.CHANNEL)
                case "" if message.bids is not None:
                    return self._snapshot(message, heard_ms, Origin.REST)
                case "last_trade_price":
                    return (self._print(message, heard_ms),)
                case "best_bid_ask":
                    return (self._stated(message, heard_ms),)
                case "tick_size_change":
                    terms, _ = self._token(message)
                    return self._ticked(terms, message.new_tick_size, said_when(message, heard_ms), heard_ms)
                case "market_resolved":
                    return (self._resolved(message, heard_ms),)
                case "new_market":
                    self.unused["new_market"] += 1
                    return ()
                case other:
                    raise Refused(RefusalReason.UNKNOWN_EVENT_TYPE, f"event_type {other!r}")
        except Refused as refused:
            market = self._markets.get(message.market)
            self._refuse(refused, market, heard_ms)
            return (
                unstated_tops(market, heard_ms)
                if market is not None and message.event_type in BOOK_TYPES
                else ()
            )

    def _snapshot(self, message: Message, heard_ms: Ms, origin: Origin) -> tuple[ParsedEvent, ...]:
        """A whole book, or nothing: one bad level refuses all of it. A tick it states is news if it is not ours."""
        terms, outcome = self._token(message)
        said_ms = said_when(message, heard_ms)
        if message.bids is None or message.asks is None:
            raise Refused(RefusalReason.MISSING_FIELD, "book without bids or asks")
        ticked = self._ticked(terms, message.tick_size, said_ms, heard_ms) if message.tick_size else ()
        ticked += self._inferred(terms, [*message.bids, *message.asks], said_ms, heard_ms)
        own_bids = self._levels(terms, outcome, message.bids)
        own_asks = self._levels(terms, outcome, message.asks)
        bids, asks = (own_bids, own_asks) if outcome is Outcome.YES else (own_asks, own_bids)
        bid, ask = max(bids, default=None), min(asks, default=None)
        if outcome is Outcome.YES:
            top = Top(bid[0] if bid else None, ask[0] if ask else None)
        else:
            top = Top(Price(ONE - ask[0]) if ask else None, Price(ONE - bid[0]) if bid else None)
        book = BookSnapshot(
            terms.market_id,
            outcome,
            said_ms,
            heard_ms,
            tuple(bids),
            tuple(asks),
            top,
            origin,
            ends_frame=True,
        )
        return (*ticked, book)

    def _print(self, message: Message, heard_ms: Ms) -> TradePrinted:
        terms, outcome = self._token(message)
        if message.side not in ("BUY", "SELL"):
            raise Refused(RefusalReason.MISSING_FIELD, f"trade with side {message.side!r}")
        try:
            price = read_price(message.price)
            size = self._sizes[message.size]
        except NegativeSize as error:
            raise Refused(RefusalReason.NEGATIVE_SIZE, str(error)) from None
        except ValueError as error:
            raise Refused(RefusalReason.BAD_NUMBER, str(error)) from None
        side = Side.BUY if message.side == "BUY" else Side.SELL
        return TradePrinted(
            terms.market_id, outcome, side, price, size, said_when(message, heard_ms), heard_ms
        )

    def _stated(self, message: Message, heard_ms: Ms) -> BookChanged:
        """``best_bid_ask``: a token's top stated by itself, without a level."""
        terms, outcome = self._token(message)
        top = self._top(message.best_bid, message.best_ask)
        if top is None:
            raise Refused(RefusalReason.MISSING_FIELD, "best_bid_ask without both prices")
        yes_top, no_top = (top, None) if outcome is Outcome.YES else (None, top)
        return BookChanged(
            terms.market_id, said_when(message, heard_ms), heard_ms, (), yes_top, no_top, ends_frame=True
        )

    def _ticked(self, terms: Terms, text: str, said_ms: Ms, heard_ms: Ms) -> tuple[TickSizeChanged, ...]:
        """The market's tick is ``text``: nothing if we knew (both tokens tell), else from here on the new grid."""
        try:
            tick = read_price(text)
        except ValueError as error:
            raise Refused(RefusalReason.BAD_NUMBER, str(error)) from None
        if tick not in TICKS:
            raise Refused(RefusalReason.BAD_NUMBER, f"{text} is no tick size of this venue")
        if tick == terms.prices.tick:
            return ()
        self._directory.set_tick(terms, tick)
        return (TickSizeChanged(terms.market_id, tick, said_ms, heard_ms),)

    def _inferred(
        self, terms: Terms, levels: Iterable[WireLevel | WireChange], said_ms: Ms, heard_ms: Ms
    ) -> tuple[TickSizeChanged, ...]:
        """A price on the next finer tick says that the tick has changed and nobody told us.

        That is how it is on the recordings: every one of the MIT markets goes from 0.01 to 0.001 without a
        message. An order on the old, coarser grid stays legal. A price on no finer tick is off the grid.
        """
        finer = self._directory.finer_tick(terms, (level.price for level in levels))
        if finer is None:
            return ()
        self._directory.set_tick(terms, finer)
        return (TickSizeChanged(terms.market_id, finer, said_ms, heard_ms),)

    def _resolved(self, message: Message, heard_ms: Ms) -> MarketResolved:
        terms = self._market(message)
        if message.winning_asset_id not in (terms.yes, terms.no):
            detail = f"market resolved for {message.winning_outcome!r}, token {message.winning_asset_id!r}"
            raise Refused(RefusalReason.UNKNOWN_TOKEN, detail)
        payout = ONE if message.winning_asset_id == terms.yes else Price(0)
        return MarketResolved(terms.market_id, payout, said_when(message, heard_ms), heard_ms)

    def _market(self, message: Message) -> Terms:
        terms = self._markets.get(message.market)
        if terms is None:
            reason = RefusalReason.UNKNOWN_TOKEN if message.market else RefusalReason.MISSING_FIELD
            raise Refused(reason, f"{message.event_type} of market {message.market!r}, which is not ours")
        return terms

    def _token(self, message: Message) -> tuple[Terms, Outcome]:
        known = self._tokens.get(message.asset_id)
        if known is None or known[0].market_id != message.market:
            reason = RefusalReason.UNKNOWN_TOKEN if message.asset_id else RefusalReason.MISSING_FIELD
            detail = (
                f"{message.event_type or 'book'} of token {message.asset_id!r}, market {message.market!r}"
            )
            raise Refused(reason, detail)
        return known

    def _parse_carefully(self, frame: bytes | str, heard_ms: Ms) -> tuple[ParsedEvent, ...]:
        """A frame that does not fit the shapes as a whole: take its messages, and their changes, one by one."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        if text.strip() in (PONG, ""):
            self.unused["pong" if text.strip() else "empty"] += 1
            return ()
        try:
            decoded = ANYTHING.decode(text)
        except msgspec.DecodeError as error:
            detail = f"{error}: {text}"
            self._refuse(Refused(RefusalReason.MALFORMED_JSON, detail), None, heard_ms)
            return ()
        items = decoded if isinstance(decoded, list) else [decoded]
        return ends_marked([event for item in items for event in self._convert(item, heard_ms)])

    def _convert(self, item: object, heard_ms: Ms) -> Iterable[ParsedEvent]:
        """One decoded JSON value of unknown shape."""
        if not isinstance(item, dict):
            self._refuse(Refused(RefusalReason.WRONG_TYPE, f"not an object: {item!r}"), None, heard_ms)
            return ()
        event_type, market = item.get("event_type", ""), item.get("market")
        terms = self._markets.get(market) if isinstance(market, str) else None
        try:
            if not isinstance(event_type, str) or event_type not in KNOWN:
                raise Refused(RefusalReason.UNKNOWN_EVENT_TYPE, f"event_type {event_type!r}")
            message = msgspec.convert(item, Message)
        except Refused as refused:
            self._refuse(refused, terms, heard_ms)
            return ()
        except msgspec.ValidationError as error:
            missing = "missing required field" in str(error)
            reason = RefusalReason.MISSING_FIELD if missing else RefusalReason.WRONG_TYPE
            self._refuse(Refused(reason, f"{error}: {item!r}"), terms, heard_ms)
            return unstated_tops(terms, heard_ms) if terms is not None and event_type in BOOK_TYPES else ()
        return self._events(message, heard_ms)

    def _refuse(self, refused: Refused, terms: Terms | None, heard_ms: Ms) -> None:
        self.refused[refused.reason] += 1
        if self._on_refusal is not None:
            market_id = terms.market_id if terms is not None else None
            self._on_refusal(Refusal(refused.reason, shortened(refused.detail), market_id, heard_ms))
