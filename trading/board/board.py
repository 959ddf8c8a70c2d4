"""The board: one snapshot and numbered changes, so that a browser never has to ask twice.

Pure bookkeeping: ``Board.change`` compares rows with what was sent before and numbers what differs. Publishing
is ``trading.board.publishing``'s. The test is ``apply(old, changes) == fresh snapshot``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that differ since number ``seq - 1``. ``None``: the row is gone.

    ``epoch`` names the life of the publishing process: a reader that sees another one starts afresh.
    """

    epoch: int
    seq: int
    rows: Mapping[str, Row | None]


class Board:
    """What readers have been told so far."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.seq = 0
        self._told: dict[str, Row] = {}

    def change(self, rows: Mapping[str, Row]) -> Change | None:
        """Make ``rows`` the board. ``None`` when nothing differs."""
        differs: dict[str, Row | None] = {key: row for key, row in rows.items() if self._told.get(key) != row}
        differs.update(dict.fromkeys(self._told.keys() - rows.keys()))
        if not differs:
            return None
        self.seq += 1
        self._told = dict(rows)
        return Change(self.epoch, self.seq, differs)

    def snapshot(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "seq": self.seq, "rows": self._told}
