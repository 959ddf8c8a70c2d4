"""Health checks that only feeds can make: does discovery run, does each source speak."""

from typing import Final

from django.conf import settings

from feeds import discovery, supervisor
from feeds.listings import SourceStatus
from feeds.selectors import SourceRow, source_health, venue_in_use
from infra import checks, clock
from infra.checks import Check

FRESH_MS: Final = 15_000  # real time; a source's PONG comes every 3 s, its row is written every 2 s
ROUNDS_MISSED: Final = 3
ROUND_MAX_MS: Final = 120_000  # a round over many pages that are slow to come


def register() -> None:
    """Called once, when the app is ready."""
    checks.register("discovery", discovery_runs, checks.Area.SOURCES)
    if settings.POLYLOLY.urls.matches_ws is not None:
        checks.register("match feed", matches_heard, checks.Area.SOURCES)


def discovery_runs() -> Check:
    name = "discovery"
    row = _row(discovery.SOURCE)
    if row is None or row.heard_ms is None:
        told = f"no round has succeeded yet{'' if row is None else f': {row.detail}'}"
        return checks.failed(name, told, "see that the feeds worker runs and the venue answers")
    age_ms = _age_ms(row.heard_ms)
    if age_ms > ROUNDS_MISSED * discovery.EVERY_MS[venue_in_use()] + ROUND_MAX_MS:
        return checks.failed(name, f"last done {age_ms // 1000} s ago", "see logs/feeds.out")
    if row.status is not SourceStatus.CONNECTED:
        return checks.warned(name, row.detail, "the venue's list does not answer; known markets go on")
    return checks.passed(name, f"{row.detail}, {age_ms // 1000} s ago")


def matches_heard() -> Check:
    name = "match feed"
    row = _row(supervisor.MATCHES)
    if row is None:
        return checks.failed(name, "never ran", "see that the feeds worker runs")
    if row.status is not SourceStatus.CONNECTED or row.heard_ms is None:
        return checks.failed(name, f"{row.status.value}: {row.detail}", "see that the simulator runs")
    age_ms = _age_ms(row.heard_ms)
    if age_ms > FRESH_MS:
        return checks.failed(
            name, f"silent for {age_ms // 1000} s", "see logs/feeds.out and logs/simulator.out"
        )
    return checks.passed(name, f"heard {age_ms // 1000} s ago")


def _row(source: str) -> SourceRow | None:
    return next((row for row in source_health() if row.source == source), None)


def _age_ms(heard_ms: int) -> int:
    """Real ms: the clock may run faster than the world."""
    return max(0, int((clock.now_ms() - heard_ms) / clock.speed()))
