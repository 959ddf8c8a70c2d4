"""Messages of the market channel in the venue's own fields (polymarket.md 5), and of the match feed.

Every number is text, times are epoch milliseconds as text, and fields come in the venue's own order: a
decoder's speed depends on it. ``announcer`` decides what is said when.
"""

from functools import cache
from hashlib import sha1
from typing import Final, Literal

import msgspec

from core.ids import MarketId, TokenId
from core.units import Ms, Price, Shares, text
from simulator.exchange.book import Levels

NOBODY_BIDS: Final = "0"  # how an empty side is written beside a change
NOBODY_ASKS: Final = "1"


class LevelText(msgspec.Struct, frozen=True):
    price: str
    size: str


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One token's whole book, best price last on both sides. Only those of v2 markets say their version."""

    market: MarketId
    asset_id: TokenId
    timestamp: str
    hash: str
    bids: list[LevelText]
    asks: list[LevelText]
    tick_size: str
    event_type: Literal["book"] = "book"
    last_trade_price: str
    version: Literal["v2"] | msgspec.UnsetType = msgspec.UNSET


class RestBook(msgspec.Struct, frozen=True):
    """What ``GET /book`` answers. Its fields in this order are what ``hash`` is computed over."""

    market: MarketId
    asset_id: TokenId
    timestamp: str
    hash: str
    bids: list[LevelText]
    asks: list[LevelText]
    min_order_size: str
    tick_size: str
    neg_risk: bool
    last_trade_price: str


class Change(msgspec.Struct, frozen=True):
    asset_id: TokenId
    price: str
    size: str
    side: str
    hash: str
    best_bid: str
    best_ask: str


class PriceChange(msgspec.Struct, frozen=True, kw_only=True):
    market: MarketId
    price_changes: list[Change]
    timestamp: str
    event_type: Literal["price_change"] = "price_change"


class LastTradePrice(msgspec.Struct, frozen=True, kw_only=True):
    market: MarketId
    asset_id: TokenId
    price: str
    size: str
    fee_rate_bps: str
    side: str
    timestamp: str
    event_type: Literal["last_trade_price"] = "last_trade_price"
    transaction_hash: str


class TickSizeChange(msgspec.Struct, frozen=True, kw_only=True):
    market: MarketId
    asset_id: TokenId
    old_tick_size: str
    new_tick_size: str
    timestamp: str
    event_type: Literal["tick_size_change"] = "tick_size_change"


class BestBidAsk(msgspec.Struct, frozen=True, kw_only=True):
    market: MarketId
    asset_id: TokenId
    best_bid: str
    best_ask: str
    spread: str
    timestamp: str
    event_type: Literal["best_bid_ask"] = "best_bid_ask"


class EventMessage(msgspec.Struct, frozen=True):
    id: str
    ticker: str
    slug: str
    title: str
    description: str


class FeeScheduleText(msgspec.Struct, frozen=True):
    exponent: str
    rate: str
    taker_only: bool
    rebate_rate: str


class NewMarket(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    question: str
    market: MarketId
    slug: str
    description: str
    assets_ids: list[TokenId]
    outcomes: list[str]
    event_message: EventMessage
    timestamp: str
    event_type: Literal["new_market"] = "new_market"
    tags: list[str]
    condition_id: MarketId
    active: bool
    clob_token_ids: list[TokenId]
    sports_market_type: str
    line: str
    game_start_time: str
    order_price_min_tick_size: str
    group_item_title: str
    taker_base_fee: str
    fees_enabled: bool
    fee_schedule: FeeScheduleText


class MarketResolved(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    market: MarketId
    assets_ids: list[TokenId]
    winning_asset_id: str
    winning_outcome: str
    timestamp: str
    event_type: Literal["market_resolved"] = "market_resolved"
    tags: list[str]


MarketMessage = Book | PriceChange | LastTradePrice | TickSizeChange | BestBidAsk | NewMarket | MarketResolved


class MatchMessage(msgspec.Struct, frozen=True):
    """One word of our own match feed. Teams by index: 0 is the YES team of the match's markets."""

    match_id: str
    game: str
    teams: tuple[str, str]
    tournament: str
    best_of: int
    kind: str
    map_number: int
    maps: tuple[int, int]
    score: tuple[int, int]
    lead: int
    clock_ms: Ms
    winner: int | None
    said_ms: Ms


@cache
def price_text(price: Price) -> str:
    return text(price, 4)


def size_text(size: Shares) -> str:
    return text(size, 6)


def level_texts(levels: Levels) -> list[LevelText]:
    """Best price last, as the venue writes them."""
    return [LevelText(price_text(price), size_text(size)) for price, size in reversed(levels)]


def stamped(book: RestBook) -> RestBook:
    """The same book with its hash: SHA-1 over its compact JSON with an empty hash (polymarket.md 5)."""
    return msgspec.structs.replace(book, hash=sha1(msgspec.json.encode(book)).hexdigest())  # noqa: S324


def order_hash(order_id: str, token: TokenId) -> str:
    """The 40 hex digits that stand beside a change; nobody can recompute the venue's."""
    return sha1(f"{order_id}|{token}".encode()).hexdigest()  # noqa: S324
