"""The only clock: epoch + SPEED x monotonic, the same in every process of one stack.

The launcher fixes one anchor and hands it down in the environment, so that a fast simulated evening has one
time in all processes. Leases, HTTP timeouts and watchdogs use ``monotonic_ms``: real time, whatever the speed.
"""

import asyncio
import math
import os
import time
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from core.units import Ms

ANCHOR_VARIABLE: Final = "POLYLOLY_CLOCK_ANCHOR"
NS_IN_MS: Final = 1_000_000


class Anchor(NamedTuple):
    """One moment on both clocks, and how fast ours runs from there."""

    epoch_ms: int
    monotonic_ns: int
    speed: Fraction

    def text(self) -> str:
        return f"{self.epoch_ms},{self.monotonic_ns},{self.speed}"


def fresh(speed: Fraction) -> Anchor:
    """An anchor at this moment of the machine's own clock."""
    return Anchor(time.time_ns() // NS_IN_MS, time.monotonic_ns(), speed)


def parse(text: str) -> Anchor:
    """Read what ``Anchor.text`` wrote. Raises ``ValueError``."""
    epoch_ms, monotonic_ns, speed = text.split(",")
    return Anchor(int(epoch_ms), int(monotonic_ns), Fraction(speed))


def _inherited() -> Anchor:
    text = os.environ.get(ANCHOR_VARIABLE)
    return fresh(Fraction(1)) if text is None else parse(text)


_anchor = _inherited()


def start(speed: Fraction) -> Anchor:
    """Fix this process's anchor, unless the launcher handed one down. The launcher hands its own on.

    Asked again at the same speed it stays: the simulated venue starts seconds before the others, and on a fast clock an
    anchor of its own would put it that many times ahead or behind them.
    """
    global _anchor
    if ANCHOR_VARIABLE not in os.environ and _anchor.speed != speed:
        _anchor = fresh(speed)
    return _anchor


def at(anchor: Anchor, monotonic_ns: int) -> Ms:
    """What the clock shows at a moment of the monotonic clock, floored to ms."""
    passed = monotonic_ns - anchor.monotonic_ns
    return Ms(anchor.epoch_ms + passed * anchor.speed.numerator // (anchor.speed.denominator * NS_IN_MS))


def now_ms() -> Ms:
    """Milliseconds since the Unix epoch by the clock. Called at doors only."""
    return at(_anchor, time.monotonic_ns())


def speed() -> Fraction:
    """Clock seconds per real second."""
    return _anchor.speed


def real_ms(span: int) -> int:
    """Real milliseconds in ``span`` ms of the clock, rounded up; 0 for one that is over."""
    return max(0, math.ceil(span / _anchor.speed))


def monotonic_ms() -> int:
    """Real milliseconds, of meaning only as a difference."""
    return time.monotonic_ns() // NS_IN_MS


async def sleep_ms(span: int) -> None:
    """Wait ``span`` ms of the clock (at speed 10 a tenth of that in real time)."""
    await asyncio.sleep(max(0, span) / 1000 / float(_anchor.speed))


def to_ms(moment: datetime) -> Ms:
    """An aware datetime as ms since the epoch, floored. Raises ``ValueError`` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"a naive datetime has no place in time: {moment!r}")
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Ms((passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000)


def to_datetime(moment: int) -> datetime:
    """The other way round, exact to the ms, in UTC."""
    whole, ms = divmod(moment, 1000)
    return datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=ms * 1000)
