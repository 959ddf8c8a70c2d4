"""The account's worth through a UTC day: the last valuation, where the day began, what is lost since."""

from collections.abc import Iterable
from typing import Final

from core.desk import Desk
from core.ledger import Ledger
from core.notes import DayStarted
from core.units import Ms, Usdc
from core.valuation import NOTHING, Valuation, value

DAY_MS: Final = 86_400_000
PRICES_WITHIN_MS: Final = Ms(
    120_000
)  # after a start, a holding without any price holds up the valuation so long


class Day:
    """``valued`` is ``None`` until the first valuation; nothing is opened before it."""

    def __init__(self) -> None:
        self.start: DayStarted | None = None
        self.valued: Valuation | None = None
        self._began_ms: Ms | None = None

    def value(
        self, ledger: Ledger, desks: Iterable[Desk], now: Ms, *, away: Usdc = NOTHING
    ) -> DayStarted | None:
        """Value the account; returns the day's start when this was the first valuation of a UTC day.

        Right after a start nothing is priced yet, and a worth of 0 would look like a loss that never was:
        for ``PRICES_WITHIN_MS`` such a valuation is not taken.
        """
        if self._began_ms is None:
            self._began_ms = now
        valued = value(ledger, desks, now, away=away)
        if valued.unpriced and now - self._began_ms < PRICES_WITHIN_MS:
            return None
        self.valued = valued
        if self.start is not None and self.start.at_ms // DAY_MS >= now // DAY_MS:
            return None
        self.start = DayStarted(valued.equity, now)
        return self.start

    @property
    def lost(self) -> Usdc:
        """How far equity is below the day's start; 0 when it is above or nothing was valued yet."""
        if self.start is None or self.valued is None:
            return Usdc(0)
        return Usdc(max(0, self.start.equity - self.valued.equity))
