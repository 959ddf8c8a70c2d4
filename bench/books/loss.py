"""The database of a stack that traded is lost: what ``--rebuild-state`` brings back, figure by figure."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.books import commands
from bench.rehearsal.runs import migrated
from tests.stacks import Stack

LAG_TRIES: Final = 4
SAID: Final = "not known again"


def restored(stack: Stack, known: dict[str, str], reason: str) -> tuple[dict[str, Any], str, int]:
    """An empty state folder beside a stack at rest, with its wallet and its API key: its figures after a rebuild, what
    the command said, and the exit of a reconciliation after it."""
    found: dict[str, Any] = {}
    words, status = "", -1
    for _ in range(LAG_TRIES):  # the Data API lags: what the chain did last it may not tell yet
        folder = Path(tempfile.mkdtemp(prefix="pl-lost-"))
        try:
            migrated(folder)
            secrets = folder / "var" / "secrets"
            secrets.mkdir(parents=True, exist_ok=True)
            shutil.copy(stack.state / "var" / "secrets" / "venue_pass.json", secrets)
            shutil.copy(stack.state / "var" / "wallet", folder / "var")
            lost = known | {"STATE_DIR": str(folder)}
            done = commands.run(
                lost, "manage.py", "reconcile", "--rebuild-state", "--yes", "--reason", reason
            )
            words, status = done.stderr, done.returncode
            found = commands.identity(lost)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if status == 0:
            break
    return found, words, status


def differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Each figure that is not as before. A cost that only our own record could tell is left out."""
    wrong = [f"{name}: {was.get(name)} was, {now.get(name)} is" for name in ("cash_is", "deposited")
             if was.get(name) != now.get(name)]  # fmt: skip
    before, after = was.get("books", {}), now.get("books", {})
    for market_id in sorted(before.keys() | after.keys()):
        one, other = before.get(market_id, {}), after.get(market_id, {})
        wrong += [
            f"{name} of {market_id[:10]}: {one.get(name)} was, {other.get(name)} is"
            for name in sorted(one.keys() | other.keys())
            if one.get(name) != other.get(name) and not (name == "cost" and one.get(name) is None)
        ]
    return wrong


def counted(figures: Mapping[str, Any]) -> int:
    """How many figures were compared."""
    books = figures.get("books", {}).values()
    return 2 + sum(each is not None for book in books for each in book.values())
