"""When orders may spend real money: the table of an arming, what it asks for, and what ends it. No clock in here.

Read ``TABLE``. An arming is a person's word, given for one wallet in one mode and for the traders that run then. It is
over when somebody disarms, when no order left for ``UNUSED_MS``, and when those traders have ended; a halt stops orders
and leaves it, but a halted trader sends nothing and so lets it expire.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.units import Ms

PREFLIGHT_FRESH_MS: Final = Ms(600_000)
UNUSED_MS: Final = Ms(900_000)
# An arming from the future was written under another clock: it cannot expire, so it does not hold.
CLOCK_BACK_MS: Final = Ms(1_000)
TAIL: Final = 6  # of a wallet's address, which who arms has to type


class Standing(StrEnum):
    NOT_ARMED = "not armed"
    NOT_ARMED_HALTED = "not armed, halted"
    ARMED = "armed"
    ARMED_HALTED = "armed, halted"


class Happening(StrEnum):
    ARM = "arm"
    DISARM = "disarm"
    HALT = "halt"
    RESET = "reset"
    UNUSED = "unused"
    PROCESS_ENDED = "process ended"


# ``None``: refused. What is already so is no error for the safe direction, and is one for arming.
TABLE: Final[Mapping[Standing, Mapping[Happening, Standing | None]]] = {
    Standing.NOT_ARMED: {
        Happening.ARM: Standing.ARMED,
        Happening.DISARM: Standing.NOT_ARMED,
        Happening.HALT: Standing.NOT_ARMED_HALTED,
        Happening.RESET: None,
        Happening.UNUSED: Standing.NOT_ARMED,
        Happening.PROCESS_ENDED: Standing.NOT_ARMED,
    },
    Standing.NOT_ARMED_HALTED: {
        Happening.ARM: None,
        Happening.DISARM: Standing.NOT_ARMED_HALTED,
        Happening.HALT: Standing.NOT_ARMED_HALTED,
        Happening.RESET: Standing.NOT_ARMED,
        Happening.UNUSED: Standing.NOT_ARMED_HALTED,
        Happening.PROCESS_ENDED: Standing.NOT_ARMED_HALTED,
    },
    Standing.ARMED: {
        Happening.ARM: None,
        Happening.DISARM: Standing.NOT_ARMED,
        Happening.HALT: Standing.ARMED_HALTED,
        Happening.RESET: None,
        Happening.UNUSED: Standing.NOT_ARMED,
        Happening.PROCESS_ENDED: Standing.NOT_ARMED,
    },
    Standing.ARMED_HALTED: {
        Happening.ARM: None,
        Happening.DISARM: Standing.NOT_ARMED_HALTED,
        Happening.HALT: Standing.ARMED_HALTED,
        Happening.RESET: Standing.ARMED,
        Happening.UNUSED: Standing.NOT_ARMED_HALTED,
        Happening.PROCESS_ENDED: Standing.NOT_ARMED_HALTED,
    },
}


class Ending(StrEnum):
    """Why an arming holds no more although nobody disarmed."""

    UNUSED = "unused"
    PROCESS_ENDED = "process ended"
    ELSEWHERE = "another wallet"
    CLOCK_BACK = "clock set back"


WORDS: Final[Mapping[Ending, str]] = {
    Ending.UNUSED: f"unused: no order left for {UNUSED_MS // 60_000} minutes",
    Ending.PROCESS_ENDED: "the trader it was given for has ended (LIVE_STAYS_ARMED=true outlives that)",
    Ending.ELSEWHERE: "it was given for another mode or wallet",
    Ending.CLOCK_BACK: "it was given under a clock that has been set back since",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where orders go: armings and preflights count for one place only. ``wallet`` in lower case."""

    mode: str
    wallet: str


@dataclass(frozen=True, slots=True)
class Armed:
    """An arming that nobody has ended, as its row tells it.

    Units:
        used_ms: when an order last left under it; ``None``: none has yet.
        lives:   the traders it was given for, each by the word of its start.
    """

    place: Place
    began_ms: Ms
    used_ms: Ms | None
    lives: frozenset[str]

    @property
    def idle_since_ms(self) -> Ms:
        return self.began_ms if self.used_ms is None else max(self.began_ms, self.used_ms)

    @property
    def expires_ms(self) -> Ms:
        """When it ends unless an order leaves before."""
        return Ms(self.idle_since_ms + UNUSED_MS)


