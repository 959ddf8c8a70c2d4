"""The heartbeat of a wallet: which id to send when, and what the answers mean. No I/O here.

The venue cancels all orders of an API key when no valid beat came for ten seconds (polymarket.md 3.9). Each beat
names the id that the last one was given, so two traders on one wallet break each other's chain: that is how they
are told apart. A chain that we did not begin, or that moved without us, is watched for one and a half beats; one
that goes on moving has a living owner, one that stands still is taken up. An unanswered beat may have moved the
chain: the id that the next refusal names is then ours. It may also be taken much later: after a sweep there is no
chain, and the venue takes whatever comes first, so a beat of long ago that lay in a stalled process begins one.

Beats are held back (``hold_back``) while a shard with open orders is silent, and while everything is halted and some
order is still not known to be gone two seconds later: cancels that do not get through are then made by the venue's
own sweep, 10 to 15 s after the last beat. A halt whose orders are gone changes nothing: the chain goes on, so that
another trader is still told apart.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.units import Ms

EVERY_MS: Final = Ms(5_000)
WATCH_MS: Final = Ms(7_500)
AGAIN_MS: Final = Ms(1_000)
# Ten seconds of silence, and a sweep each five: by then nothing of ours rests at the venue any more.
SWEPT_AFTER_MS: Final = Ms(15_000)
# For so long after an unanswered beat a move of the chain may be the work of one; of many moves in a row it is not.
LATE_MS: Final = Ms(60_000)
LATE_MOVES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Beaten:
    """The venue took the beat and gave the id for the next."""

    heartbeat_id: str


@dataclass(frozen=True, slots=True)
class Mismatched:
    """The venue expects another id; ``None`` when it did not say which."""

    expected: str | None


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nobody knows whether the venue took it."""

    reason: str


Answer = Beaten | Mismatched | Unheard


class Stage(StrEnum):
    FIRST = "asking for a chain"
    WATCHING = "watching a chain that somebody began"
    ADOPTING = "going on with a chain that nobody moved"
    RUNNING = "beating"
    TAKEN = "another trader uses this wallet"


class Heart:
    """One wallet's heart. ``due_ms``: when ``beat`` is to be called; times are of ``infra.clock``.

    ``last_id`` is what this trader was given before it was restarted: while the venue still expects it, nobody else
    has beaten, and there is nothing to watch for.
    """

    def __init__(self, now: Ms, last_id: str | None = None) -> None:
        self.stage = Stage.FIRST
        self.due_ms = now
        self.beaten_ms: Ms | None = None
        self.swept_ms: Ms | None = None  # all orders at the venue were cancelled by then, for want of a beat
        self._id: str | None = None
        self._last_id = last_id
        self._doubt = False  # the last beat was not answered: it may have moved the chain
        self._unheard_ms: Ms | None = None  # when a beat was last not answered
        self._moves = 0  # of the chain while it was watched, laid to late beats of ours
        # The last moment at which the venue may have taken a beat: until we began, from who held the wallet before.
        self._alive_ms = now

    @property
    def next_id(self) -> str | None:
        """The id that the venue expects of us, as far as we know."""
        return self._id

    @property
    def beats(self) -> bool:
        return self.stage is Stage.RUNNING

    def beat(self) -> str | None:
        """The id to send now; ``None`` asks for a chain, or which id is expected."""
        return None if self.stage in (Stage.FIRST, Stage.WATCHING) else self._id

    def hold_back(self, now: Ms) -> None:
        """No beat now: a shard with open orders has fallen silent, and its orders must not be kept alive."""
        self.due_ms = Ms(now + AGAIN_MS // 2)
        self._note_silence(now)

    def heard(self, answer: Answer, now: Ms) -> None:
        """Take the answer to the beat that was due."""
        if isinstance(answer, Beaten):
            self.stage, self._id, self._doubt, self._moves = Stage.RUNNING, answer.heartbeat_id, False, 0
            self.beaten_ms = self._alive_ms = now
            self.due_ms = Ms(now + EVERY_MS)
            return
        self.due_ms = Ms(now + AGAIN_MS)
        if isinstance(answer, Unheard):
            self._doubt, self._alive_ms, self._unheard_ms = True, now, now
            return
        if answer.expected is None:
            # The venue ended our chain, as it does when it sweeps: begin anew, and see whether anybody else has.
            self._note_silence(now)
            self.stage, self._id, self._doubt = Stage.FIRST, None, False
            return
        self._alive_ms = now  # a chain that is there was beaten, by whomever, and not swept
        self._mismatched(answer.expected, now)

    def _mismatched(self, expected: str, now: Ms) -> None:
        ours, self._doubt = self._doubt, False
        if self.stage is Stage.WATCHING:
            if expected == self._id:
                self.stage, self.due_ms = Stage.ADOPTING, now
            elif self._may_be_late(now):
                self._moves += 1
                self._watch(expected, now)
            else:
                self.stage = Stage.TAKEN
        elif self.stage is Stage.FIRST:
            if expected == self._last_id:
                self.stage, self._id, self.due_ms = Stage.ADOPTING, expected, now
            else:
                self._watch(expected, now)
        elif ours:
            self._id, self.due_ms = expected, now
        else:
            self._watch(expected, now)

    def _watch(self, expected: str, now: Ms) -> None:
        self.stage, self._id, self.due_ms = Stage.WATCHING, expected, Ms(now + WATCH_MS)

    def _may_be_late(self, now: Ms) -> bool:
        """Whether a beat of ours that nobody answered may have been taken only now."""
        recent = self._unheard_ms is not None and now - self._unheard_ms < LATE_MS
        return recent and self._moves < LATE_MOVES_MAX

    def _note_silence(self, now: Ms) -> None:
        if now - self._alive_ms >= SWEPT_AFTER_MS:
            self.swept_ms = now
