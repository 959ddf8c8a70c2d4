"""The market channel's messages as the venue sends them (polymarket.md 5). Shapes only; ``parse`` gives them meaning.

One struct for all event types instead of a union by ``event_type``: the venue sends that field last, and a union
would read every message twice to find it. Fields we do not use are skipped by the decoder, unknown ones too.
"""

from typing import Final, Literal

from msgspec import Struct
from msgspec.json import Decoder

PONG: Final = "PONG"
BOOK_TYPES: Final = frozenset({"book", "price_change", "best_bid_ask"})
KNOWN: Final = BOOK_TYPES | {"last_trade_price", "tick_size_change", "market_resolved", "new_market", ""}

WireSide = Literal["BUY", "SELL"]


class WireLevel(Struct, gc=False):
    price: str
    size: str


class WireChange(Struct, gc=False):
    """One level's new aggregate size; "0" removes it. The best prices are those after it."""

    asset_id: str
    price: str
    size: str
    side: WireSide
    best_bid: str = ""
    best_ask: str = ""


class Message(Struct, gc=False):
    """Any message of the channel, or the body of ``GET /book`` (which has no ``event_type``). "" = not sent."""

    event_type: str = ""
    market: str = ""
    asset_id: str = ""
    timestamp: str = ""
    price_changes: list[WireChange] | None = None
    bids: list[WireLevel] | None = None
    asks: list[WireLevel] | None = None
    tick_size: str = ""
    new_tick_size: str = ""
    price: str = ""
    size: str = ""
    side: str = ""
    best_bid: str = ""
    best_ask: str = ""
    winning_asset_id: str | None = None
    winning_outcome: str | None = None
    assets_ids: list[str] | None = None


FRAME: Final = Decoder(Message | list[Message])
ANYTHING: Final = Decoder()
