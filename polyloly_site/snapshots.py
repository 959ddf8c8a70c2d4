"""``data/state_snapshot.json`` and ``data/positions.json``: what to look at when nothing else starts.

Written from the database by ops every 30 s and by the launcher at the end. A reader sees a whole file, the old one
or the new one. Amounts are decimal text.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from core.units import text
from infra import checks, clock
from infra.reading import one_reading
from risk import selectors as risk
from trading import selectors as trading

SCHEMA: Final = 1


def write() -> Path:
    """Write both files; the folder they are in. Raises ``DatabaseError`` or ``OSError``, the old files kept."""
    folder: Path = settings.POLYLOLY.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    head = {"schema": SCHEMA, "at_ms": clock.now_ms(), "mode": settings.POLYLOLY.mode}
    with one_reading():
        now, held = state(), positions()
    _replace(folder / "state_snapshot.json", {**head, **now})
    _replace(folder / "positions.json", {**head, "positions": held})
    return folder


def whole() -> dict[str, Any]:
    """What an incident keeps: the state, what is held, and what every check says."""
    found = [{"name": c.name, "verdict": c.verdict, "detail": c.detail} for c in checks.run_all()]
    with one_reading():
        return {"at_ms": clock.now_ms(), **state(), "positions": positions(), "checks": found}


def state() -> dict[str, Any]:
    """The account, what is halted, what rests at the venue."""
    polyloly = settings.POLYLOLY
    halt = risk.halt_in_force()
    account = trading.account_of(**polyloly.account)
    profits = None if account is None else risk.profits(account.pk)
    return {
        "account": None if account is None else {"name": account.name, "id": account.pk},
        "cash": None if account is None else text(trading.entries_sum(account.pk), 6),
        "equity": None if profits is None else text(profits.equity, 6),
        "valued_ms": None if profits is None else profits.valued_ms,
        "halt": None
        if halt is None
        else {"code": halt.code, "detail": halt.detail, "began_ms": halt.began_ms},
        "halted_markets": sorted(risk.market_halts()),
        "open_orders": [] if account is None else open_orders(account.pk),
    }


def open_orders(account_id: int) -> list[dict[str, Any]]:
    return [
        {
            "key": order.key,
            "order_id": order.order_id,
            "market_id": order.market_id,
            "outcome": order.outcome,
            "side": order.side,
            "price": text(order.price, 4),
            "shares": text(order.shares, 6),
            "filled": text(order.filled, 6),
            "status": order.status,
        }
        for order in trading.open_orders(account_id)
    ]


def positions() -> list[dict[str, Any]]:
    account = trading.account_in_use()
    if account is None:
        return []
    return [
        {
            "market_id": held.market_id,
            "yes": text(held.yes, 6),
            "no": text(held.no, 6),
            "cash_flow": text(held.usdc, 6),
        }
        for held in trading.open_positions(account.pk)
    ]


def _replace(path: Path, content: dict[str, Any]) -> None:
    """Put a whole file in place of the old one; a crash leaves one of the two, and a rest that the next writer ends."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    for rest in path.parent.glob(f".{path.name}.*"):
        if not _alive(rest.suffix.removeprefix(".")):
            rest.unlink(missing_ok=True)
    with fresh.open("w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _alive(pid: str) -> bool:
    """Whether the process that began a file may still be writing it."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        return True
    return True
