"""How far our clock seems to be off the venue's, as far as its frames tell."""

from typing import Final

from core.units import Ms

SPAN_MS: Final = Ms(60_000)


class Skew:
    """The least time from the venue's stamp to our receipt among the price changes of the last one to two minutes.

    The fastest of them took next to no time, so a large figure means that our clock is ahead or that everything
    reaches us late; a negative one, that our clock is behind. Books are no witnesses: their stamp is that of their
    last change. ``None``: nothing was said in that time, so nothing is known.
    """

    __slots__ = ("_before", "_ends_ms", "_least")

    def __init__(self) -> None:
        self._ends_ms = Ms(0)
        self._least: Ms | None = None
        self._before: Ms | None = None

    def hear(self, said_ms: Ms, heard_ms: Ms) -> None:
        """Take in one price change."""
        if heard_ms >= self._ends_ms:
            self._turn(heard_ms)
        took = Ms(heard_ms - said_ms)
        if self._least is None or took < self._least:
            self._least = took

    def off_ms(self, now: Ms) -> Ms | None:
        """The figure as of ``now``."""
        if now >= self._ends_ms:
            self._turn(now)
        known = [took for took in (self._least, self._before) if took is not None]
        return min(known, default=None)

    def _turn(self, now: Ms) -> None:
        lately = now < self._ends_ms + SPAN_MS
        self._before, self._least = (self._least if lately else None), None
        # One span follows the other: begun later, what is before it would be told for three minutes.
        self._ends_ms = Ms((self._ends_ms if lately else now) + SPAN_MS)
