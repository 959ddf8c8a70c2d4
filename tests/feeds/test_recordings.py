"""The real recordings: phantoms, the mirrored book against the venue's own word, and no crash on any of them."""

import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.book import Book, PhantomEnded, Trust
from core.events import BookChanged, BookSnapshot
from core.ids import MarketId, Outcome
from core.units import Ms
from feeds import market_defaults
from feeds.refusals import RefusalReason
from feeds.sources.polymarket.parse import Parser
from feeds.tapes import TapeListing, open_tape

pytestmark = pytest.mark.tape

FOLDERS = ("btc15m_l2_2026-09", "btc15m_raw_ws_2026-04", "dota2_jun16-17_book_vs_game")


@dataclass
class Played:
    """What came of a tape: stated tops and how many of them our one book did not share, and all phantoms."""

    frames: int = 0
    stated: int = 0
    not_ours: int = 0
    apart_ms: list[int] = field(default_factory=list)
    phantoms: list[PhantomEnded] = field(default_factory=list)
    books: dict[MarketId, Book] = field(default_factory=dict)
    refused: Counter[RefusalReason] = field(default_factory=Counter)


def play(path: Path) -> Played:
    played, apart = Played(), dict[tuple[MarketId, Outcome], Ms]()
    tape = open_tape(path, market_defaults.load())
    parser = Parser({})
    for line in tape:
        if isinstance(line, TapeListing):
            listing = line.listing
            played.books[listing.market_id] = Book(listing.market_id)
            yes = (listing.market_id, Outcome.YES, listing.tick)
            no = (listing.market_id, Outcome.NO, listing.tick)
            parser.learn({listing.yes_token: yes, listing.no_token: no})
            continue
        played.frames += 1
        for event in parser.parse(line.frame, line.recv_ms):
            if isinstance(event, BookChanged | BookSnapshot):
                hear(played, event, apart)
    played.refused = parser.refused + tape.refused
    return played


def hear(
    played: Played, event: BookChanged | BookSnapshot, apart: dict[tuple[MarketId, Outcome], Ms]
) -> None:
    book = played.books[event.market_id]
    book.apply(event)
    if event.ends_frame:
        notes = book.judge_frame(event.heard_ms)
        played.phantoms += [note for note in notes if isinstance(note, PhantomEnded)]
    if not isinstance(event, BookChanged):
        return
    for outcome, top in ((Outcome.YES, event.yes_top), (Outcome.NO, event.no_top)):
        if top is None:
            continue
        played.stated += 1
        key = (event.market_id, outcome)
        if book.top(outcome) != top:
            played.not_ours += 1
            apart.setdefault(key, event.heard_ms)
    for outcome in Outcome:
        raw = book.raw_yes if outcome is Outcome.YES else book.raw_no
        since = apart.get((event.market_id, outcome))
        if since is not None and raw == book.top(outcome):
            played.apart_ms.append(event.heard_ms - since)
            del apart[event.market_id, outcome]


@pytest.fixture(scope="module")
def mit(recordings: Path) -> Played:
    path = recordings / "btc15m_l2_2026-09" / "derived_ws_replay.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    return play(path)


def test_every_episode_of_a_sum_below_one_is_counted_once(mit: Played) -> None:
    spans = [note.ended_ms - note.began_ms for note in mit.phantoms]

    assert len(spans) == 29
    assert statistics.median(spans) == 7
    assert sum(book.phantoms for book in mit.books.values()) == 29


def test_the_one_book_shares_the_venues_top_in_all_but_four_frames(mit: Played) -> None:
    assert mit.stated == 25_000
    assert mit.not_ours <= 4
    assert len(mit.apart_ms) == mit.not_ours
    assert max(mit.apart_ms) < 1_100


def test_no_message_of_the_recording_is_refused(mit: Played) -> None:
    assert mit.frames == 12_756
    assert mit.refused == {}


def test_every_book_of_the_recording_is_believed_in_the_end(mit: Played) -> None:
    assert {book.trust for book in mit.books.values()} == {Trust.TRUSTED}


@pytest.mark.parametrize("folder", FOLDERS)
def test_recordings_of_every_layout_are_read_without_a_refusal(recordings: Path, folder: str) -> None:
    path = recordings / folder
    if not path.exists():
        pytest.skip(f"no recording at {path}")

    played = play(path)

    assert played.frames > 400
    assert played.refused == {}
    assert all(book.best_bid is not None or book.best_ask is not None for book in played.books.values())
