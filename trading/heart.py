"""The heartbeat of a wallet: which id to send when, and what the answers mean. No I/O here.

The venue cancels all orders of an API key when no valid beat came for ten seconds (polymarket.md 3.9). Each beat
names the id that the last one was given, so two traders on one wallet break each other's chain: that is how they
are told apart. A chain found at the start is watched for one and a half beats; one that moves has a living owner.
An unanswered beat may have moved the chain: the id that the next refusal names is then ours.
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
        self._alive_ms: Ms | None = None  # the last moment at which the venue may have taken a beat

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
            self.stage, self._id, self._doubt = Stage.RUNNING, answer.heartbeat_id, False
            self.beaten_ms = self._alive_ms = now
            self.due_ms = Ms(now + EVERY_MS)
            return
        self.due_ms = Ms(now + AGAIN_MS)
        if isinstance(answer, Unheard):
            self._doubt, self._alive_ms = True, now
            return
        self._note_silence(now)
        if answer.expected is None:
            # The venue ended our chain, as it does when it sweeps: begin anew, and see whether anybody else has.
            self.stage, self._id, self._doubt = Stage.FIRST, None, False
            return
        self._mismatched(answer.expected, now)

    def _mismatched(self, expected: str, now: Ms) -> None:
        ours, self._doubt = self._doubt, False
        if self.stage is Stage.WATCHING and expected == self._id:
            self.stage, self.due_ms = Stage.ADOPTING, now
        elif self.stage is Stage.FIRST and expected == self._last_id:
            self.stage, self._id, self.due_ms = Stage.ADOPTING, expected, now
        elif self.stage is Stage.FIRST or (self.stage is Stage.WATCHING and ours):
            self.stage, self._id, self.due_ms = Stage.WATCHING, expected, Ms(now + WATCH_MS)
        elif ours and self.stage in (Stage.ADOPTING, Stage.RUNNING):
            self._id, self.due_ms = expected, now
        else:
            self.stage = Stage.TAKEN

    def _note_silence(self, now: Ms) -> None:
        if self._alive_ms is not None and now - self._alive_ms >= SWEPT_AFTER_MS:
            self.swept_ms = now
