"""Switches faults on and off, rolls their dice, counts what they did, and keeps what is to happen later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Final

from aiohttp import web

from core.units import Ms
from simulator.chance import dice
from simulator.faults.catalogue import ALWAYS, Fault, Name

SECOND_MS: Final = 1_000
AGENDA_MAX: Final = 20_000  # what waits for its moment; beyond it nothing more is put off


@dataclass(slots=True)
class Tally:
    """How often a fault could have struck, and how often it did. Kept when it is switched off."""

    asked: int
    done: int


@dataclass(frozen=True, slots=True)
class Switched:
    """A fault that is on, with its own dice."""

    fault: Fault
    until_ms: Ms | None
    rolls: Random

    def fresh_rolls(self) -> Random:
        """Dice for what is decided once and must not depend on how often it is asked for."""
        return dice(self.fault.seed, "fault", self.fault.name, "once")


class Faults:
    """All faults of one simulator. ``now_ms`` is the world's clock."""

    def __init__(self, now_ms: Callable[[], Ms]) -> None:
        self.tallies: dict[Name, Tally] = {name: Tally(0, 0) for name in Name}
        self.on_change: list[Callable[[], None]] = []
        self._now_ms = now_ms
        self._on: dict[Name, Switched] = {}
        self._agenda: list[tuple[Ms, int, Callable[[], None]]] = []
        self._entries = 0
        self._finished = False
        self._second = now_ms() // SECOND_MS

    @property
    def on(self) -> Mapping[Name, Switched]:
        return self._on

    @property
    def now_ms(self) -> Ms:
        return self._now_ms()

    def switch_on(self, fault: Fault) -> None:
        """Begin, or begin anew with other numbers."""
        until_ms = None if fault.for_ms is None else Ms(self.now_ms + fault.for_ms)
        self._on[fault.name] = Switched(fault, until_ms, dice(fault.seed, "fault", fault.name))
        self._changed()

    def switch_off(self, *names: Name) -> None:
        """End these faults, or all of them. What they put off still happens."""
        for name in names or tuple(self._on):
            self._on.pop(name, None)
        self._changed()

    def strikes(self, name: Name, target: str | None = None) -> bool:
        """Roll for one opportunity and count. ``target`` is what it would strike.

        The caller carries out what a true answer promises: it is counted as done.
        """
        switched = self._on.get(name)
        if switched is None or not reaches(switched.fault, target):
            return False
        tally = self.tallies[name]
        tally.asked += 1
        if switched.rolls.randrange(ALWAYS) >= switched.fault.rate:
            return False
        tally.done += 1
        return True

    def between(self, name: Name, span_ms: tuple[int, int]) -> Ms:
        """How long, by the fault's own dice. The fault is on: it has just struck."""
        return Ms(self._on[name].rolls.randint(*span_ms))

    def one_of(self, name: Name, count: int) -> int:
        """Which of several ways to go wrong, by the fault's own dice. The fault is on."""
        return self._on[name].rolls.randrange(count)

    @property
    def full(self) -> bool:
        """Whether nothing more can be put off: too much waits already, or the server stops."""
        return self._finished or len(self._agenda) >= AGENDA_MAX

    def later(self, due_ms: Ms, act: Callable[[], None]) -> None:
        """Have something happen by the world's clock, at once when nothing more can be put off."""
        if self.full:
            act()
            return
        self._entries += 1
        heappush(self._agenda, (due_ms, self._entries, act))

    def step(self, now_ms: Ms) -> int:
        """Do what is due and end what is over. Returns how many whole seconds have passed since the last call."""
        while self._agenda and self._agenda[0][0] <= now_ms:
            heappop(self._agenda)[2]()
        over = [
            name for name, switched in self._on.items() if switched.until_ms and switched.until_ms <= now_ms
        ]
        if over:
            self.switch_off(*over)
        second, self._second = self._second, now_ms // SECOND_MS
        return self._second - second

    def finish(self) -> None:
        """Do everything that was put off, for good: the server stops."""
        self._finished = True
        while self._agenda:
            heappop(self._agenda)[2]()

    def _changed(self) -> None:
        for tell in self.on_change:
            tell()


def reaches(fault: Fault, target: str | None) -> bool:
    """Whether a fault that names what it is for means ``target``."""
    return fault.target is None or (target is not None and target.startswith(fault.target))


FAULTS: Final = web.AppKey("faults", Faults)
