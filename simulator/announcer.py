"""Turns what the exchange printed into frames of the market channel, for both tokens of a market.

Everything that is said about one market in one frame is true at the same time: a change carries both
tokens with their best prices after it, a book is sent for both tokens in one array frame.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

import msgspec

from core.ids import MarketId, Outcome, Side, TokenId
from core.units import CERTAIN, ONE, Ms, Price, mirrored, text
from simulator import wire
from simulator.exchange.book import mirrored_levels
from simulator.exchange.listing import redrawn
from simulator.exchange.orders import Terms, Version
from simulator.exchange.prints import LevelSet, Print, Redrawn, TickRefined, Traded
from simulator.exchange.trades import tx_hash
from simulator.exchange.venue import Exchange
from simulator.gamma import new_market, tag_slugs
from simulator.sheets import Sheet

CHANGES_A_LEVEL = 2  # one for each token


class Audience(Enum):
    """Who gets a frame."""

    MARKET = auto()  # whoever subscribed to either token: the message speaks for both
    TOKEN = auto()  # each message to those who subscribed to its token
    CUSTOM_TOKEN = auto()  # the same, with custom_feature_enabled
    CUSTOM_MARKET = auto()
    CUSTOM_ALL = auto()  # everybody with custom_feature_enabled, whatever they subscribed to


class Frame(NamedTuple):
    """One websocket frame: a single message, or an array of several."""

    at_ms: Ms
    audience: Audience
    market_id: MarketId
    tokens: tuple[TokenId, TokenId]
    messages: tuple[wire.MarketMessage, ...]


class Announcer:
    """Remembers of each market what was said last, so that books and best prices are said right."""

    def __init__(self, exchange: Exchange, changes_per_frame: int) -> None:
        self._exchange = exchange
        self._levels_per_frame = max(1, changes_per_frame // CHANGES_A_LEVEL)
        self._terms: dict[MarketId, Terms] = {}
        self._changed_ms: dict[MarketId, Ms] = {}
        self._tops: dict[MarketId, tuple[Price | None, Price | None]] = {}

    def frames(self, prints: Iterable[Print], now_ms: Ms) -> Iterator[Frame]:
        """What the exchange printed, in order. Levels of one market share a frame up to its limit."""
        waiting: dict[MarketId, list[LevelSet]] = {}
        for said in prints:
            self._changed_ms[said.market_id] = now_ms
            levels = waiting.setdefault(said.market_id, [])
            if isinstance(said, LevelSet):
                levels.append(said)
                if len(levels) == self._levels_per_frame:
                    yield self._changes(waiting.pop(said.market_id), now_ms)
                continue
            if levels:
                yield self._changes(levels, now_ms)
            del waiting[said.market_id]
            yield from self._other(said, now_ms)
        for levels in waiting.values():
            yield self._changes(levels, now_ms)
        yield from self._new_tops(now_ms)

    def listed(self, sheet: Sheet, now_ms: Ms) -> Frame:
        """The first word about a market."""
        self._terms[sheet.terms.market_id] = sheet.terms
        self._changed_ms[sheet.terms.market_id] = now_ms
        return _frame(now_ms, Audience.CUSTOM_ALL, sheet.terms, new_market(sheet, now_ms))

    def resolved(self, sheet: Sheet, payout_yes: Price, now_ms: Ms) -> Frame:
        """The last word about a market; it is forgotten here. A void one has no winner."""
        del self._terms[sheet.terms.market_id]
        self._changed_ms.pop(sheet.terms.market_id, None)
        self._tops.pop(sheet.terms.market_id, None)
        winner = {ONE: Outcome.YES, 0: Outcome.NO}.get(payout_yes)
        message = wire.MarketResolved(
            id=sheet.number,
            market=sheet.terms.market_id,
            assets_ids=[sheet.terms.yes_token, sheet.terms.no_token],
            winning_asset_id="" if winner is None else sheet.token(winner),
            winning_outcome="" if winner is None else sheet.name(winner),
            timestamp=str(now_ms),
            tags=tag_slugs(sheet.booking.game),
        )
        return _frame(now_ms, Audience.CUSTOM_MARKET, sheet.terms, message)

    def rest_book(self, market_id: MarketId, outcome: Outcome) -> wire.RestBook:
        """One token's book as it is now, stamped with the time of its last change."""
        return self._token_book(redrawn(self._exchange.listings[market_id]), outcome)

    def snapshot(self, market_id: MarketId, outcome: Outcome) -> wire.Book:
        """The same for the channel: what a subscriber gets first."""
        return _channel_book(self.rest_book(market_id, outcome), self._terms[market_id])

    def _other(self, said: Traded | Redrawn | TickRefined, now_ms: Ms) -> Iterator[Frame]:
        terms = self._terms[said.market_id]
        if isinstance(said, Traded):
            yield _frame(now_ms, Audience.TOKEN, terms, _trade(said, terms, now_ms))
        elif isinstance(said, TickRefined):
            for token in _tokens(terms):
                message = wire.TickSizeChange(
                    market=said.market_id,
                    asset_id=token,
                    old_tick_size=wire.price_text(said.old),
                    new_tick_size=wire.price_text(said.new),
                    timestamp=str(now_ms),
                )
                yield _frame(now_ms, Audience.TOKEN, terms, message)
        else:
            books = tuple(_channel_book(self._token_book(said, outcome), terms) for outcome in Outcome)
            yield _frame(now_ms, Audience.TOKEN, terms, *books)

    def _token_book(self, said: Redrawn, outcome: Outcome) -> wire.RestBook:
        bids, asks, last = said.bids, said.asks, said.last_price
        if outcome is Outcome.NO:
            bids, asks = mirrored_levels(asks), mirrored_levels(bids)
            last = None if last is None else mirrored(last)
        terms = self._terms[said.market_id]
        return wire.stamped(
            wire.RestBook(
                market=terms.market_id,
                asset_id=_tokens(terms)[outcome is Outcome.NO],
                timestamp=str(self._changed_ms[terms.market_id]),
                hash="",
                bids=wire.level_texts(bids),
                asks=wire.level_texts(asks),
                min_order_size=wire.size_text(terms.min_size),
                tick_size=wire.price_text(said.tick),
                neg_risk=terms.neg_risk,
                last_trade_price="" if last is None else wire.price_text(last),
            )
        )

    def _changes(self, levels: list[LevelSet], now_ms: Ms) -> Frame:
        terms = self._terms[levels[0].market_id]
        changes = [change for level in levels for change in _both_changes(level, terms)]
        message = wire.PriceChange(market=terms.market_id, price_changes=changes, timestamp=str(now_ms))
        return _frame(now_ms, Audience.MARKET, terms, message)

    def _new_tops(self, now_ms: Ms) -> Iterator[Frame]:
        """Best prices that are not what was said last, for those who asked for them."""
        for market_id, changed_ms in self._changed_ms.items():
            listing = self._exchange.listings.get(market_id)
            if changed_ms != now_ms or listing is None:
                continue
            top = (listing.book.bids.best, listing.book.asks.best)
            if top != self._tops.get(market_id):
                self._tops[market_id] = top
                tops = tuple(_top(listing.terms, outcome, *top, now_ms) for outcome in Outcome)
                for message in tops:
                    yield _frame(now_ms, Audience.CUSTOM_TOKEN, listing.terms, message)


