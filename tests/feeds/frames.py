"""Words for the tests of the market channel: one market, messages as the venue writes them."""

import json
from typing import Any

from core.ids import MarketId, Outcome, TokenId
from core.units import Ms, Price
from feeds.refusals import Refusal, RefusalReason
from feeds.sources.polymarket.parse import Parser

MARKET = "0x" + "ab" * 32
YES_TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
NO_TOKEN = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
CENT = Price(100)
SAID = 1_790_000_000_000
HEARD = Ms(SAID + 20)


def a_parser(*, tick: Price = CENT) -> tuple[Parser, list[Refusal]]:
    """A parser of the one market, and the list its refusals are told to."""
    told: list[Refusal] = []
    terms = {
        TokenId(YES_TOKEN): (MarketId(MARKET), Outcome.YES, tick),
        TokenId(NO_TOKEN): (MarketId(MARKET), Outcome.NO, tick),
    }
    return Parser(terms, told.append), told


def reasons(told: list[Refusal]) -> list[RefusalReason]:
    return [refusal.reason for refusal in told]


def frame(*messages: dict[str, Any]) -> bytes:
    return json.dumps(messages[0] if len(messages) == 1 else list(messages)).encode()


def a_book(
    token: str = YES_TOKEN,
    bids: dict[str, str] | None = None,
    asks: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    return {
        "market": MARKET,
        "asset_id": token,
        "timestamp": str(SAID),
        "hash": "cafe",
        "bids": [{"price": price, "size": size} for price, size in (bids or {"0.48": "30"}).items()],
        "asks": [{"price": price, "size": size} for price, size in (asks or {"0.52": "25"}).items()],
        "event_type": "book",
        **more,
    }


def a_level(
    token: str = YES_TOKEN,
    side: str = "BUY",
    price: str = "0.48",
    size: str = "30",
    best: tuple[str, str] | None = ("0.48", "0.52"),
) -> dict[str, Any]:
    tops = {} if best is None else {"best_bid": best[0], "best_ask": best[1]}
    return {"asset_id": token, "price": price, "size": size, "side": side, "hash": "cafe", **tops}


def changes(*levels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "market": MARKET,
        "price_changes": list(levels),
        "timestamp": str(SAID),
        "event_type": "price_change",
        **more,
    }


def a_print(**more: Any) -> dict[str, Any]:
    return {
        "event_type": "last_trade_price",
        "asset_id": NO_TOKEN,
        "market": MARKET,
        "price": "0.456",
        "size": "219.217767",
        "fee_rate_bps": "0",
        "side": "SELL",
        "timestamp": str(SAID),
        **more,
    }
