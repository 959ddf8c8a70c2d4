"""Quiet hours: when people sleep, what can wait does. Pure; moments are ms of the clock, UTC."""

from dataclasses import dataclass
from typing import Final

from core.units import Ms

MINUTE_MS: Final = 60_000
DAY_MINUTES: Final = 1_440


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day until another, over midnight or not.

    Units:
        begins, ends: minutes since 00:00 UTC; the same twice means never.
    """

    begins: int
    ends: int

    @property
    def length(self) -> int:
        """Minutes a day, 0 for never."""
        return (self.ends - self.begins) % DAY_MINUTES

    def holds(self, moment: Ms) -> bool:
        """Is it quiet then?"""
        return self._into(moment) < self.length * MINUTE_MS

    def release(self, moment: Ms) -> Ms:
        """When what became due at ``moment`` may be said: then, or when it is quiet no more."""
        into = self._into(moment)
        return Ms(moment - into + self.length * MINUTE_MS) if self.holds(moment) else moment

    def _into(self, moment: Ms) -> int:
        """How long ago the quiet hours of that day began."""
        return (moment - self.begins * MINUTE_MS) % (DAY_MINUTES * MINUTE_MS)
