"""The venue, its lists, the Data API and the chain behind one socket: they agree until a test spoils one of them."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from tests.trading.polymarket.fake_venue import KEY, FakeVenue, Heard, Says

WALLET: Final = "0x" + "11" * 20
MARKET: Final = "0x" + "ab" * 32
YES, NO = "1001", "1002"
ORDER: Final = "0x" + "aa" * 32
NOON_S: Final = 1_761_998_400
BALANCE_OF: Final = "0x70a08231"


@dataclass
class OtherSide(FakeVenue):
    """One trade as a taker: 10 YES for 4.8 USDC, confirmed long ago."""

    cash: int = 9_995_000_000
    shares: dict[str, int] = field(default_factory=lambda: {YES: 10_000_000})
    positions: list[dict[str, Any]] = field(default_factory=lambda: [a_position()])
    trades: list[dict[str, Any]] = field(default_factory=lambda: [a_trade()])
    markets: list[dict[str, Any]] = field(default_factory=lambda: [a_market()])
    activity: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        FakeVenue.__init__(self)

    def _of_itself(self, heard: Heard) -> Says:
        match heard.path:
            case "/rpc":
                return Says(self._on_chain(json.loads(heard.body)))
            case "/data/trades":
                return Says({"data": self.trades, "next_cursor": "LTE="})
            case "/data/orders":
                return Says({"data": [], "next_cursor": "LTE="})
            case "/v2/positions":
                return Says({"data": self.positions, "pagination": {"has_more": False}})
            case "/v2/activity":
                return Says({"data": self.activity, "pagination": {"has_more": False}})
            case "/v2/resolutions":
                return Says({"data": []})
            case "/markets/keyset":
                wanted = heard.query.get("closed") == "false"
                return Says({"markets": self.markets if wanted else []})
            case _:
                return super()._of_itself(heard)

    def _on_chain(self, asked: dict[str, Any]) -> dict[str, Any]:
        data = asked["params"][0]["data"]
        held = self.cash if data.startswith(BALANCE_OF) else self.shares.get(str(int(data[-64:], 16)), 0)
        return {"jsonrpc": "2.0", "id": asked["id"], "result": f"0x{held:064x}"}


def a_position(size: float = 10.0) -> dict[str, Any]:
    return {
        "condition_id": MARKET,
        "token_id": YES,
        "outcome_index": 0,
        "current_size": size,
        "total_cost_usdc": 4.92,
    }


def a_happening(kind: str, *, size: float, usdc: float, outcome_index: int = 999) -> dict[str, Any]:
    """A split or a merge concerns no outcome: index 999."""
    return {
        "type": kind,
        "condition_id": MARKET,
        "size": size,
        "usdc_size": usdc,
        "timestamp": NOON_S,
        "outcome_index": outcome_index,
        "transaction_hash": f"0x{kind}",
    }


def a_trade(**changed: Any) -> dict[str, Any]:
    return {
        "id": "t1",
        "taker_order_id": ORDER,
        "market": MARKET,
        "asset_id": YES,
        "side": "BUY",
        "size": "10",
        "price": "0.48",
        "status": "CONFIRMED",
        "match_time": str(NOON_S),
        "trader_side": "TAKER",
        "owner": KEY["apiKey"],
        "maker_address": WALLET,
        "maker_orders": [],
    } | changed


def a_market() -> dict[str, Any]:
    return {
        "conditionId": MARKET,
        "slug": "lol-t1-hle",
        "outcomes": '["T1", "HLE"]',
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "clobTokenIds": json.dumps([YES, NO]),
        "feesEnabled": True,
        "feeSchedule": {"exponent": 1, "rate": 0.05, "takerOnly": True, "rebateRate": 0.15},
    }