def _frame(now_ms: Ms, audience: Audience, terms: Terms, *messages: wire.MarketMessage) -> Frame:
    return Frame(now_ms, audience, terms.market_id, _tokens(terms), messages)


def _tokens(terms: Terms) -> tuple[TokenId, TokenId]:
    return terms.yes_token, terms.no_token


def _channel_book(book: wire.RestBook, terms: Terms) -> wire.Book:
    return wire.Book(
        market=book.market,
        asset_id=book.asset_id,
        timestamp=book.timestamp,
        hash=book.hash,
        bids=book.bids,
        asks=book.asks,
        tick_size=book.tick_size,
        last_trade_price=book.last_trade_price,
        version="v2" if terms.version is Version.V2 else msgspec.UNSET,
    )


def _both_changes(level: LevelSet, terms: Terms) -> tuple[wire.Change, wire.Change]:
    """One level as both tokens see it: a bid for YES at p is an ask for NO at 1 - p."""
    size = wire.size_text(level.size)
    bid, ask = level.best_bid, level.best_ask
    return (
        wire.Change(
            asset_id=terms.yes_token,
            price=wire.price_text(level.price),
            size=size,
            side="BUY" if level.is_bid else "SELL",
            hash=wire.order_hash(level.order_id, terms.yes_token),
            best_bid=_bid_text(bid),
            best_ask=_ask_text(ask),
        ),
        wire.Change(
            asset_id=terms.no_token,
            price=wire.price_text(mirrored(level.price)),
            size=size,
            side="SELL" if level.is_bid else "BUY",
            hash=wire.order_hash(level.order_id, terms.no_token),
            best_bid=_bid_text(None if ask is None else mirrored(ask)),
            best_ask=_ask_text(None if bid is None else mirrored(bid)),
        ),
    )


def _trade(said: Traded, terms: Terms, now_ms: Ms) -> wire.LastTradePrice:
    return wire.LastTradePrice(
        market=terms.market_id,
        asset_id=terms.yes_token if said.outcome is Outcome.YES else terms.no_token,
        price=wire.price_text(said.price),
        size=wire.size_text(said.shares),
        fee_rate_bps=text(terms.fee_rate * 10_000 // CERTAIN, 0),
        side="BUY" if said.side is Side.BUY else "SELL",
        timestamp=str(now_ms),
        transaction_hash=tx_hash(terms.market_id, said.trade_id),
    )


def _top(terms: Terms, outcome: Outcome, bid: Price | None, ask: Price | None, now_ms: Ms) -> wire.BestBidAsk:
    if outcome is Outcome.NO:
        bid, ask = (None if ask is None else mirrored(ask)), (None if bid is None else mirrored(bid))
    return wire.BestBidAsk(
        market=terms.market_id,
        asset_id=_tokens(terms)[outcome is Outcome.NO],
        best_bid=_bid_text(bid),
        best_ask=_ask_text(ask),
        spread=wire.price_text(Price((ONE if ask is None else ask) - (0 if bid is None else bid))),
        timestamp=str(now_ms),
    )


def _bid_text(bid: Price | None) -> str:
    return wire.NOBODY_BIDS if bid is None else wire.price_text(bid)


def _ask_text(ask: Price | None) -> str:
    return wire.NOBODY_ASKS if ask is None else wire.price_text(ask)
