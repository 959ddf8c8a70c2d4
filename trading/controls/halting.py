"""How a runner hears of halts and obeys them (trading.md 12).

The message on the bus is fast, the row is sure: the row is read each second, and if it cannot be read for three
seconds the runner acts as if it said HALT. A halt that the database did not take is a wish in a file and in Redis
(``risk.halts.wishes``): it holds like a row until it is one, and whoever sees it writes it down. A message alone holds
for five seconds, by which the row or the wish is there. How a halt is answered and proven: ``halt_proof``.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections, connections

from core.events import Halted, Resumed
from core.ids import MarketId
from infra import aio, bus, clock, logs
from risk import selectors, services
from risk.errors import HaltKept
from risk.selectors import HaltInForce, KeptHalt
from trading.controls.arming import Gate, armed_now
from trading.controls.halt_proof import HaltProver
from trading.runner import STEP_FAILED, Runner

READ_MS: Final = 1_000
READ_WITHIN_S: Final = 0.9
UNREADABLE_MS: Final = 3_000
SILENCE_MS: Final = 100
HEARD_MS: Final = 5_000
CLOSE_WITHIN_S: Final = 1.0
UNREADABLE: Final = "halt state unreadable"
RECORD_LOST: Final = "record_lost"
# Halts of the runner's own, their rows written later.
OUR_OWN: Final = frozenset({STEP_FAILED, RECORD_LOST, services.HaltCode.ERRORS.value})

log = logs.get("trading")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one reading, begun at ``began_ms`` (real). ``failed``: why the rows were not read.

    kept:  halts that are no rows yet; all that are kept while the rows cannot be read.
    armed: the arming that holds for this process; ``None`` where none does, and where none is needed.
    """

    began_ms: int
    kept: tuple[KeptHalt, ...]
    halt: HaltInForce | None
    markets: Mapping[str, HaltInForce]
    armed: int | None
    failed: str | None


