"""Every alert there is, in one table: how grave, what to do, how it repeats, and whether it ends by itself.

A *condition* is found each second while it lasts and ends by itself. A *moment* is raised once and stays until
somebody acknowledges it. Spans are real time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from risk.models import Severity


class AlertCode(StrEnum):
    """What an alert is about, by the word it has in keys, metrics and the API."""

    KILL_SWITCH = "kill_switch"
    HALT_UNPROVEN = "halt_unproven"
    MARKET_HALTED = "market_halted"
    BREAKER_OPEN = "breaker_open"
    DAILY_LOSS_HALF = "daily_loss_half"
    DAILY_LOSS_NEAR = "daily_loss_near"
    ORDER_UNKNOWN = "order_unknown"
    FILL_REVERSED = "fill_reversed"
    WALLET_LOST = "wallet_lost"
    SOURCE_STALE = "source_stale"
    FEED_RECONNECTS = "feed_reconnects"
    RECONCILIATION_MISMATCH = "reconciliation_mismatch"
    RUNNER_SILENT = "runner_silent"
    DISK_LOW = "disk_low"
    CHANNEL_FAILING = "channel_failing"
    LOGIN_LOCKED = "login_locked"
    SECOND_PERSON = "second_person"
    ARMED = "armed"
    DISARMED = "disarmed"
    LEFT_BEHIND = "left_behind"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue.

    severity: of most; whoever raises one may say another.
    runbook:  the section of ``docs/runbook.md``.
    ends:     by itself, when its cause is gone; else it is about a moment and ends when acknowledged.
    repeats:  told again while neither over nor acknowledged, as often as its severity says.
    after_ms: found this long without a break before it is raised.
    gone_ms:  gone this long without a break before it is over.
    """

    severity: Severity
    runbook: str
    ends: bool
    repeats: bool
    after_ms: int
    gone_ms: int


def _condition(
    severity: Severity, runbook: str, *, repeats: bool = True, after_ms: int = 0, gone_ms: int = 0
) -> Entry:
    return Entry(severity, runbook, ends=True, repeats=repeats, after_ms=after_ms, gone_ms=gone_ms)


def _moment(severity: Severity, runbook: str, *, repeats: bool = True) -> Entry:
    return Entry(severity, runbook, ends=False, repeats=repeats, after_ms=0, gone_ms=0)


CATALOGUE: Final[Mapping[AlertCode, Entry]] = {
    AlertCode.KILL_SWITCH: _condition(Severity.P0, "kill-switch-by-reason"),
    # A proof takes the venue's delay and a second by definition, and asks twice.
    AlertCode.HALT_UNPROVEN: _condition(Severity.P0, "p0-step-by-step", after_ms=10_000),
    AlertCode.MARKET_HALTED: _condition(Severity.P2, "a-market-halted-by-itself-or-its-breaker-opened"),
    AlertCode.BREAKER_OPEN: _condition(Severity.P2, "a-market-halted-by-itself-or-its-breaker-opened"),
    AlertCode.DAILY_LOSS_HALF: _condition(Severity.P2, "daily-loss", repeats=False, gone_ms=60_000),
    AlertCode.DAILY_LOSS_NEAR: _condition(Severity.P1, "daily-loss", gone_ms=60_000),
    AlertCode.ORDER_UNKNOWN: _condition(Severity.P1, "an-order-nobody-answered-for"),
    AlertCode.FILL_REVERSED: _moment(Severity.P2, "position-mismatch"),
    # A keeper that begins asks for one and a half beats whether another trader is there: 7.5 s.
    AlertCode.WALLET_LOST: _condition(Severity.P0, "p0-step-by-step", after_ms=15_000, gone_ms=10_000),
    # What comes back within seconds is a reconnect, and those are counted.
    AlertCode.SOURCE_STALE: _condition(Severity.P1, "stale-feed", after_ms=5_000, gone_ms=10_000),
    AlertCode.FEED_RECONNECTS: _condition(Severity.P3, "reconnection-loop", gone_ms=60_000),
    AlertCode.RECONCILIATION_MISMATCH: _condition(Severity.P1, "position-mismatch"),
    AlertCode.RUNNER_SILENT: _condition(Severity.P0, "trader-silent", repeats=False),
    AlertCode.DISK_LOW: _condition(Severity.P1, "high-latency", gone_ms=60_000),
    AlertCode.CHANNEL_FAILING: _condition(Severity.P2, "people"),
    AlertCode.LOGIN_LOCKED: _condition(Severity.P2, "somebody-guesses-passwords", repeats=False),
    AlertCode.SECOND_PERSON: _condition(Severity.P1, "kill-switch-by-reason", repeats=False),
    # Told at any hour and once: that money may move, or may no more, is news to everybody.
    AlertCode.ARMED: _moment(Severity.P2, "arm", repeats=False),
    AlertCode.DISARMED: _moment(Severity.P2, "disarm", repeats=False),
    # Shares of the wallet that nobody trades with: an arming ended and left them. Between two armings it is a moment.
    AlertCode.LEFT_BEHIND: _condition(Severity.P1, "disarm", after_ms=30_000, gone_ms=5_000),
}


def key_of(code: AlertCode, about: str | None = None) -> str:
    """What makes two occurrences the same alert: "kill_switch:7", "source_stale:steam"."""
    return code.value if about is None else f"{code.value}:{about}"
