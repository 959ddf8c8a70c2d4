"""Health checks of the trader's sockets, by its board, and of the paper account's cash, by its ledger."""

from typing import Any, Final

from django.conf import settings

from core.units import text
from infra import clock
from infra.checks import Check, passed, warned
from trading import selectors

SOCKETS: Final = "sockets"
CASH: Final = "balance"
FEED: Final = "feed:"
CONNECTED: Final = "connected"


def sockets() -> Check:
    """Each of the trader's channels: is it connected? A warning at most: the venue's own checks fail with the venue."""
    board = selectors.board()
    if board is None:
        return warned(SOCKETS, "unknown: the trader does not publish", "see the workers and loops checks")
    lines = [row for key, row in sorted(board.rows.items()) if key.startswith(FEED)]
    if not lines:
        return warned(SOCKETS, "the trader has opened none yet", "wait 10 s, then read logs/bot.jsonl")
    wrong = [told for line in lines if (told := _trouble(line)) is not None]
    if wrong:
        return warned(
            SOCKETS, "; ".join(wrong), "it connects again by itself; see ws_reconnect in logs/bot.jsonl"
        )
    return passed(SOCKETS, "; ".join(f"{_called(line)}, {_heard(line)}" for line in lines))


def _called(line: dict[str, Any]) -> str:
    return f"{line['name']} {line['status']}"


def _trouble(line: dict[str, Any]) -> str | None:
    if line["status"] != CONNECTED:
        return f"{_called(line)}: {line['detail']}"
    return None


def _heard(line: dict[str, Any]) -> str:
    """When it last said something but PONG. A quiet night is no trouble: a channel without PONGs connects anew."""
    if line["heard_ms"] is None:
        return "nothing heard yet"
    age_ms = max(0, clock.now_ms() - line["heard_ms"])
    return f"heard {int(age_ms / clock.speed()) // 1000} s ago"


def paper_cash() -> Check:
    """On paper there is no wallet: the ledger's sum is the balance, and nothing has to be allowed."""
    account = selectors.account_of(**settings.POLYLOLY.account)
    if account is None or not selectors.entries(account.pk).exists():
        return passed(CASH, f"paper: {text(settings.POLYLOLY.start_cash, 6)} USDC at the first start")
    return passed(
        CASH, f"paper: {text(selectors.entries_sum(account.pk), 6)} USDC by the ledger, no wallet to allow"
    )
