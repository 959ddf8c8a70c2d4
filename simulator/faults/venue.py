"""The faults of the venue itself: restarts, a clock that is off, trades that are reverted on the chain."""

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from core.units import CERTAIN, Ms, Prob
from simulator.channels import WORLD
from simulator.clob.clock import CLOCK
from simulator.clob.windows import WINDOWS, Mode
from simulator.exchange.happenings import Happening, TradeHappened, TradeMoved
from simulator.exchange.trades import TradeStatus
from simulator.faults.catalogue import ALWAYS, Name
from simulator.faults.switchboard import FAULTS, Switched

SECOND_MS: Final = 1_000
DOWN_MS: Final = (5_000, 15_000)
# Some within the minute that the venue allows a timestamp, some not.
SKEW_S: Final = (20, 90)


class Tampering:
    """Reaches into the clock, the settlement and the opening hours while a fault is on."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._usual: tuple[Prob, Prob] | None = None  # the settlement's own chances, while REVERT is on

    def switch(self) -> None:
        """Put things where the faults that are on want them. Called whenever they change."""
        on = self._app[FAULTS].on
        self._set_clock(on.get(Name.SKEW))
        self._set_chances(on.get(Name.REVERT))

    def restart(self, now_ms: Ms, *, seconds: int) -> None:
        """Roll once for each second that has passed; a restart under way is not rolled for."""
        faults, windows = self._app[FAULTS], self._app[WINDOWS]
        for _ in range(seconds):
            if windows.current(now_ms).mode is Mode.OPEN and faults.strikes(Name.RESTART):
                windows.restart(now_ms, down_ms=faults.between(Name.RESTART, DOWN_MS))

    def count(self, happenings: Iterable[Happening]) -> None:
        """Count trades, and the moves that take one back, while REVERT is on."""
        faults = self._app[FAULTS]
        if Name.REVERT not in faults.on:
            return
        tally = faults.tallies[Name.REVERT]
        for said in happenings:
            tally.asked += isinstance(said, TradeHappened)
            if isinstance(said, TradeMoved):
                tally.done += said.status in (TradeStatus.RETRYING, TradeStatus.FAILED)

    def _set_clock(self, skewed: Switched | None) -> None:
        clock = self._app[CLOCK]
        skew_ms = Ms(0) if skewed is None else _skew_ms(skewed)
        if skew_ms and skew_ms != clock.skew_ms:
            tally = self._app[FAULTS].tallies[Name.SKEW]
            tally.asked += 1
            tally.done += 1
        clock.skew_ms = skew_ms

    def _set_chances(self, reverting: Switched | None) -> None:
        settlement = self._app[WORLD].exchange.settlement
        if reverting is not None:
            self._usual = self._usual or (settlement.retry_chance, settlement.fail_chance)
            chance = Prob(reverting.fault.rate * CERTAIN // ALWAYS)
            settlement.retry_chance = settlement.fail_chance = chance
        elif self._usual is not None:
            settlement.retry_chance, settlement.fail_chance = self._usual
            self._usual = None


def _skew_ms(skewed: Switched) -> Ms:
    """Ahead or behind; the same seed is always off by the same."""
    seconds = skewed.fault.seconds
    if seconds is None:
        rolls = skewed.fresh_rolls()
        seconds = rolls.choice((-1, 1)) * rolls.randint(*SKEW_S)
    return Ms(seconds * SECOND_MS)


TAMPERING: Final = web.AppKey("tampering", Tampering)
