"""Differences put into the rows of a stack that trades: what a lost message or a broken disk would leave.

Each spoils the newest account and returns what it did, or ``None`` where there is nothing to spoil yet. Rows are chosen
old enough not to be left out. Direct SQL on purpose: no code of ours writes such rows.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

OLD_MS: Final = 120_000
Spoil = Callable[[sqlite3.Connection, int, int], str | None]

CHOSEN: Final = """
    SELECT f.fill_id, f.order_key FROM trading_fill f JOIN trading_order o ON o.key = f.order_key
    WHERE f.account_id = ? AND f.status = 'confirmed' AND f.heard_ms < ? AND o.closed_ms IS NOT NULL
      AND (SELECT count(*) FROM trading_fill g WHERE g.order_key = f.order_key) = 1
    ORDER BY f.id LIMIT 1 OFFSET ?
"""


def spoil(database: Path, what: str, now_ms: int) -> str | None:
    with closing(sqlite3.connect(database, timeout=30)) as rows:
        account = rows.execute("SELECT max(id) FROM trading_account").fetchone()[0]
        done = SPOILS[what](rows, account, now_ms)
        rows.commit()
        return done


def missing_fill(rows: sqlite3.Connection, account: int, now: int) -> str | None:
    found = rows.execute(CHOSEN, (account, now - OLD_MS, 0)).fetchone()
    if found is None:
        return None
    _forget(rows, found[0])
    return f"fill {found[0][:12]} and its entries are gone"


def external_trade(rows: sqlite3.Connection, account: int, now: int) -> str | None:
    """An order of which no row tells is nobody's here."""
    found = rows.execute(CHOSEN, (account, now - OLD_MS, 1)).fetchone()
    if found is None:
        return None
    _forget(rows, found[0])
    rows.execute("DELETE FROM trading_order WHERE key = ?", (found[1],))
    return f"order of fill {found[0][:12]} is gone with all its rows"


def phantom_fill(rows: sqlite3.Connection, account: int, now: int) -> str | None:
    found = rows.execute(CHOSEN, (account, now - OLD_MS, 2)).fetchone()
    if found is None:
        return None
    name = "00000000-0000-4000-8000-000000000001:" + found[0].split(":")[1]
    old = str(now - OLD_MS)
    fresh = {"fill_id": f"'{name}'", "said_ms": old, "heard_ms": old, "at_ms": old, "writer": "'spoiled'"}
    _copy(rows, "trading_fill", fresh, found[0])
    _copy(rows, "trading_entry", fresh, found[0])
    return f"fill {found[0][:12]} is there twice"


def wrong_balance(rows: sqlite3.Connection, account: int, now: int) -> str | None:
    found = rows.execute(
        "SELECT max(id) FROM trading_entry WHERE account_id = ? AND kind = 'buy' AND at_ms < ?",
        (account, now - OLD_MS),
    ).fetchone()
    if found[0] is None:
        return None
    rows.execute("UPDATE trading_entry SET shares = shares + 3000000 WHERE id = ?", found)
    return f"entry {found[0]} has 3 shares too many"


def lost_order(rows: sqlite3.Connection, account: int, now: int) -> str | None:
    found = rows.execute(
        "SELECT min(id) FROM trading_order WHERE account_id = ? AND status = 'cancelled'", (account,)
    ).fetchone()
    if found[0] is None:
        return None
    rows.execute(
        "UPDATE trading_order SET status = 'live', closed_ms = NULL, moved_ms = ? WHERE id = ?",
        (now - OLD_MS, found[0]),
    )
    return f"order {found[0]} is open again in its row"


SPOILS: Final[Mapping[str, Spoil]] = {
    "missing_fill": missing_fill,
    "external_trade": external_trade,
    "phantom_fill": phantom_fill,
    "wrong_balance": wrong_balance,
    "lost_order": lost_order,
}


def _forget(rows: sqlite3.Connection, fill_id: str) -> None:
    for table in ("trading_entry", "trading_fill"):
        rows.execute(f"DELETE FROM {table} WHERE fill_id = ?", (fill_id,))  # noqa: S608 our own names


def _copy(rows: sqlite3.Connection, table: str, fresh: Mapping[str, str], fill_id: str) -> None:
    names = [row[1] for row in rows.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    values = ", ".join(fresh.get(name, name) for name in names)
    copied = f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE fill_id = ?"  # noqa: S608
    rows.execute(copied, (fill_id,))
