"""``polymarket_disconnected`` and ``esports_disconnected``: when everything stops for want of a connection, and when
that ends by itself (trading.md 12). All spans are real time.

``Line`` is the rule, without a clock; ``Connections`` asks for signs of life and presses or lifts.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.units import Ms
from infra import logs
from risk import selectors, services, venue
from risk.models import HaltCode

NAME: Final = "watchdog"
VENUE_LOST_MS: Final = 30_000
ESPORTS_LOST_MS: Final = 60_000
WELL_MS: Final = 60_000
FRESH_MS: Final = 5_000  # a frame this young is a sign of life, and the venue's clock is not asked
ASK_EVERY_MS: Final = 5_000
GAP_MS: Final = 10_000  # signs of life this far apart still belong together: one is asked for each 5 s

log = logs.get("watchdog")


class Verdict(StrEnum):
    LOST = "lost"
    UNSURE = "unsure"
    WELL = "well"


@dataclass(slots=True)
class Line:
    """One connection. A start counts as a sign of life: who has just begun to watch has lost nothing.

    heard_ms:      the last sign of life.
    well_since_ms: since when they have followed each other within ``GAP_MS``.
    """

    lost_after_ms: int
    heard_ms: int
    well_since_ms: int

    def hear(self, now: int) -> None:
        """A sign of life."""
        if now - self.heard_ms > GAP_MS:
            self.well_since_ms = now
        self.heard_ms = now

    def verdict(self, now: int) -> Verdict:
        silent_ms = now - self.heard_ms
        if silent_ms >= self.lost_after_ms:
            return Verdict.LOST
        well = silent_ms <= GAP_MS and now - self.well_since_ms >= WELL_MS
        return Verdict.WELL if well else Verdict.UNSURE


class Asked:
    """The venue's clock, asked on a thread of its own: the watchdog waits for nobody."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="venue's clock")
        self._asking: Future[bool] | None = None
        self._asked_ms: int | None = None

    def answered(self, now: int) -> bool:
        """Whether an answer has come since the last call; asks again when it is time."""
        answer = False
        if self._asking is not None and self._asking.done():
            answer, self._asking = self._asking.result(), None
        due = self._asked_ms is None or now - self._asked_ms >= ASK_EVERY_MS
        if due and self._asking is None and venue.links.time_answers is not None:
            self._asking, self._asked_ms = self._thread.submit(venue.links.time_answers), now
        return answer


class Connections:
    """One a process. ``look`` each second."""

    def __init__(self, now: int) -> None:
        self._venue = Line(VENUE_LOST_MS, now, now)
        self._esports = Line(ESPORTS_LOST_MS, now, now)
        self._time = Asked()

    def look(self, *, at: Ms, now: int, temporal: bool) -> None:
        """``now`` is real. ``temporal``: temporal arbitrage trades, the only one that needs an esports source."""
        if venue.links.frame_age is not None:
            age = venue.links.frame_age()
            # A quiet market says nothing for minutes: then the venue's clock is asked for a sign of life.
            if _fresh(age) or self._time.answered(now):
                self._venue.hear(now)
            self._act(HaltCode.VENUE_LOST, self._venue.verdict(now), at=at)
        sources_age = venue.links.sources_age
        if not temporal or (sources_age is not None and _fresh(sources_age())):
            self._esports.hear(now)
        if not temporal or sources_age is not None:
            self._act(HaltCode.ESPORTS_LOST, self._esports.verdict(now), at=at)

    def _act(self, code: HaltCode, verdict: Verdict, *, at: Ms) -> None:
        """Press where nothing is halted, lift what was pressed here. A graver halt is left alone."""
        if verdict is Verdict.UNSURE:
            return
        halt, by = selectors.halt_in_force(), services.process(NAME)
        if verdict is Verdict.LOST and halt is None:
            services.halt_trading(code=code, detail=DETAILS[code], by=by, at=at)
        elif verdict is Verdict.WELL and halt is not None and halt.code == code and venue.reconciled():
            services.lift_halt(code=code, reason=f"well for {WELL_MS // 1000} s, reconciled", by=by, at=at)


def _fresh(age: int | None) -> bool:
    return age is not None and age < FRESH_MS


DETAILS: Final = {
    HaltCode.VENUE_LOST: f"neither a frame nor GET /time answered for {VENUE_LOST_MS // 1000} s",
    HaltCode.ESPORTS_LOST: f"no esports source was connected for {ESPORTS_LOST_MS // 1000} s",
}
