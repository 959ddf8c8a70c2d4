"""Reads any message of the channel piece by piece, and knows the reason for whatever it will not take.

``parse.Parser`` builds on it and passes by it for the messages that come a thousand times a minute.
"""

from collections import Counter
from collections.abc import Iterable
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
from core.ids import MarketId, Outcome, Side
from core.units import ONE, Ms, Price, Shares, mirrored
from feeds.refusals import OnRefusal, Refusal, RefusalReason, shortened
from feeds.sources.polymarket.reading import Directory, ParsedEvent, Refused, Terms, said_when, unstated_tops
from feeds.sources.polymarket.texts import NegativeSize, OffGrid, Sizes, Tops
from feeds.sources.polymarket.wire import BOOK_TYPES, KNOWN, Message, WireChange, WireLevel

ANY_TOP: Final = Top(None, None)  # stands for "this token was not spoken of"
TICKS: Final = frozenset({1_000, 100, 50, 25, 10, 1})  # polymarket.md 3.5


class CarefulReader:
    """What a parser knows and counts, and the careful way to read each kind of message.

    What it will not take is counted in ``refused``, told to ``on_refusal``, and costs as little as possible: one
    change of a message where only that one is wrong (its token's top is then unstated), else the message.
    ``unused`` counts what is well-formed, known, and of no use to us, by event type.
    """

    def __init__(self, on_refusal: OnRefusal | None) -> None:
        self.refused: Counter[RefusalReason] = Counter()
        self.unused: Counter[str] = Counter()
        self._on_refusal = on_refusal
        self._directory = Directory()
        self._markets = self._directory.markets
        self._tokens = self._directory.tokens
        self._sizes = Sizes()
        self._tops = Tops()

    def _events(self, message: Message, heard_ms: Ms) -> Iterable[ParsedEvent]:
        """What one message of any type says."""
        try:
            match message.event_type:
                case "price_change":
                    return self._changed_carefully(message, heard_ms)
                case "book":
                    return self._snapshot_carefully(message, heard_ms, Origin.CHANNEL)
                case "" if message.bids is not None:
                    return self._snapshot_carefully(message, heard_ms, Origin.REST)
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
            spoils = message.event_type in BOOK_TYPES
            return unstated_tops(market, heard_ms) if market is not None and spoils else ()

    def _converted(self, item: object, heard_ms: Ms) -> Iterable[ParsedEvent]:
        """What one decoded JSON value of unknown shape says."""
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

    def _snapshot_carefully(self, message: Message, heard_ms: Ms, origin: Origin) -> tuple[ParsedEvent, ...]:
        """A whole book, or nothing: one bad level refuses all of it. A tick it states is news if it is not ours."""
        terms, outcome = self._token(message)
        said_ms = said_when(message, heard_ms)
        if message.bids is None or message.asks is None:
            raise Refused(RefusalReason.MISSING_FIELD, "book without bids or asks")
        ticked = self._ticked(terms, message.tick_size, said_ms, heard_ms) if message.tick_size else ()
        ticked += self._inferred(terms, [*message.bids, *message.asks], said_ms, heard_ms)
        own_bids = [level for each in message.bids if (level := self._level(terms, outcome, each))[1]]
        own_asks = [level for each in message.asks if (level := self._level(terms, outcome, each))[1]]
        return (*ticked, snapshot(terms.market_id, outcome, said_ms, heard_ms, own_bids, own_asks, origin))

    def _level(self, terms: Terms, outcome: Outcome, level: WireLevel | WireChange) -> tuple[Price, Shares]:
        try:
            price = terms.grid.price(level.price)
            return price if outcome is Outcome.YES else mirrored(price), self._sizes[level.size]
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

    def _price(self, text: str) -> Price:
        """A price that need not lie on the market's tick: a trade's average, a tick itself."""
        try:
            return self._tops.price(text)
        except ValueError as error:
            raise Refused(RefusalReason.BAD_NUMBER, str(error)) from None

    def _print(self, message: Message, heard_ms: Ms) -> TradePrinted:
        terms, outcome = self._token(message)
        if message.side not in ("BUY", "SELL"):
            raise Refused(RefusalReason.MISSING_FIELD, f"trade with side {message.side!r}")
        price = self._price(message.price)
        try:
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
        tick = self._price(text)
        if tick not in TICKS:
            raise Refused(RefusalReason.BAD_NUMBER, f"{text} is no tick size of this venue")
        if tick == terms.grid.tick:
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

    def _refuse(self, refused: Refused, terms: Terms | None, heard_ms: Ms) -> None:
        self.refused[refused.reason] += 1
        if self._on_refusal is not None:
            market_id = terms.market_id if terms is not None else None
            self._on_refusal(Refusal(refused.reason, shortened(refused.detail), market_id, heard_ms))


def snapshot(
    market_id: MarketId,
    outcome: Outcome,
    said_ms: Ms,
    heard_ms: Ms,
    own_bids: list[tuple[Price, Shares]],
    own_asks: list[tuple[Price, Shares]],
    origin: Origin,
) -> BookSnapshot:
    """A book from one token's two sides, whose prices are in YES terms already."""
    if outcome is Outcome.YES:
        top = Top(max(own_bids)[0] if own_bids else None, min(own_asks)[0] if own_asks else None)
        bids, asks = tuple(own_bids), tuple(own_asks)
    else:
        bid = mirrored(min(own_bids)[0]) if own_bids else None
        top = Top(bid, mirrored(max(own_asks)[0]) if own_asks else None)
        bids, asks = tuple(own_asks), tuple(own_bids)
    # tuple.__new__ skips the named tuple's own constructor, which costs three times as much.
    fields = (market_id, outcome, said_ms, heard_ms, bids, asks, top, origin, True)
    return tuple.__new__(BookSnapshot, fields)
