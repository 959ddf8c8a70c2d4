"""What changed between two boards. ``apply(old, diff(old, new)) == new``, always.

Rows are JSON objects under a key and are sent whole: a row that differs anywhere is replaced, ``None`` removes it.
``static/js/board.js`` applies the same changes in the browser.
"""

from collections.abc import Mapping

Row = Mapping[str, object]
Rows = Mapping[str, Row]
Changes = Mapping[str, Row | None]


def diff(old: Rows, new: Rows) -> dict[str, Row | None]:
    """The smallest set of whole rows that turns ``old`` into ``new``."""
    changes: dict[str, Row | None] = {
        key: row for key, row in new.items() if key not in old or old[key] != row
    }
    return changes | dict.fromkeys(old.keys() - new.keys())


def apply(rows: Rows, changes: Changes) -> dict[str, Row]:
    """``rows`` after ``changes``. Removing a row that is not there is no error: a change may arrive twice."""
    after = {key: row for key, row in rows.items() if key not in changes}
    return after | {key: row for key, row in changes.items() if row is not None}