@dataclass(frozen=True, slots=True)
class Here:
    """Who asks. ``lives``: of all traders that live, or a trader's own. ``stays``: an arming outlives its traders."""

    place: Place
    lives: frozenset[str]
    stays: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """The newest preflight of a place. ``failing``: what did not pass, by name."""

    at_ms: Ms
    failing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody is let arm now. ``field``: what the caller can correct; ``None``: it is not in the request."""

    field: str | None
    words: str


def standing(*, armed: bool, halted: bool) -> Standing:
    if armed:
        return Standing.ARMED_HALTED if halted else Standing.ARMED
    return Standing.NOT_ARMED_HALTED if halted else Standing.NOT_ARMED


def step(now: Standing, happening: Happening) -> Standing | None:
    """What it is then; ``None``: it cannot be done."""
    return TABLE[now][happening]


def may_send(now: Standing) -> bool:
    """Whether an order may leave for the venue."""
    return now is Standing.ARMED


def ending(armed: Armed, here: Here, now: Ms) -> Ending | None:
    """Why it holds no more for who asks; ``None`` while it does."""
    if armed.place != here.place:
        return Ending.ELSEWHERE
    if armed.began_ms > now + CLOCK_BACK_MS:
        return Ending.CLOCK_BACK
    if not here.stays and not armed.lives & here.lives:
        return Ending.PROCESS_ENDED
    return Ending.UNUSED if now >= armed.expires_ms else None


def phrase(place: Place) -> str:
    """What who arms has to type: what it does, and from which wallet."""
    money = "real" if place.mode == "live" else "simulated"
    return f"trade {money} money from {place.wallet[-TAIL:]}"


def refusals(
    now: Standing, place: Place, checked: Checked | None, *, typed: str, lives: frozenset[str], at: Ms
) -> list[Refusal]:
    """Everything that stands in the way of arming, at once. ``lives``: traders that live."""
    found = []
    if step(now, Happening.ARM) is None:
        halted = now is Standing.NOT_ARMED_HALTED
        found.append(
            Refusal(
                None,
                "trading is halted: reset first, then arm"
                if halted
                else "it is armed already: nothing to do",
            )
        )
    if not lives:
        found.append(Refusal(None, "no trader runs: start it, then arm"))
    unchecked = stale(checked, at)
    if unchecked is not None:
        found.append(Refusal(None, unchecked))
    if typed.strip() != phrase(place):
        found.append(Refusal("phrase", f"type exactly: {phrase(place)}"))
    return found


def stale(checked: Checked | None, at: Ms) -> str | None:
    """Why a preflight lets nobody arm; ``None`` when it passed a moment ago."""
    minutes = PREFLIGHT_FRESH_MS // 60_000
    again = "run the preflight (manage.py preflight, or the Risk page), then arm"
    if checked is None:
        return f"no preflight was run for this wallet: {again}"
    if checked.failing:
        return f"the newest preflight failed ({', '.join(checked.failing)}): see to it, {again}"
    age_ms = at - checked.at_ms
    if not -CLOCK_BACK_MS <= age_ms <= PREFLIGHT_FRESH_MS:
        return (
            f"the newest preflight is {abs(age_ms) // 1000} s old and counts for {minutes} minutes: {again}"
        )
    return None


def missing_to_start(*, limits: bool, admins: int, origins: Sequence[str], origins_needed: int) -> list[str]:
    """What a process that may spend money must not start without, each with the way out."""
    found = []
    if not limits:
        found.append("limits that a person agreed to (manage.py agree_limits --reason R)")
    if not admins:
        found.append("a risk admin (manage.py make_user NAME --role risk-admin)")
    if len(set(origins)) < origins_needed:
        have = ", ".join(sorted(set(origins))) or "none"
        which = "an" if origins_needed == 1 else "a second"
        found.append(f"{which} independent source of matches (has {have})")
    return found
