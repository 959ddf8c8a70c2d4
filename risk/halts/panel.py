"""The halt panel: what is done, what is proven, and by name what is not.

One round of a halt and what the runners reported about it go in; the steps the console shows come out. An unknown
is never shown as done: no answer within two real seconds is named as such.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from core.units import Ms
from infra import clock
from infra.clock import to_ms
from risk.models import HaltReport, HaltRound

# A watchdog's patience is real time, whatever the clock's speed (trading.md 12).
ANSWER_WITHIN_MS: Final = 2_000
# What ops does by its own hand is reported under this name, and is no runner's answer (``risk.halts.rescue``).
OPS: Final = "ops"


@dataclass(frozen=True, slots=True)
class Step:
    """``ok`` is ``None`` while it is under way. Times are ms of the clock; ``took_ms`` counts from the press."""

    name: str
    label: str
    done: int
    total: int
    at_ms: int | None
    took_ms: int | None
    ok: bool | None


@dataclass(frozen=True, slots=True)
class Panel:
    """``unproven`` says in words what stands between now and the proof; empty when it is merely under way."""

    round_number: int
    asked_ms: Ms
    steps: tuple[Step, ...]
    proven_ms: int | None
    unproven: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "round": self.round_number,
            "asked_ms": self.asked_ms,
            "steps": [asdict(step) for step in self.steps],
            "proven_ms": self.proven_ms,
            "unproven": list(self.unproven),
        }


def panel(opened: HaltRound, reports: Sequence[HaltReport]) -> Panel:
    """The panel of one round as of now."""
    ops = next((report for report in reports if report.runner == OPS), None)
    reports = [report for report in reports if report.runner != OPS]
    expected = set(opened.expected) if opened.halt_id is not None else {report.runner for report in reports}
    # One runner owns a market, so one answer is enough there; of everything, every enlisted runner owes one.
    owed = max(1, len(expected | {report.runner for report in reports}))
    late = waited_ms(opened) >= ANSWER_WITHIN_MS
    missing = sorted(expected - {report.runner for report in reports})
    proven = [report.proven for report in reports if report.proven is not None]
    proven_ms = to_ms(max(proven)) if len(proven) == owed else None
    steps = (
        _committed(opened),
        _stopped(opened, reports, owed, late=late),
        _cancelled(opened, reports, owed),
        _asked(opened, reports, owed),
        *_by_ops(opened, ops),
        _step(
            "proven",
            "proven",
            opened,
            len(proven),
            owed,
            proven_ms,
            ok=True if proven_ms is not None else None,
        ),
    )
    words = (*_unproven(opened, reports, missing, late=late), *_said_of_ops(ops)) if proven_ms is None else ()
    return Panel(opened.number, to_ms(opened.asked), steps, proven_ms, words)


def waited_ms(opened: HaltRound) -> int:
    """Real milliseconds since a runner could read it: since it was pressed, or became a row much later."""
    known = opened.asked if opened.committed is None else max(opened.asked, opened.committed)
    return int((clock.now_ms() - to_ms(known)) / clock.speed())


def _step(
    name: str, label: str, opened: HaltRound, done: int, total: int, at_ms: int | None, *, ok: bool | None
) -> Step:
    took_ms = None if at_ms is None else at_ms - to_ms(opened.asked)
    return Step(name, label, done, total, at_ms, took_ms, ok)


def _newest(moments: Sequence[datetime | None]) -> int | None:
    """The newest of them in ms, ``None`` when one is not known yet or there is none."""
    known = [moment for moment in moments if moment is not None]
    return to_ms(max(known)) if known and len(known) == len(moments) else None


def _committed(opened: HaltRound) -> Step:
    at_ms = None if opened.committed is None else to_ms(opened.committed)
    # The row could be read, so it is committed; only the moment may not be noted yet.
    return _step("committed", "committed", opened, 1, 1, at_ms, ok=True)


def _stopped(opened: HaltRound, reports: Sequence[HaltReport], owed: int, *, late: bool) -> Step:
    whole = len(reports) == owed
    at_ms = _newest([report.acked for report in reports]) if whole else None
    unanswered = False if late else None
    ok = True if whole else unanswered
    return _step("stopped", "runners stopped", opened, len(reports), owed, at_ms, ok=ok)


def _cancelled(opened: HaltRound, reports: Sequence[HaltReport], owed: int) -> Step:
    done = sum(report.cancelled for report in reports)
    total = sum(report.orders_open for report in reports)
    whole = len(reports) == owed and done == total
    # A runner that had nothing open was done when it stopped.
    moments = [report.cancelled_at or report.acked for report in reports]
    at_ms = _newest(moments) if whole else None
    return _step("cancelled", "orders cancelled", opened, done, total, at_ms, ok=True if whole else None)


def _asked(opened: HaltRound, reports: Sequence[HaltReport], owed: int) -> Step:
    """``done`` of ``total`` runners have a venue's answer that nothing is open."""
    left = [report.open_left for report in reports if report.open_left is not None]
    clean = sum(1 for report in reports if report.clean_answers > 0)
    label = f"asked the venue: {sum(left)} open" if left else "asked the venue"
    whole = clean == owed
    at_ms = _newest([report.asked_at for report in reports]) if whole else None
    return _step("asked", label, opened, clean, owed, at_ms, ok=True if whole else None)


def _by_ops(opened: HaltRound, ops: HaltReport | None) -> tuple[Step, ...]:
    """What ops did by its own hand, where no runner answered; a proof of what rests at the venue, and of no more."""
    if ops is None:
        return ()
    left = "it did not answer" if ops.open_left is None else f"{ops.open_left} open"
    label = f"ops: {ops.note}" if ops.note is not None else f"ops withdrew by itself, asked the venue: {left}"
    at_ms = None if ops.proven is None else to_ms(ops.proven)
    ok = True if ops.proven is not None else None
    return (_step("ops", label, opened, ops.cancelled, ops.orders_open, at_ms, ok=ok),)


def _said_of_ops(ops: HaltReport | None) -> tuple[str, ...]:
    if ops is None:
        return ()
    if ops.proven is not None:
        return ("ops withdrew everything by itself: the venue, asked twice, has nothing of ours open",)
    named = [f"ops: order {name} is unknown" for name in ops.unknown_ids]
    named += [f"ops: order {name} is still open" for name in ops.open_ids]
    return (*named, *([f"ops: {ops.note}"] if ops.note is not None else []))


def _unproven(
    opened: HaltRound, reports: Sequence[HaltReport], missing: Sequence[str], *, late: bool
) -> tuple[str, ...]:
    words: list[str] = []
    if late:
        seconds = ANSWER_WITHIN_MS // 1000
        words += [f"{name} did not answer within {seconds} s" for name in missing]
        if not missing and not reports:
            words.append(f"no runner answered within {seconds} s")
    for report in reports:
        if report.proven is None:
            words += [f"{report.runner}: {report.note}"] if report.note is not None else []
            words += [f"order {name} is unknown" for name in report.unknown_ids]
            words += [f"order {name} is still open" for name in report.open_ids] if late else []
    return tuple(words)
