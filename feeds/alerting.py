"""What the sources' health says that somebody must be told: one that is silent, one that reconnects again and again."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from core.units import Ms
from feeds.checks import FRESH_MS
from feeds.listings import SourceStatus
from feeds.selectors import SourceRow, source_health
from feeds.supervisor import MATCHES
from infra import clock
from risk.services import AlertCode, Found

HOUR_MS: Final = 3_600_000
RECONNECTS_MAX: Final = 3  # an hour


class Reconnects:
    """Counts by source, remembered for an hour of real time."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[int, int]]] = {}

    def within_the_hour(self, source: str, count: int, now: int) -> int:
        """How often it reconnected since this was first asked, at most an hour ago. A count that fell began anew."""
        seen = self._seen.setdefault(source, deque())
        if seen and count < seen[-1][1]:
            seen.clear()
        seen.append((now, count))
        while now - seen[0][0] > HOUR_MS:
            seen.popleft()
        while len(seen) > 2 and seen[1][1] == seen[0][1]:
            del seen[1]
        return count - seen[0][1]


_reconnects: Final = Reconnects()


def find(at: Ms) -> Iterator[Found]:
    """Asked each second, in ops."""
    for row in source_health():
        if is_stale(row, at):
            yield Found(AlertCode.SOURCE_STALE, f"Source stale: {row.source}", row.source)
        count = _reconnects.within_the_hour(row.source, row.reconnects, clock.monotonic_ms())
        if count > RECONNECTS_MAX:
            said = (
                f"Source reconnects again and again: {row.source}, more than {RECONNECTS_MAX} times an hour"
            )
            yield Found(AlertCode.FEED_RECONNECTS, said, row.source)


def is_stale(row: SourceRow, at: Ms) -> bool:
    """Lost, or one that speaks each few seconds and does not. Discovery speaks each few minutes: by its status."""
    if row.status is not SourceStatus.CONNECTED:
        return True
    if row.source != MATCHES or row.heard_ms is None:
        return False
    return at - row.heard_ms > FRESH_MS * clock.speed()
