"""How a runner answers for a halt: each round is acknowledged once, then proven (trading.md 12, ``risk.halts.proof``).

Cancel, ask the gateway until nothing is open, twice, and not before an order under way must have appeared. What the
venue leaves unanswered is named, not passed over. The reports are written on a thread of their own: they wait for no
other query of the shard, and no reading of the halts waits for them.

Each is written in a transaction in which the fence is ours: a runner that hung may not answer for its successor, whose
orders it does not know. The lease says less: without Redis it runs out after three seconds, before a proof is due, and
nobody can take it over.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db import DatabaseError, close_old_connections, connections

from core.ids import MarketId
from core.orders import Order, Status
from core.units import Ms
from infra import aio, clock, logs
from risk import services as risk
from risk.selectors import HaltInForce
from trading import services
from trading.errors import FenceLost
from trading.runner import Runner

ASK_MS: Final = 400
ASK_WITHIN_S: Final = 5.0
OFTEN_FOR_MS: Final = 120_000  # then a venue that stays silent is asked more rarely
RARELY_MS: Final = 5_000
MARGIN_MS: Final = 1_000
CLOSE_WITHIN_S: Final = 1.0
SILENT: Final = "the venue does not say what is open; it is asked on, and cancels are sent again"
# No list of the venue shows these for sure: nobody answered yet, or it holds them back.
ON_THEIR_WAY: Final = frozenset({Status.PENDING, Status.SENT, Status.DELAYED, Status.UNKNOWN})

log = logs.get("trading")

T = TypeVar("T")


@dataclass(slots=True)
class Round:
    """One round that this runner owes an answer to. ``were_open``: orders that were open when it stopped."""

    halt: HaltInForce
    scope: MarketId | None
    were_open: int
    stopped_ms: Ms
    provable_ms: Ms
    last_sent_ms: Ms | None
    acknowledged: bool = False
    trouble: str | None = None


class HaltProver:
    """The reports of one runner, which holds the fence of its name with the number ``fence``. ``close`` it."""

    def __init__(self, runner: Runner, *, name: str, fence: int, stop: asyncio.Event) -> None:
        self._runner = runner
        self._name = name
        self._fence = fence
        self._stop = stop
        self._owed: dict[int, Round] = {}  # not proven yet
        self._in_force: set[int] = set()
        self._before: dict[MarketId, int] = {}
        self._pen = ThreadPoolExecutor(1, thread_name_prefix="halt reports")

    def count_open(self) -> None:
        """Remember what is open where nothing is halted yet: that is what a halt's report counts down from."""
        engine = self._runner.engine
        for market_id, desk in engine.desks.items():
            if engine.halted is None and desk.halted is None:
                self._before[market_id] = len(desk.orders.open())

    @property
    def were_open(self) -> int:
        """How many orders were open when everything stopped, or are now."""
        return sum(self._before.values())

    def _take_count(self, scope: MarketId | None) -> int:
        """What was open when the halt came; nothing for a round that was pressed while it was in force."""
        if scope is not None:
            return self._before.pop(scope, 0)
        counted, self._before = sum(self._before.values()), {}
        return counted

    def begun(self, in_force: Sequence[HaltInForce]) -> list[Round]:
        """The rounds among those in force that nobody answered here yet. The others are asked after no more."""
        fresh = [halt for halt in in_force if halt.round_id not in self._in_force]
        self._in_force = {halt.round_id for halt in in_force}
        return [self._begin(halt) for halt in fresh]

    def _begin(self, halt: HaltInForce) -> Round:
        now, last_sent = clock.now_ms(), self._runner.last_sent_ms
        provable = now if last_sent is None else max(now, Ms(last_sent + self._longest_delay() + MARGIN_MS))
        scope = None if halt.market_id is None else MarketId(halt.market_id)
        begun = Round(halt, scope, self._take_count(scope), now, provable, last_sent)
        self._owed[halt.round_id] = begun
        return begun

    async def answer(self, begun: Round) -> None:
        """Acknowledge a round, then report and ask until it is proven, over, or the shard ends."""
        began = clock.monotonic_ms()
        while not await self._try(begun):
            pause = ASK_MS if clock.monotonic_ms() - began < OFTEN_FOR_MS else RARELY_MS
            if await aio.stopped_within(self._stop, pause):
                return
            if begun.halt.round_id not in self._in_force:
                self._owed.pop(begun.halt.round_id, None)
                return

    async def conclude(self, within_ms: int) -> None:
        """The shard ends: prove what is still owed, with the time there is. What is not stays unproven."""
        ends = clock.monotonic_ms() + within_ms
        while self._owed and clock.monotonic_ms() < ends:
            try:
                async with asyncio.timeout((ends - clock.monotonic_ms()) / 1000):
                    for begun in list(self._owed.values()):
                        await self._try(begun)
                    if self._owed:
                        await asyncio.sleep(ASK_MS / 1000)
            except TimeoutError:
                break
        if self._owed:
            log.error(
                "halt left unproven by a shard that ends", rounds=sorted(self._owed), event_type="error"
            )

    async def _try(self, begun: Round) -> bool:
        """One step towards the proof. True when it is given, or not ours to give any more. While the database is away,
        none can be."""
        try:
            if not begun.acknowledged:
                await self._report(lambda: self._acknowledge(begun))
                begun.acknowledged = True
            proven = await self._prove(begun)
        except FenceLost:
            log.error("halt left to our successor", event_type="error", round=begun.halt.round_id)
            proven = True
        except DatabaseError as error:
            if begun.trouble != str(error):
                begun.trouble = str(error)
                log.error(
                    "halt report not written", event_type="error", round=begun.halt.round_id, error=str(error)
                )
            return False
        if proven:
            self._owed.pop(begun.halt.round_id, None)
        return proven

    def _acknowledge(self, begun: Round) -> None:
        risk.acknowledge_halt(
            round_id=begun.halt.round_id,
            runner=self._name,
            at=begun.stopped_ms,
            orders_open=begun.were_open,
            last_sent_at=begun.last_sent_ms,
            provable_from=begun.provable_ms,
        )

    async def _prove(self, begun: Round) -> bool:
        now = clock.now_ms()
        mine = self._open(begun.scope)
        unsure = [_name(order) for order in mine if order.status in ON_THEIR_WAY]
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                still_open = await self._runner.gateway.ask_open(begun.scope)
        except TimeoutError:
            still_open = None
        silent = still_open is None

        def report() -> bool:
            risk.step_halt_report(
                round_id=begun.halt.round_id,
                runner=self._name,
                at=now,
                cancelled=max(0, begun.were_open - len(mine)),
                still_open=still_open,
                # Nobody answered: whatever is not known to be over may rest there.
                unknown=[_name(order) for order in mine] if silent else unsure,
                note=SILENT if silent else None,
            )
            return risk.prove_halt(round_id=begun.halt.round_id, runner=self._name, at=now)

        return await self._report(report)

    def _report(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Write what is ours to say. Raises ``FenceLost``, and what the database raises."""

        def reported() -> T:
            with services.in_the_name_of(self._name, fence=self._fence):
                return work()

        return self.write(reported)

    def write(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Let the thread of the reports do it. Raises what the database raises."""
        return asyncio.get_running_loop().run_in_executor(self._pen, _refreshed, work)

    async def close(self) -> None:
        await asyncio.wait({self.write(connections.close_all)}, timeout=CLOSE_WITHIN_S)
        self._pen.shutdown(wait=False)

    def _open(self, scope: MarketId | None) -> Sequence[Order]:
        desks = self._runner.engine.desks
        chosen = list(desks.values()) if scope is None else [desks[scope]] if scope in desks else []
        return [order for desk in chosen for order in desk.orders.open()]

    def _longest_delay(self) -> Ms:
        return max((desk.listing.delay_ms for desk in self._runner.engine.desks.values()), default=Ms(0))


def _refreshed(work: Callable[[], T]) -> T:
    """After a database restart a held connection fails for ever: drop one that is broken."""
    close_old_connections()
    return work()


def _name(order: Order) -> str:
    """What the venue calls it, if it has a name there."""
    return str(order.order_id or order.place.key)
