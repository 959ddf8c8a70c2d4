"""Replay: a recording through the same parser, runner, engine and paper gateway as a live market.

No database and no clock: time is the tape's. Two runs over one tape print the same digest.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from core import events as ev
from core.book import Trust
from core.desk import Desk
from core.engine import Engine, Setup
from core.ids import Outcome
from core.intents import Resync
from core.units import Ms, Usdc, text
from feeds.market_defaults import SHIPPED, BadDefaults, load
from feeds.refusals import Refusal
from feeds.sources.polymarket.parse import Parser
from feeds.tapes import NotATape, Tape, TapeFrame, TapeListing, open_tape
from infra import logs
from trading.errors import CannotReplay
from trading.gateways.paper import PaperGateway
from trading.records.tally import Digest, Tally, Witnesses
from trading.runner import Runner, Witness, send_at_once
from trading.shard.market_terms import tokens_of
from trading.shard.setup import engine_setup, opening_deposit, paper_venue

TOLD_EVERY_S: Final = 1.0
SETTLE_MS: Final = Ms(60_000)  # after the last line: what was sent is answered, what matched settles

log = logs.get("replay")


@dataclass(slots=True)
class Progress:
    """How far a replay is, for whoever waits."""

    frames: int = 0
    tape_ms: int = 0


@dataclass(slots=True)
class Seen:
    """What went by, counted at the door."""

    frames: int = 0
    messages: int = 0
    changes: int = 0
    first_ms: Ms | None = None
    last_ms: Ms | None = None


def refused(refusal: Refusal) -> None:
    """Every refusal is a line in the log; they are counted where they are made."""
    log.warning("input refused", reason=refusal.reason.value, detail=refusal.detail)


class Replay:
    """One run over one tape. ``witness`` sees every step besides the counting of our own."""

    def __init__(self, tape: Tape, setup: Setup, cash: Usdc, *, witness: Witness | None = None) -> None:
        self.tape = tape
        self.defaults_file = SHIPPED.name
        self.tally = Tally()
        self.digest = Digest()
        self.seen = Seen()
        self.parser = Parser({}, on_refusal=refused)
        self.engine = Engine(setup, entries=[opening_deposit(cash, Ms(0))], sequences={})
        self.resyncs = 0
        witnesses: list[Witness] = [self.tally, self.digest]
        self.runner = Runner(
            self.engine,
            PaperGateway(paper_venue(self.engine.ledger)),
            Witnesses(*witnesses, *([] if witness is None else [witness])),
            send=send_at_once,
            resync=self._resync,
        )

    def _resync(self, _wanted: Resync) -> None:
        """A tape holds no answers to ``GET /book``: a silent market stays as it is."""
        self.resyncs += 1

    @classmethod
    def of(cls, path: Path, *, defaults: Path | None, quote_in_play: bool) -> "Replay":
        """A replay of a recording, or of a folder of them, with the settings' limits. Raises ``CannotReplay``."""
        try:
            tape = open_tape(path, load(defaults or SHIPPED), refused)
        except (NotATape, BadDefaults) as error:
            raise CannotReplay(str(error)) from error
        setup = engine_setup("replay:main", own_shown=False, quote_in_play=quote_in_play)
        replay = cls(tape, setup, settings.POLYLOLY.start_cash)
        replay.defaults_file = (defaults or SHIPPED).name
        return replay

    async def run(self, *, speed: Fraction | None, told: Callable[[Progress], None]) -> dict[str, Any]:
        """Play the tape, at ``speed`` times its own pace or as fast as it goes. Returns the report."""
        began = last_told = time.monotonic()
        for line in self.tape:
            if speed is not None:
                await self._wait(line.recv_ms, began, speed)
            self.take(line)
            if time.monotonic() - last_told >= TOLD_EVERY_S:
                last_told = time.monotonic()
                told(Progress(self.seen.frames, self._tape_ms()))
        if self.seen.last_ms is not None:
            self.runner.pass_time(Ms(self.seen.last_ms + SETTLE_MS))
        return self.report(time.monotonic() - began)

    async def _wait(self, recv_ms: Ms, began: float, speed: Fraction) -> None:
        if self.seen.first_ms is None:
            return
        due = began + float((recv_ms - self.seen.first_ms) / speed) / 1000
        await asyncio.sleep(max(0.0, due - time.monotonic()))

    def take(self, line: TapeFrame | TapeListing) -> None:
        """Play one line."""
        if isinstance(line, TapeListing):
            self.parser.learn(tokens_of(line.listing))
            self.runner.take(line.listing)
            return
        seen = self.seen
        seen.frames += 1
        seen.first_ms = line.recv_ms if seen.first_ms is None else seen.first_ms
        seen.last_ms = line.recv_ms
        for event in self.parser.parse(line.frame, line.recv_ms):
            seen.messages += 1
            if type(event) is ev.BookChanged:
                seen.changes += len(event.levels)
            self.runner.take(event)

    def _tape_ms(self) -> int:
        seen = self.seen
        return 0 if seen.first_ms is None or seen.last_ms is None else seen.last_ms - seen.first_ms

    def report(self, wall_s: float) -> dict[str, Any]:
        """What happened, as one JSON object. Money is decimal text."""
        engine, tally, seen = self.engine, self.tally, self.seen
        desks = list(engine.desks.values())
        valued = engine.day.valued
        refused = Counter({reason.value: count for reason, count in self.tape.refused.items()})
        refused.update({reason.value: count for reason, count in self.parser.refused.items()})
        refused.update(tally.refused_input)
        return {
            "frames": seen.frames,
            "messages": seen.messages + self.parser.unused.total(),
            "changes": seen.changes,
            "markets": len(desks),
            "tape_s": self._tape_ms() / 1000,
            "wall_s": round(wall_s, 3),
            "frames_per_s": round(seen.frames / wall_s) if wall_s else None,
            "trust_s": {state.value: trusted_s(desks, state) for state in Trust},
            "phantom_pairs": sum(desk.book.phantoms for desk in desks),
            "phantom_median_ms": tally.phantom_median_ms,
            "decisions": tally.decisions,
            "gates": dict(sorted(tally.gates.items())),
            "refusals": dict(sorted(tally.refusals.items())),
            "orders": tally.orders,
            "cancels": tally.cancels,
            "fills": dict(sorted(tally.fills.items())),
            "merges": tally.merges,
            "fees": text(tally.fees, 6),
            "locked_pnl": text(sum(locked_pnl(desk) for desk in desks), 6),
            "realized_pnl": text(engine.ledger.realized(), 6),
            "equity": None if valued is None else text(valued.equity, 6),
            "quote_in_play": engine.setup.params.quote_in_play,
            "resyncs_unanswered": self.resyncs,
            "step_failures": tally.failures,
            "refused_input": dict(sorted(refused.items())),
            "unused_input": dict(sorted((self.tape.unused + self.parser.unused).items())),
            "market_defaults": {"file": self.defaults_file, "used": dict(sorted(self.tape.defaults.items()))},
            "digest": self.digest.hexdigest(),
        }


def trusted_s(desks: list[Desk], state: Trust) -> float:
    """Market seconds spent in one state of trust, all markets together."""
    return sum(desk.book.trust_ms[state] for desk in desks) / 1000


def locked_pnl(desk: Desk) -> Usdc:
    """What the pairs held pay beyond their cost, whoever wins."""
    pair, locked = desk.pair, desk.pair.locked
    if locked <= 0:
        return Usdc(0)
    cost = sum(-(-pair.cost(outcome) * locked // pair.held(outcome)) for outcome in Outcome)
    return Usdc(locked - cost)
