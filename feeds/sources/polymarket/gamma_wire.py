"""Gamma's events and markets as they come (polymarket.md 7). Shapes only; ``gamma`` gives them meaning."""

from decimal import Decimal
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

Texts = str | list[str]


class WireTag(Struct):
    id: str | int


class WireSeries(Struct):
    title: str | None = None


class WireFees(Struct, rename="camel"):
    rate: Decimal | None = None
    exponent: Decimal | None = None
    taker_only: bool | None = None
    rebate_rate: Decimal | None = None


class WireMarket(Struct, rename="camel"):
    """Numbers come as JSON numbers or as text, lists as JSON text or as lists; absent means not said."""

    condition_id: str
    slug: str
    outcomes: Texts
    order_price_min_tick_size: Decimal
    order_min_size: Decimal
    sports_market_type: str | None = None
    question: str | None = None
    group_item_title: str | None = None
    version: Literal["v1", "v2"] | None = None
    clob_token_ids: Texts | None = None
    position_ids: Texts | None = None
    outcome_prices: Texts | None = None
    game_start_time: str | None = None
    active: bool = False
    closed: bool = False
    accepting_orders: bool = False
    seconds_delay: Decimal | None = None
    clear_book_on_start: bool | None = None
    neg_risk: bool | None = None
    fees_enabled: bool | None = None
    fee_schedule: WireFees | None = None
    uma_resolution_status: str | None = None
    resolution_status: str | None = None


class WireKind(Struct, rename="camel"):
    """As much of a market as says whether it concerns us."""

    sports_market_type: str | None = None


class WireEvent(Struct, rename="camel"):
    id: str | int
    title: str
    slug: str
    markets: list[Raw]
    game_id: str | int | None = None
    start_time: str | None = None
    score: str | None = None
    tags: list[WireTag] = msgspec.field(default_factory=list)
    series: list[WireSeries] = msgspec.field(default_factory=list)


class Page(Struct):
    """One answer of ``/events/keyset``. No cursor: it was the last."""

    events: list[Raw]
    next_cursor: str | None = None


pages: Final = Decoder(Page)
events: Final = Decoder(WireEvent)
kinds: Final = Decoder(WireKind)
markets: Final = Decoder(WireMarket, strict=False)
texts: Final = Decoder(list[str])
