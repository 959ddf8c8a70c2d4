"""Snapshot plus numbered changes is the fresh snapshot, whatever happened between."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.changes import apply
from trading.board.board import Board

KEYS = st.sampled_from(["totals", "halt", "market:0x1", "market:0x2", "fill:1"])
ROWS = st.dictionaries(KEYS, st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)))


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_applying_every_change_gives_the_board(boards: list[dict[str, dict[str, int]]]) -> None:
    board = Board(epoch=7)
    shown: Any = {}

    for rows in boards:
        change = board.change(rows)
        if change is not None:
            shown = apply(shown, change.rows)

        assert dict(shown) == rows
        assert board.snapshot() == {"epoch": 7, "seq": board.seq, "rows": rows}


def test_changes_are_numbered_without_a_gap_and_only_when_something_differs() -> None:
    board = Board(epoch=1)

    first = board.change({"totals": {"orders": 1}})
    same = board.change({"totals": {"orders": 1}})
    second = board.change({"totals": {"orders": 2}})

    assert first is not None
    assert second is not None
    assert same is None
    assert (first.seq, second.seq) == (1, 2)


def test_a_row_that_is_gone_is_told_as_gone() -> None:
    board = Board(epoch=1)
    board.change({"market:0x1": {"state": "IDLE"}})

    change = board.change({})

    assert change is not None
    assert change.rows == {"market:0x1": None}
