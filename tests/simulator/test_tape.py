"""Tapes the simulator writes: the layout of the recordings, complete, the same bytes for the same seed."""

import gzip
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator.tape import write_tape


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as tape:
        return [json.loads(line) for line in tape]


def messages(line: dict[str, Any]) -> list[dict[str, Any]]:
    frame = line["frame"]
    return frame if isinstance(frame, list) else [frame]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "evening.jsonl.gz"
    write_tape(path, seed=7, minutes=3)
    return path


def test_every_line_is_a_frame_with_its_time(tape: Path) -> None:
    read = lines(tape)

    assert all(set(line) == {"recv_ms", "frame"} for line in read)
    assert all(one["recv_ms"] <= two["recv_ms"] for one, two in pairwise(read))


def test_each_market_begins_with_its_books(tape: Path) -> None:
    seen: set[str] = set()

    for line in lines(tape):
        for message in messages(line):
            assert message["market"] in seen or message["event_type"] == "book"
            seen.add(message["market"])


def test_markets_json_names_the_tokens_of_every_market(tape: Path) -> None:
    described = {
        market["market_id"]: market for market in json.loads((tape.parent / "markets.json").read_text())
    }

    for line in lines(tape):
        for message in messages(line):
            market = described[message["market"]]
            for change in message.get("price_changes", []):
                assert change["asset_id"] in (market["yes_token_id"], market["no_token_id"])
    assert len(described) >= 8
    assert all(market["yes_name"] != market["no_name"] for market in described.values())


@pytest.mark.parametrize(("changes_per_frame", "most"), [(2, 2), (38, 38)])
def test_a_frame_carries_as_many_changes_as_asked(tmp_path: Path, changes_per_frame: int, most: int) -> None:
    path = tmp_path / "tape.jsonl.gz"
    write_tape(path, seed=7, minutes=1, changes_per_frame=changes_per_frame)

    sizes = Counter(len(m.get("price_changes", [])) for line in lines(path) for m in messages(line))

    assert max(sizes) <= most
    assert max(sizes) > most // 3


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, tape: Path) -> None:
    again = tmp_path / "again.jsonl.gz"

    write_tape(again, seed=7, minutes=3)

    assert again.read_bytes() == tape.read_bytes()
    assert (tmp_path / "markets.json").read_bytes() == (tape.parent / "markets.json").read_bytes()
