"""Halts and resumes under load, one after the other: how long until nothing leaves, and until nothing is open."""

from dataclasses import dataclass, field
from typing import Final

from bench.halts.stand import Stand

PROVEN_WITHIN_S: Final = 15.0
ORDERS_BETWEEN: Final = 8
STOPPED_MS: Final = 100  # what left before the press was heard is at the venue by then


@dataclass(slots=True)
class Rounds:
    """Times in ms, from when the request was sent.

    Units:
        last_order_ms: of each halt, when the last order came to the venue; 0 when none came after it.
        proven_ms:     of each halt, when it was proven.
        late_ms:       of each order that came later than ``STOPPED_MS`` after the press, and before the reset, which
                       none may: how much after the press, and how much after its answer (negative: before).
        open_before:   orders that were open when it was pressed.
        left_open:     orders that the venue had open when the halt called itself proven.
    """

    last_order_ms: list[int] = field(default_factory=list)
    proven_ms: list[int] = field(default_factory=list)
    late_ms: list[tuple[int, int]] = field(default_factory=list)
    unproven: int = 0
    open_before: list[int] = field(default_factory=list)
    left_open: int = 0
    stuck: int = 0
    markets: int = 0


def play(stand: Stand, count: int) -> Rounds:
    found = Rounds()
    for number in range(count):
        _play_one(stand, found, number)
    # At the end: decisions are written off the hot path, a moment after the first orders.
    found.markets = int(stand.ask("SELECT count(DISTINCT market_id) FROM trading_decision")[0][0])
    return found


def _play_one(stand: Stand, found: Rounds, number: int) -> None:
    found.open_before.append(len(stand.open_at_venue()))
    pressed = stand.halt(f"round {number}")
    report = stand.proven(stand.newest_round(), within_s=PROVEN_WITHIN_S)
    left = stand.open_at_venue()
    if report is None or report.proven_ms is None:
        found.unproven += 1
    else:
        found.proven_ms.append(report.proven_ms - pressed.at_ms)
        found.left_open += len(left)
    reset = stand.reset(f"round {number} is over")
    came = stand.orders(pressed.at_ms, reset.at_ms)
    found.last_order_ms.append(max(came, default=pressed.at_ms) - pressed.at_ms)
    late = [at for at in came if at > pressed.at_ms + STOPPED_MS]
    found.late_ms += [(at - pressed.at_ms, at - pressed.answered_ms) for at in late]
    if reset.status != 200 and not stand.goes_on():
        found.stuck += 1
    stand.trades(ORDERS_BETWEEN)


def percentile(values: list[int], percent: int) -> int:
    """The nearest-rank percentile; of few values the largest."""
    ranked = sorted(values)
    rank = max(1, -(-len(ranked) * percent // 100))
    return ranked[rank - 1]
