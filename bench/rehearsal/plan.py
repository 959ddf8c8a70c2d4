"""What is to be played and what came of it: plain values that travel between processes, Django or not."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

UNKNOWN_MAX_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Units:
        faults: what the simulator is told to do wrong, and how often in a thousand.
        span_ms: how long it trades, of the clock.
        port: the console's would-be port; the simulator listens on the next one.
    """

    name: str
    seed: int
    faults: dict[str, int]
    speed: Fraction
    span_ms: int
    folder: Path
    port: int


@dataclass(slots=True)
class Compared:
    """What differs, in words; empty where nothing does.

    Units:
        orders, fills, merges: how many the venue accepted, the venue's trades gave us, were carried out.
        unknown_left: orders still UNKNOWN in the database.
    """

    orders: int = 0
    fills: int = 0
    merges: int = 0
    failed_fills: int = 0
    unknown_left: int = 0
    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not (self.differences or self.duplicates or self.lost)


@dataclass(slots=True)
class Seen:
    """What was watched during a run.

    Units:
        unknown_ms: the oldest UNKNOWN order, in ms of the clock.
        below: moments at which our exposure was below the venue's truth, in words.
        starts: how often each loop was started; more than once when something ended it.
        ends: what ended them.
    """

    unknown_ms: int = 0
    unknowns: int = 0
    below: list[str] = field(default_factory=list)
    looks: int = 0
    starts: Counter[str] = field(default_factory=Counter)
    ends: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Played:
    """What came of one run.

    faults: how often each fault was done.
    restless: what had not come to its end when the run was over; ``None`` when all had.
    """

    run: Run
    compared: Compared
    seen: Seen
    faults: dict[str, int]
    restless: str | None

    @property
    def sound(self) -> bool:
        """Nothing doubled, lost, below the truth or left unknown, all at rest, and the books are equal."""
        seen, compared = self.seen, self.compared
        known = seen.unknown_ms <= UNKNOWN_MAX_MS and not compared.unknown_left
        return compared.equal and known and not seen.below and self.restless is None
