"""How a runner hears of halts, obeys them and proves it (trading.md 12, risk.proof).

The message on the bus is fast, the row is sure: the row is read each second, and if it cannot be read for three
seconds the runner acts as if it said HALT. Every round of a halt is answered once and then proven: cancel, ask
the gateway until nothing is open, twice, and not before an order under way must have appeared.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from asgiref.sync import sync_to_async
from django.db import DatabaseError

from core.events import Halted, Resumed
from core.ids import MarketId
from core.orders import Order, Status
from core.units import Ms
from infra import aio, bus, clock, logs
from risk import selectors, services
from risk.selectors import HaltInForce
from trading.runner import STEP_FAILED, Runner

READ_MS: Final = 1_000
UNREADABLE_MS: Final = 3_000
ASK_MS: Final = 400
ASK_WITHIN_S: Final = 5.0
PROVE_WITHIN_MS: Final = 120_000
MARGIN_MS: Final = 1_000
UNREADABLE: Final = "halt state unreadable"
RECORD_LOST: Final = "record_lost"
# No list of the venue shows these for sure: nobody answered yet, or it holds them back.
ON_THEIR_WAY: Final = frozenset({Status.PENDING, Status.SENT, Status.DELAYED, Status.UNKNOWN})
OUR_OWN: Final = frozenset({STEP_FAILED, RECORD_LOST})  # halts of the runner's own, their rows written later

log = logs.get("trading")


class HaltKeeper:
    """Keeps one runner's halts equal to the rows."""

    def __init__(self, runner: Runner, *, name: str, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        self._runner = runner
        self._name = name
        self._group = group
        self._stop = stop
        self._answered: set[int] = set()
        self._seen: set[MarketId] = set()  # markets whose halt was read from its row
        self._seen_for_all = False
        self._before: dict[MarketId, int] = {}
        self._read_ms = clock.monotonic_ms()

    async def watch_rows(self) -> None:
        """Read the rows each second until stopped."""
        await aio.every(READ_MS, self.read, stop=self._stop)

    async def watch_bus(self) -> None:
        """Obey a message at once; what it ends is taken from the row."""
        async for event in bus.subscribe("control"):
            if isinstance(event, Halted):
                self._count_open()
                self._runner.take(Halted(event.market_id, event.reason, clock.now_ms()))
            await self.read()

    async def read(self) -> None:
        """Bring the engine to what the rows say; an unreadable row is a halt after three seconds."""
        try:
            halt, markets = await sync_to_async(_in_force)()
        except DatabaseError as error:
            silent = clock.monotonic_ms() - self._read_ms
            log.error("halt rows not read", event_type="error", silent_ms=silent, error=str(error))
            if silent >= UNREADABLE_MS and self._runner.engine.halted is None:
                self._runner.take(Halted(None, UNREADABLE, clock.now_ms()))
            return
        self._read_ms = clock.monotonic_ms()
        self._count_open()
        self._obey(halt, markets)
        rounds = [*markets.values()] if halt is None else [halt, *markets.values()]
        for in_force in rounds:
            if in_force.round_id not in self._answered:
                self._answered.add(in_force.round_id)
                self._group.create_task(self._answer(in_force))

    def _count_open(self) -> None:
        """Remember what is open where nothing is halted yet: that is what a halt's report counts down from."""
        engine = self._runner.engine
        for market_id, desk in engine.desks.items():
            if engine.halted is None and desk.halted is None:
                self._before[market_id] = len(desk.orders.open())

    def _take_count(self, scope: MarketId | None) -> int:
        """What was open when the halt came; nothing for a round that was pressed while it was in force."""
        if scope is not None:
            return self._before.pop(scope, 0)
        counted, self._before = sum(self._before.values()), {}
        return counted

    def _obey(self, halt: HaltInForce | None, markets: dict[str, HaltInForce]) -> None:
        self._obey_for_all(halt)
        engine, now = self._runner.engine, clock.now_ms()
        for market_id, in_force in markets.items():
            self._seen.add(MarketId(market_id))
            desk = engine.desk(MarketId(market_id))
            if desk is None or desk.halted is None:
                self._runner.take(Halted(MarketId(market_id), in_force.code, now))
        halted = {market_id for market_id, desk in engine.desks.items() if desk.halted is not None}
        for market_id in sorted((halted | self._seen) - markets.keys()):
            if self._awaits_row(market_id):
                continue
            self._seen.discard(market_id)
            self._runner.take(Resumed(market_id, "no halt in force", now))

    def _obey_for_all(self, halt: HaltInForce | None) -> None:
        engine, now = self._runner.engine, clock.now_ms()
        if halt is not None:
            self._seen_for_all = True
            if engine.halted != halt.code:
                self._runner.take(Halted(None, halt.code, now))
        elif engine.halted is not None and (self._seen_for_all or engine.halted not in OUR_OWN):
            self._seen_for_all = False
            self._runner.take(Resumed(None, "no halt in force", now))

    def _awaits_row(self, market_id: MarketId) -> bool:
        """It failed a moment ago and its row is still to be written: that there is none says nothing yet."""
        desk = self._runner.engine.desk(market_id)
        return desk is not None and desk.halted == STEP_FAILED and market_id not in self._seen

    async def _answer(self, halt: HaltInForce) -> None:
        """Acknowledge a round, then report and ask until it is proven or the time for it is over."""
        scope = None if halt.market_id is None else MarketId(halt.market_id)
        were_open = self._take_count(scope)
        last_sent = self._runner.last_sent_ms
        now = clock.now_ms()
        provable = now if last_sent is None else Ms(last_sent + self._longest_delay() + MARGIN_MS)
        try:
            await sync_to_async(services.acknowledge_halt)(
                round_id=halt.round_id,
                runner=self._name,
                at=now,
                orders_open=were_open,
                last_sent_at=last_sent,
                provable_from=max(provable, now),
            )
            began = clock.monotonic_ms()
            while clock.monotonic_ms() - began < PROVE_WITHIN_MS:
                if await self._prove(halt, scope, were_open) or await aio.stopped_within(self._stop, ASK_MS):
                    return
        except DatabaseError as error:
            # Asked again with the next reading of the row: an unanswered round stays unproven meanwhile.
            self._answered.discard(halt.round_id)
            log.error("halt report not written", event_type="error", round=halt.round_id, error=str(error))

    async def _prove(self, halt: HaltInForce, scope: MarketId | None, asked_for: int) -> bool:
        now = clock.now_ms()
        mine = self._open(scope)
        unknown = [order.place.key for order in mine if order.status in ON_THEIR_WAY]
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                still_open = await self._runner.gateway.ask_open(scope)
        except TimeoutError:
            still_open = None
        if still_open is None:
            return False  # nobody answered: what is open is not known, so nothing is proven
        await sync_to_async(services.step_halt_report)(
            round_id=halt.round_id,
            runner=self._name,
            at=now,
            cancelled=max(0, asked_for - len(mine)),
            still_open=still_open,
            unknown=unknown,
        )
        return await sync_to_async(services.prove_halt)(round_id=halt.round_id, runner=self._name, at=now)

    def _open(self, scope: MarketId | None) -> Sequence[Order]:
        desks = self._runner.engine.desks
        chosen = list(desks.values()) if scope is None else [desks[scope]] if scope in desks else []
        return [order for desk in chosen for order in desk.orders.open()]

    def _longest_delay(self) -> Ms:
        return max((desk.listing.delay_ms for desk in self._runner.engine.desks.values()), default=Ms(0))


def _in_force() -> tuple[HaltInForce | None, dict[str, HaltInForce]]:
    return selectors.halt_in_force(), selectors.market_halts()
