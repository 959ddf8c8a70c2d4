"""How the fate of an order nobody answered for is found out (trading.md 11). Pure: times in, the next step out.

Ask for it by its id. While it is young, allowed and not found, the identical bytes may go once more: the venue
answers "Duplicated" when they had landed. It never landed when the venue, asked for the order and for its
trades, has twice not known it, both times long enough after the last socket that carried it was closed. Nothing
here is concluded from silence.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.units import Ms

RESEND_WITHIN_MS: Final = 5_000  # after that the reason to trade is gone, whatever the judge would say
RESENDS_MAX: Final = 2
LANDS_WITHIN_MS: Final = 10_000  # after a socket closed nothing that was on it can still arrive
ABSENCES: Final = 2
ALERT_AFTER_MS: Final = 30_000
WAITS_MS: Final = (250, 500, 1_000, 2_000)  # between questions, the last for ever


def wait_ms(tries: int) -> int:
    """Before the next question, after so many."""
    return WAITS_MS[min(tries, len(WAITS_MS) - 1)]


class Verdict(StrEnum):
    OPEN = "open"
    NEVER_LANDED = "never_landed"
    GONE = "gone"  # it was there, and the venue knows it no more


@dataclass(slots=True)
class Inquiry:
    """The questions about one order.

    Units:
        began_ms:  since when it is unknown.
        closed_ms: when the last socket that carried it closed.
        landed:    the venue has spoken of it: whatever it is now, it was there.
        missed:    the venue, asked for it, did not know it.
        absences:  times it did not know it when that proves something.
    """

    began_ms: Ms
    closed_ms: Ms
    landed: bool
    asked: int = 0
    missed: bool = False
    absences: int = 0
    resent: int = 0
    alerted: bool = False

    def next_ask(self, now: Ms) -> Ms:
        """When to ask again after an answer, or none, at ``now``; right on the moment an absence can count."""
        wait = wait_ms(self.asked)
        self.asked += 1
        counts_from = self.closed_ms + LANDS_WITHIN_MS
        soon = now + wait
        return Ms(counts_from if now < counts_from < soon else soon)

    def counts(self, asked_ms: Ms) -> bool:
        """Whether not being found, asked at ``asked_ms``, proves something. Then its trades must be read too."""
        return asked_ms >= self.closed_ms + LANDS_WITHIN_MS

    def not_found(self, asked_ms: Ms) -> Verdict:
        """Take in that neither the order nor a trade of it was known at ``asked_ms``."""
        self.missed = True
        if self.counts(asked_ms):
            self.absences += 1
        if self.absences < ABSENCES:
            return Verdict.OPEN
        return Verdict.GONE if self.landed else Verdict.NEVER_LANDED

    def may_resend(self, decided_ms: Ms, now: Ms) -> bool:
        """Whether time allows the identical bytes once more; permission to trade is asked for elsewhere."""
        return not self.landed and self.resent < RESENDS_MAX and now - decided_ms < RESEND_WITHIN_MS

    def closed(self, at_ms: Ms) -> None:
        """A socket that carried the bytes closed, again: what was not found before proves nothing."""
        self.closed_ms = max(self.closed_ms, at_ms)
        self.absences = 0

    def alert(self, now: Ms) -> bool:
        """True once, when somebody must be told that it takes long."""
        if self.alerted or now - self.began_ms < ALERT_AFTER_MS:
            return False
        self.alerted = True
        return True
