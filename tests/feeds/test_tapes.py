"""Recordings of every layout are read; what cannot be read is counted, and never ends the reading early."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from core.events import MarketKind
from core.ids import MarketId
from core.units import ONE, Ms, price, shares
from feeds import market_defaults
from feeds.market_defaults import BadDefaults
from feeds.refusals import Refusal, RefusalReason
from feeds.tapes import NotATape, Tape, TapeFrame, TapeLine, TapeListing, open_tape
from tests.feeds.frames import MARKET, NO_TOKEN, SAID, YES_TOKEN, a_book, a_level, changes

DEFAULTS = market_defaults.load()
BOOKS = [a_book(), a_book(NO_TOKEN)]


def a_line(ms: int, frame: Any, *, said: int | None = None) -> str:
    stamped = json.loads(json.dumps(frame))
    for message in stamped if isinstance(stamped, list) else [stamped]:
        message["timestamp"] = str(SAID + (ms if said is None else said))
    return json.dumps({"recv_ms": SAID + ms, "frame": stamped})


def a_tape(path: Path, *lines: str) -> tuple[Tape, list[Refusal]]:
    path.write_text("".join(f"{line}\n" for line in lines))
    told: list[Refusal] = []
    return open_tape(path, DEFAULTS, told.append), told


def frames(lines: list[TapeLine]) -> list[TapeFrame]:
    return [line for line in lines if isinstance(line, TapeFrame)]


def listings(lines: list[TapeLine]) -> list[TapeListing]:
    return [line for line in lines if isinstance(line, TapeListing)]


def test_a_market_without_a_description_is_learned_and_told_before_its_first_frame(tmp_path: Path) -> None:
    tape, told = a_tape(tmp_path / "t.jsonl", a_line(0, BOOKS[0]), a_line(5, changes(a_level(NO_TOKEN))))

    lines = list(tape)

    assert [type(line) for line in lines] == [TapeListing, TapeFrame, TapeFrame]
    listing = listings(lines)[0].listing
    assert (listing.yes_token, listing.no_token) == (YES_TOKEN, NO_TOKEN)
    assert listing.heard_ms == SAID
    assert tape.defaults == {"crypto": 1}, "what names no category gets the dearer one"
    assert told == []


def test_a_description_beside_the_tape_names_tokens_terms_and_payout(tmp_path: Path) -> None:
    described = {
        "market_id": MARKET,
        "yes_token_id": NO_TOKEN,
        "no_token_id": YES_TOKEN,
        "question": "Dota 2: Carstensz vs Ivory - Game 2 Winner",
        "yes_name": "Carstensz",
        "no_name": "Ivory",
        "event_id": "77",
        "match_id": "880",
        "map_number": 2,
        "best_of": 3,
        "tick": "0.001",
        "min_size": "15",
        "delay_ms": 3000,
        "fee_rate": "0.03",
        "rebate": "0.2",
        "payout_yes": "1",
    }
    (tmp_path / "markets.json").write_text(json.dumps([described]))
    tape, _ = a_tape(tmp_path / "t.jsonl", a_line(0, BOOKS))

    (told,) = listings(list(tape))

    listing = told.listing
    assert (listing.yes_token, listing.kind, listing.map_number) == (NO_TOKEN, MarketKind.MAP, 2)
    assert (listing.tick, listing.min_size, listing.delay_ms) == (price("0.001"), shares("15"), 3_000)
    assert listing.fees is not None
    assert listing.fees.rate == 30_000
    assert tape.payouts == {MarketId(MARKET): ONE}
    assert tape.defaults == {}


@pytest.mark.parametrize(
    ("packed", "suffix"), [(gzip.compress, ".gz"), (zstandard.compress, ".zst"), (bytes, "")]
)
def test_the_packing_is_recognised(tmp_path: Path, packed: Any, suffix: str) -> None:
    path = tmp_path / f"t.jsonl{suffix}"
    path.write_bytes(packed(f"{a_line(0, BOOKS)}\n".encode()))

    assert len(frames(list(open_tape(path, DEFAULTS)))) == 1


def test_raw_rows_of_other_sources_are_counted_as_unused(tmp_path: Path) -> None:
    row = {"source": "polymarket_clob", "recv_wall_ts": SAID, "payload": json.dumps(BOOKS)}
    tape, told = a_tape(
        tmp_path / "t.jsonl",
        json.dumps(row),
        json.dumps({"source": "binance", "recv_wall_ts": SAID, "payload": "{}"}),
    )

    assert frames(list(tape)) == [TapeFrame(Ms(SAID), json.dumps(BOOKS).encode())]
    assert tape.unused == {"binance": 1}
    assert told == []


def test_a_malformed_line_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    tape, told = a_tape(tmp_path / "t.jsonl", a_line(0, BOOKS), '{"recv_ms": oops', a_line(5, BOOKS))

    assert len(frames(list(tape))) == 2
    assert tape.refused == {RefusalReason.UNREADABLE_LINE: 1}
    assert "line 2" in told[0].detail


@pytest.mark.parametrize("line", ['{"hello": 1}', "[]", '{"recv_ms": 1790000000000}'])
def test_a_line_of_no_layout_is_refused(tmp_path: Path, line: str) -> None:
    tape, _ = a_tape(tmp_path / "t.jsonl", line)

    assert list(tape) == []
    assert tape.refused == {RefusalReason.UNREADABLE_LINE: 1}


def test_a_line_without_a_receive_time_is_refused(tmp_path: Path) -> None:
    tape, _ = a_tape(tmp_path / "t.jsonl", json.dumps({"frame": BOOKS}))

    assert list(tape) == []
    assert tape.refused == {RefusalReason.BAD_TIMESTAMP: 1}


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.compress, bytes])
def test_a_truncated_tape_is_read_as_far_as_it_goes(tmp_path: Path, packed: Any) -> None:
    whole = "".join(
        f"{a_line(ms, changes(a_level(), a_level(NO_TOKEN, size=str(ms))))}\n" for ms in range(3_000)
    )
    path = tmp_path / "t.jsonl"
    body = packed(whole.encode())
    path.write_bytes(body[: len(body) * 3 // 4])
    tape = open_tape(path, DEFAULTS)

    read = frames(list(tape))

    assert 0 < len(read) < 3_000
    assert tape.refused == {RefusalReason.TRUNCATED: 1}


def test_a_clock_that_jumps_back_is_refused_until_it_is_right_again(tmp_path: Path) -> None:
    tape, told = a_tape(
        tmp_path / "t.jsonl",
        a_line(60_000, BOOKS),
        a_line(0, BOOKS),
        a_line(59_500, BOOKS),
        a_line(60_001, BOOKS),
    )

    read = frames(list(tape))

    assert [line.recv_ms - SAID for line in read] == [60_000, 60_000, 60_001], (
        "half a second back is two threads"
    )
    assert tape.refused == {RefusalReason.CLOCK_JUMP: 1}
    assert told[0].detail == "60000 ms backwards"


def test_a_clock_that_jumps_ahead_of_what_is_said_is_refused_and_a_long_silence_is_not(
    tmp_path: Path,
) -> None:
    hours = 5 * 3_600_000
    jumped, _ = a_tape(
        tmp_path / "a.jsonl", a_line(0, BOOKS), a_line(hours, BOOKS, said=10), a_line(20, BOOKS)
    )
    silent, _ = a_tape(tmp_path / "b.jsonl", a_line(0, BOOKS), a_line(hours, BOOKS))

    assert len(frames(list(jumped))) == 2
    assert jumped.refused == {RefusalReason.CLOCK_JUMP: 1}
    assert len(frames(list(silent))) == 2
    assert silent.refused == {}


def test_a_folder_is_merged_by_time_and_each_market_told_once(tmp_path: Path) -> None:
    a_tape(tmp_path / "a.jsonl", a_line(0, BOOKS), a_line(20, BOOKS))
    a_tape(tmp_path / "b.jsonl", a_line(10, BOOKS))

    lines = list(open_tape(tmp_path, DEFAULTS))

    assert [line.recv_ms - SAID for line in frames(lines)] == [0, 10, 20]
    assert len(listings(lines)) == 1


def test_a_tape_reads_the_same_twice(tmp_path: Path) -> None:
    tape, _ = a_tape(tmp_path / "t.jsonl", a_line(0, BOOKS), "torn", a_line(5, BOOKS))

    assert list(tape) == list(tape)
    assert tape.refused == {RefusalReason.UNREADABLE_LINE: 1}
    assert tape.lines == 3


def test_what_is_no_tape_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NotATape, match="neither a file nor a folder"):
        open_tape(tmp_path / "nothing", DEFAULTS)
    with pytest.raises(NotATape, match=r"holds no file that ends in \.jsonl"):
        open_tape(tmp_path, DEFAULTS)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("categories: {}\nunnamed: x", "no category is called 'x'"),
        ("categories: []\nunnamed: x", "categories"),
        ("unnamed: x", "missing required field `categories`"),
        ("categories: {}\nunnamed: x\nfees: 1", "unknown field `fees`"),
        ("a: [", "t.yaml"),
    ],
)
def test_a_bad_defaults_file_names_the_file_and_the_fault(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)

    with pytest.raises(BadDefaults, match=r"t\.yaml") as raised:
        market_defaults.load(path)

    assert complaint in str(raised.value)


def test_a_rate_that_is_no_number_names_the_file(tmp_path: Path) -> None:
    terms = '{fee_rate: "5%", fee_exponent: 1, rebate: "0", tick: "0.01", min_size: "5", delay_ms: 0}'
    path = tmp_path / "t.yaml"
    path.write_text(f"categories:\n  x: {terms}\nunnamed: x\n")

    with pytest.raises(BadDefaults, match="'5%'"):
        market_defaults.load(path)
