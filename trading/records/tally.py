"""Counting what a runner did: the figures of the replay report, of the board's totals and of the metrics."""

import hashlib
from collections import Counter, deque
from dataclasses import asdict
from typing import Final

import msgspec

from core import events as ev
from core.book import PhantomEnded
from core.engine import Step
from core.intents import Redeem
from core.notes import Booked, Decided, InputRefused
from core.rules.verdict import Refused, Rule
from core.units import Ms
from trading.runner import Witness

KEPT_PHANTOMS: Final = 10_000


class Tally:
    """A witness that remembers numbers, not events. Bounded whatever the length of the session."""

    def __init__(self) -> None:
        self.orders = 0
        self.cancels = 0
        self.merges = 0
        self.decisions = 0
        self.gates: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.last_refused: dict[Rule, Refused] = {}
        self.refused_input: Counter[str] = Counter()
        self.fills: Counter[str] = Counter()
        self.fees = 0
        self.phantom_ms: deque[Ms] = deque(maxlen=KEPT_PHANTOMS)
        self.phantoms = 0
        self.failures = 0

    def failed(self, event: ev.Event, error: Exception) -> None:
        self.failures += 1

    def saw(self, event: ev.Event, step: Step) -> None:
        self.orders += len(step.approved)
        self.cancels += len(step.cancels)
        self.merges += sum(not isinstance(action, Redeem) for action in step.wallet_actions)
        for refused in step.refusals:
            self.refusals[refused.rule.value] += 1
            self.last_refused[refused.rule] = refused
        for note in step.notes:
            if isinstance(note, Decided):
                self.decisions += 1
                self.gates[note.gate.value if note.gate is not None else note.verdict] += 1
            elif isinstance(note, PhantomEnded):
                self.phantoms += 1
                self.phantom_ms.append(Ms(note.ended_ms - note.began_ms))
            elif isinstance(note, InputRefused):
                self.refused_input[note.refusal.value] += 1
            elif isinstance(note, Booked) and isinstance(event, ev.FillSeen):
                self.fills[event.evidence.value] += 1
                self.fees += event.fee

    @property
    def phantom_median_ms(self) -> Ms | None:
        """Median duration of the ended phantom episodes; ``None`` when there was none."""
        lasted = sorted(self.phantom_ms)
        return lasted[len(lasted) // 2] if lasted else None


class Digest:
    """SHA-256 over every step in order, each as its event's time and the step's own content.

    Two runs over one tape must agree to the last digit: that is what replayable means.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._encode = msgspec.json.Encoder(order="deterministic").encode

    def saw(self, event: ev.Event, step: Step) -> None:
        self._hash.update(f"{type(event).__name__}|{event.heard_ms}|".encode())
        self._hash.update(self._encode(asdict(step)))

    def failed(self, event: ev.Event, error: Exception) -> None:
        self._hash.update(f"failed|{type(event).__name__}|{event.heard_ms}|{error}".encode())

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class Witnesses:
    """Several witnesses, called in order."""

    def __init__(self, *witnesses: Witness) -> None:
        self._witnesses = witnesses

    def saw(self, event: ev.Event, step: Step) -> None:
        for witness in self._witnesses:
            witness.saw(event, step)

    def failed(self, event: ev.Event, error: Exception) -> None:
        for witness in self._witnesses:
            witness.failed(event, error)