class HaltKeeper:
    """Keeps one runner's halts equal to the rows and to what is kept for them. ``close`` it.

    gate:  ``None`` where nothing needs to be armed; else it is told each second what the arming's row says.
    fence: with which number the runner holds the fence of its name: it answers for halts as long as it does.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        name: str,
        group: asyncio.TaskGroup,
        fence: int,
        stop: asyncio.Event,
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate
        self.prover = HaltProver(runner, name=name, fence=fence, stop=stop)
        self._runner = runner
        self._name = name
        self._group = group
        self._stop = stop
        self._seen: set[MarketId] = set()  # markets whose halt was read from its row
        self._seen_for_all = False
        self._heard: dict[MarketId | None, int] = {}  # halts said on the bus and not read anywhere yet
        self._obeyed: set[str] = set()  # kept halts that we have said we obey
        self._read_ms = clock.monotonic_ms()
        self._eye = ThreadPoolExecutor(1, thread_name_prefix="halt rows")
        self._looking: asyncio.Future[Look] | None = None
        self._reading = asyncio.Lock()
        self._recording: asyncio.Task[None] | None = None

    async def watch_rows(self) -> None:
        """Read the rows each second until stopped."""
        await aio.every(READ_MS, self.read, stop=self._stop)

    async def watch_silence(self) -> None:
        """Stop when the rows could not be read for three seconds, however long a reading hangs."""
        await aio.every(SILENCE_MS, self._mind_silence, stop=self._stop)

    async def _mind_silence(self) -> None:
        silent = clock.monotonic_ms() - self._read_ms
        if silent >= UNREADABLE_MS and self._runner.engine.halted is None:
            log.error("halt rows not read", event_type="error", silent_ms=silent)
            self.prover.count_open()
            self._runner.take(Halted(None, UNREADABLE, clock.now_ms()))

    async def watch_bus(self) -> None:
        """Obey a message at once, whatever is being read for one before; what it ends is taken from the row."""
        told = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_when(told))
            async for event in bus.subscribe("control"):
                if isinstance(event, Halted):
                    self._hear(event)
                told.set()

    async def _read_when(self, told: asyncio.Event) -> None:
        while await told.wait():
            told.clear()
            await self.read()

    def _hear(self, event: Halted) -> None:
        self._heard[event.market_id] = clock.monotonic_ms()
        engine = self._runner.engine
        desk = None if event.market_id is None else engine.desk(event.market_id)
        stopped = (
            engine.halted is not None
            if event.market_id is None
            else desk is not None and desk.halted is not None
        )
        if not stopped:
            self.prover.count_open()
            self._runner.take(Halted(event.market_id, event.reason, clock.now_ms()))

    async def read(self) -> None:
        """Bring the engine to what the rows say, and what is kept until it is a row."""
        async with self._reading:
            look = await self._look()
        if look is None:
            return
        self.prover.count_open()
        self._obey_kept(look.kept)
        if look.failed is not None:
            silent = clock.monotonic_ms() - self._read_ms
            log.error("halt rows not read", event_type="error", silent_ms=silent, error=look.failed)
            return
        self._read_ms = max(self._read_ms, look.began_ms)
        self._obey(look)
        rounds = [*look.markets.values()] if look.halt is None else [look.halt, *look.markets.values()]
        for begun in self.prover.begun(rounds):
            self._group.create_task(self.prover.answer(begun))

    async def _look(self) -> Look | None:
        """One reading; ``None`` while it hangs. It is then waited for on, and no second one is begun."""
        if self._looking is None:
            looks = look if self._gate is None else look_at_gate_too
            self._looking = asyncio.get_running_loop().run_in_executor(self._eye, looks)
        done, _ = await asyncio.wait({self._looking}, timeout=READ_WITHIN_S)
        if not done:
            log.error("reading the halt rows hangs", event_type="error")
            return None
        found, self._looking = self._looking.result(), None
        return found

    def _obey_kept(self, kept: Sequence[KeptHalt]) -> None:
        """Stop for what is no row yet, say so to whoever pressed, and see to it that it becomes one."""
        now = clock.now_ms()
        for halt in kept:
            market_id = None if halt.market_id is None else MarketId(halt.market_id)
            engine = self._runner.engine
            if market_id is None and engine.halted is None:
                self._runner.take(Halted(None, halt.code, now))
            elif market_id is not None and ((desk := engine.desk(market_id)) is None or desk.halted is None):
                self._runner.take(Halted(market_id, halt.code, now))
        if kept and (self._recording is None or self._recording.done()):
            self._recording = self._group.create_task(self._record(kept))

    async def _record(self, kept: Sequence[KeptHalt]) -> None:
        fresh = [halt for halt in kept if halt.wish_id not in self._obeyed]
        self._obeyed = {halt.wish_id for halt in kept}
        orders_open = self.prover.were_open
        try:
            await self.prover.write(lambda: _say_and_record(self._name, orders_open, fresh, kept))
        except DatabaseError as error:
            log.warning("kept halt not recorded yet", error=str(error))
        else:
            await self.read()

    def _obey(self, look: Look) -> None:
        for_all = next((kept.code for kept in look.kept if kept.market_id is None), None)
        if self._gate is not None:
            self._gate.take(look.armed)
            for_all = for_all or self._gate.stops
        self._obey_for_all(for_all if look.halt is None else look.halt.code)
        wanted = {MarketId(kept.market_id): kept.code for kept in look.kept if kept.market_id is not None}
        wanted |= {MarketId(market_id): halt.code for market_id, halt in look.markets.items()}
        engine, now = self._runner.engine, clock.now_ms()
        for market_id, code in wanted.items():
            self._seen.add(market_id)
            self._heard.pop(market_id, None)
            desk = engine.desk(market_id)
            if desk is None or desk.halted is None:
                self._runner.take(Halted(market_id, code, now))
        halted = {market_id for market_id, desk in engine.desks.items() if desk.halted is not None}
        for market_id in sorted((halted | self._seen) - wanted.keys()):
            if self._awaits_row(market_id) or self._holds(market_id):
                continue
            self._seen.discard(market_id)
            self._runner.take(Resumed(market_id, "no halt in force", now))

    def _obey_for_all(self, code: str | None) -> None:
        engine, now = self._runner.engine, clock.now_ms()
        if code is not None:
            self._seen_for_all = True
            self._heard.pop(None, None)
            if engine.halted != code:
                self._runner.take(Halted(None, code, now))
        elif engine.halted is not None and (self._seen_for_all or engine.halted not in OUR_OWN):
            if self._holds(None):
                return
            self._seen_for_all = False
            self._runner.take(Resumed(None, "no halt in force", now))

    def _holds(self, scope: MarketId | None) -> bool:
        """A halt was said just now: that there is no row says nothing yet, it may wait for a lock."""
        heard_ms = self._heard.get(scope)
        return heard_ms is not None and clock.monotonic_ms() - heard_ms < HEARD_MS

    def _awaits_row(self, market_id: MarketId) -> bool:
        """It failed a moment ago and its row is still to be written: that there is none says nothing yet."""
        desk = self._runner.engine.desk(market_id)
        return desk is not None and desk.halted == STEP_FAILED and market_id not in self._seen

    async def close(self) -> None:
        await self.prover.close()
        closing = asyncio.get_running_loop().run_in_executor(self._eye, connections.close_all)
        await asyncio.wait({closing}, timeout=CLOSE_WITHIN_S)
        self._eye.shutdown(wait=False)


async def press(halt: Callable[[], object]) -> None:
    """Let a runner's own halt be written down. One that the database does not take is kept, which is as good."""
    try:
        await sync_to_async(halt)()
    except HaltKept as kept:
        log.error("halt kept", event_type="error", why=str(kept))


def look() -> Look:
    """Read what is kept first, which of it is a row second, the rows last: a halt on its way from one to the other is
    seen in one of them at least."""
    began = clock.monotonic_ms()
    close_old_connections()
    kept = selectors.kept_halts()
    try:
        left = selectors.not_recorded(kept)
        return Look(began, tuple(left), selectors.halt_in_force(), selectors.market_halts(), None, None)
    except DatabaseError as error:
        return Look(began, tuple(kept), None, {}, None, str(error))


def look_at_gate_too() -> Look:
    """As ``look``, the arming's row with the others: what cannot be read stops trading as theirs do."""
    found = look()
    if found.failed is not None:
        return found
    try:
        armed = armed_now()
    except DatabaseError as error:
        return replace(found, halt=None, markets={}, failed=str(error))
    return replace(found, armed=None if armed is None else armed.arming_id)


def _say_and_record(
    runner: str, orders_open: int, fresh: Sequence[KeptHalt], kept: Sequence[KeptHalt]
) -> None:
    for halt in fresh:
        services.say_obeyed(halt.wish_id, runner, f"has stopped, with {orders_open} orders open then")
    services.record_wishes(kept)
