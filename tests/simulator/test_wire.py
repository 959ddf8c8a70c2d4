"""Each message has exactly the fields the venue's own messages have, in its order.

The lists below follow what was recorded in 2026; where the recordings are at hand they are compared too.
"""

import gzip
import json
import os
from pathlib import Path

import pytest

from tests.simulator.evenings import Hour

TAPES = Path(os.environ.get("TAPES", "../shared/data"))
RAW = TAPES / "btc15m_raw_ws_2026-04"
HAND_MADE = TAPES / "fixtures_wire" / "rust_test_data"
SESSION = TAPES / "ws_market_session_2026-10-05_excerpt" / "session.jsonl"
SPEC = TAPES / "venue_spec" / "asyncapi.json"

FIELDS = {
    "book": "market asset_id timestamp hash bids asks tick_size event_type last_trade_price",
    "price_change": "market price_changes timestamp event_type",
    "last_trade_price": "market asset_id price size fee_rate_bps side timestamp event_type transaction_hash",
    "tick_size_change": "market asset_id old_tick_size new_tick_size timestamp event_type",
    "best_bid_ask": "market asset_id best_bid best_ask spread timestamp event_type",
    "market_resolved": "id market assets_ids winning_asset_id winning_outcome timestamp event_type tags",
    "new_market": (
        "id question market slug description assets_ids outcomes event_message timestamp event_type tags"
        " condition_id active clob_token_ids sports_market_type line game_start_time"
        " order_price_min_tick_size group_item_title taker_base_fee fees_enabled fee_schedule"
    ),
}
CHANGE = "asset_id price size side hash best_bid best_ask"


def recording(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"no recording {path.name} under {TAPES} (set TAPES)")
    return path


@pytest.mark.parametrize("event_type", FIELDS)
def test_a_message_has_the_venues_fields_in_the_venues_order(hour: Hour, event_type: str) -> None:
    assert list(json.loads(hour.samples[event_type])) == FIELDS[event_type].split()


def test_a_change_has_the_venues_fields(hour: Hour) -> None:
    for change in json.loads(hour.samples["price_change"])["price_changes"]:
        assert list(change) == CHANGE.split()


def test_every_number_is_text_and_the_best_price_comes_last(hour: Hour) -> None:
    book = json.loads(hour.samples["book"])

    bids = [float(level["price"]) for level in book["bids"]]
    asks = [float(level["price"]) for level in book["asks"]]

    assert all(isinstance(level[name], str) for level in book["bids"] for name in ("price", "size"))
    assert bids == sorted(bids)
    assert asks == sorted(asks, reverse=True)
    assert len(book["hash"]) == 40
    assert book["timestamp"].isdecimal()


@pytest.mark.tape
def test_recorded_messages_have_the_same_fields(hour: Hour) -> None:
    recorded: dict[str, dict[str, object]] = {}
    for path in sorted(recording(RAW).glob("*.gz")):
        with gzip.open(path, "rt", errors="replace") as lines:
            for line in lines:
                row = json.loads(line)
                if row["source"] == "polymarket_clob":
                    payload = json.loads(row["payload"])
                    for message in payload if isinstance(payload, list) else [payload]:
                        recorded.setdefault(message.get("event_type"), message)

    for event_type in ("book", "price_change", "new_market"):
        assert set(json.loads(hour.samples[event_type])) == set(recorded[event_type])


@pytest.mark.tape
def test_a_new_market_has_the_fields_of_the_session_of_october(hour: Hour) -> None:
    received = [json.loads(line) for line in recording(SESSION).read_text().splitlines()]
    new_market = next(row["data"] for row in received if "new_market" in row["data"])

    ours = json.loads(hour.samples["new_market"])

    assert list(ours) == list(json.loads(new_market))
    assert ours["fee_schedule"].keys() == json.loads(new_market)["fee_schedule"].keys()


@pytest.mark.tape
@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        ("best_bid_ask", "ws_market_best_bid_ask_msg.json"),
        ("market_resolved", "ws_market_resolved_msg.json"),
        ("tick_size_change", "ws_market_tick_size_msg.json"),
    ],
)
def test_hand_made_samples_have_the_same_fields(hour: Hour, event_type: str, name: str) -> None:
    sample = json.loads(recording(HAND_MADE / name).read_text())

    assert set(json.loads(hour.samples[event_type])) == set(sample)


@pytest.mark.tape
@pytest.mark.parametrize("event_type", FIELDS)
def test_nothing_the_published_schema_requires_is_missing(hour: Hour, event_type: str) -> None:
    schemas = json.loads(recording(SPEC).read_text())["components"]["schemas"]
    schema = next(
        schema
        for schema in schemas.values()
        if schema["properties"].get("event_type", {}).get("const") == event_type
    )

    assert set(schema["required"]) <= set(json.loads(hour.samples[event_type]))
