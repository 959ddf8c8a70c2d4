"""A day's loss of 200 in the simulator: prices turn against what we hold, the switch trips, and midnight ends it.

The clock is moved to some minutes before 00:00 UTC and runs fast. First the makers withdraw for a moment: the account
looks as if it had lost hundreds, for one valuation, and nothing may happen.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final
from urllib.error import HTTPError

from bench.halts.stand import SETTINGS, Stand, ms_of, standing
from infra import clock

SPEED: Final = 3
BEFORE_MIDNIGHT_MS: Final = 8 * 60_000
LIMIT: Final = 200_000_000
# A single leg may grow larger than usual, so that there is something to lose.
LEGS: Final = {
    "LIMITS__LEG_IMBALANCE_SHARES": "300",
    "LIMITS__LEG_IMBALANCE_USDC": "400",
    "LIMITS__ORDER_MAX": "150",
    "PAIR_ARB__STEP": "75",
}
HELD_WORTH: Final = 300_000_000
HELD_WITHIN_S: Final = 40.0
PHANTOMS_MAX: Final = 8
PHANTOM_S: Final = 2.0  # real, as far apart as two valuations are
TRIPPED_WITHIN_S: Final = 60.0
NEARLY: Final = (30_000, 970_000)  # chances: the outcome we hold is as good as lost
KILLED: Final = ("trader", "ops", "web", "beat", "feeds")
BACK_WITHIN_S: Final = 60.0


@dataclass(slots=True)
class Loss:
    """Money in millionths.

    Units:
        phantom_valuations: valuations at or below the limit in the phantom's course; 1 or 2 make it one.
        phantom_worst:      the largest loss in it.
        confirmed:          valuations in a row at or above the limit when the switch tripped, and over how many ms.
        after_kill:         the halt's code after every process was killed and back.
        while_halted:       orders written between a second after the trip and its end.
        ended_after_ms:     from 00:00 UTC to the halt's end, of the clock.
    """

    phantom_valuations: int = 0
    phantom_worst: int = 0
    phantom_tripped: bool = False
    confirmed: int = 0
    confirmed_span_ms: int = 0
    began_ms: int = 0
    detail: str = ""
    killed: int = 0
    after_kill: str | None = None
    while_halted: int = 0
    ended_by: str | None = None
    ended_after_ms: int | None = None
    trouble: str | None = None


def lose() -> Loss:
    now = datetime.now(tz=UTC)
    midnight = clock.to_ms(now.replace(hour=0, minute=0, second=0, microsecond=0))
    anchor = clock.Anchor(midnight - BEFORE_MIDNIGHT_MS, time.monotonic_ns(), Fraction(SPEED))
    moved = {clock.ANCHOR_VARIABLE: anchor.text(), "SPEED": str(SPEED), "PAPER_TRADING": "true"}
    found = Loss()
    with standing(**(SETTINGS | LEGS | moved)) as stand:
        stand.until(lambda: worth(stand) >= HELD_WORTH, HELD_WITHIN_S)
        _phantom(stand, found)
        _lose(stand, found)
        if found.confirmed:
            _kill(stand, found)
            _midnight(stand, found, midnight)
    return found


def exposed(stand: Stand) -> dict[str, int]:
    """By market: YES shares beyond NO, negative where NO is ahead."""
    rows = stand.ask(
        "SELECT market_id, sum(CASE outcome WHEN 'yes' THEN shares ELSE -shares END) FROM trading_entry "
        "WHERE outcome IS NOT NULL GROUP BY market_id"
    )
    return {market: int(ahead) for market, ahead in rows if ahead}


def worth(stand: Stand) -> int:
    """About what the single legs are worth: half a dollar a share."""
    return sum(abs(ahead) for ahead in exposed(stand).values()) // 2


def valuations(stand: Stand, since: int) -> list[tuple[int, int]]:
    """When, and how much was lost by then since the day began."""
    rows = stand.ask(
        "SELECT v.at_ms, (d.equity - d.deposited) - (v.equity - v.deposited) FROM risk_valuation v "
        "JOIN risk_daystart d ON d.account_id = v.account_id WHERE v.at_ms >= %s ORDER BY v.at_ms",
        since,
    )
    return [(int(at), int(lost)) for at, lost in rows]


def _each_exposed(stand: Stand, wish: Callable[[int], dict[str, Any]]) -> None:
    for market, ahead in exposed(stand).items():
        try:
            stand.venue("/simulator/shocks", {"market": market, **wish(ahead)})
        except HTTPError:
            continue  # it has just been resolved


def _phantom(stand: Stand, found: Loss) -> None:
    """Let the makers withdraw for as long as lies between two valuations, until one or two have seen it."""
    for _ in range(PHANTOMS_MAX):
        since, end = stand.now(), time.monotonic() + PHANTOM_S
        while time.monotonic() < end:
            _each_exposed(stand, lambda _: {"chance": None})
            time.sleep(0.1)
        time.sleep(3 * PHANTOM_S)
        losses = [lost for _, lost in valuations(stand, since)]
        found.phantom_worst = max([found.phantom_worst, *losses])
        seen = sum(lost >= LIMIT for lost in losses)
        found.phantom_valuations = max(found.phantom_valuations, seen)
        if seen or stand.halted():
            break
    found.phantom_tripped = stand.halted()


def _lose(stand: Stand, found: Loss) -> None:
    """Let prices turn against what we hold, again each second: the match itself goes on."""
    since, end = stand.now(), time.monotonic() + TRIPPED_WITHIN_S
    while not stand.halted() and time.monotonic() < end:
        _each_exposed(stand, lambda ahead: {"chance": NEARLY[ahead < 0]})
        time.sleep(1)
    rows = stand.ask("SELECT code, detail, began FROM risk_halt ORDER BY id DESC LIMIT 1")
    if not rows or rows[0][0] != "daily_loss_exceeded":
        found.trouble = f"not tripped within {TRIPPED_WITHIN_S:.0f} s: {rows}"
        return
    found.detail, began = rows[0][1], ms_of(rows[0][2])
    assert began is not None, "a halt has begun"
    found.began_ms = began
    in_a_row = []
    for at, lost in reversed([each for each in valuations(stand, since) if each[0] <= began]):
        if lost < LIMIT:
            break
        in_a_row.append(at)
    found.confirmed, found.confirmed_span_ms = len(in_a_row), in_a_row[0] - in_a_row[-1] if in_a_row else 0


def _kill(stand: Stand, found: Loss) -> None:
    """kill -9 of every process of ours but the launcher, which starts them again."""
    for name in KILLED:
        pid = stand.stack.pid_of(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            found.killed += 1
    stand.until(lambda: stand.stack.get("/health/live")[0] == 200, BACK_WITHIN_S)
    stand.until(lambda: stand.stack.pid_of("trader") is not None, BACK_WITHIN_S)
    rows = stand.ask("SELECT code FROM risk_halt WHERE ended IS NULL")
    found.after_kill = rows[0][0] if rows else None


def _midnight(stand: Stand, found: Loss, midnight: int) -> None:
    """Wait for 00:00 UTC by the stack's clock, and a minute more."""
    left_s = (midnight - stand.now()) / 1000 / SPEED
    stand.until(lambda: not stand.halted(), max(left_s, 0) + 30)
    rows = stand.ask("SELECT ended, ended_by_name FROM risk_halt ORDER BY id DESC LIMIT 1")
    ended = ms_of(rows[0][0])
    found.ended_by = rows[0][1]
    found.ended_after_ms = None if ended is None else ended - midnight
    query = "SELECT count(*) FROM trading_order WHERE written_ms > %s AND written_ms < %s"
    found.while_halted = int(stand.ask(query, found.began_ms + SPEED * 1_000, ended or stand.now())[0][0])
