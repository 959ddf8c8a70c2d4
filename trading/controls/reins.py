"""How a runner hears of limits, its budget and breakers that somebody closed: the rows are read each second.

Like halts (``trading.controls.halting``), but nothing here stops anything: a row that cannot be read leaves both as
they are, and a budget is the smaller the longer nobody deals.
"""

from typing import Final

from asgiref.sync import sync_to_async

from core.breaker import State
from core.events import BreakerReset, BudgetSet, LimitsSet
from core.ids import MarketId
from core.safeguards import keeps_budget
from core.units import Ms
from infra import clock, logs
from risk import selectors, services
from risk.selectors import Agreed, Dealt
from trading.runner import Runner

READ_MS: Final = 1_000

log = logs.get("trading")


class Reins:
    """Keeps one runner's budget and breakers equal to their rows. ``name`` is the shard's."""

    def __init__(self, runner: Runner, *, name: str) -> None:
        self._runner = runner
        self._name = name
        self._number = 0  # of the budget in use
        self._limits_number = 0

    async def read(self) -> None:
        """Take what was dealt, say so once we trade within it, and close what somebody has resumed."""
        agreed, dealt, resumed = await sync_to_async(self._rows)(self._open_until())
        self._take_limits(agreed)
        await self._take_budget(dealt)
        for market_id, reason in resumed.items():
            self._runner.take(BreakerReset(market_id, reason, clock.now_ms()))

    def _rows(self, open_until: dict[MarketId, Ms]) -> tuple[Agreed, Dealt | None, dict[MarketId, str]]:
        agreed = services.agree_first_limits(at=clock.now_ms())
        return agreed, selectors.budget_of(self._name), selectors.resumed_breakers(open_until)

    def _take_limits(self, agreed: Agreed) -> None:
        """Other limits bind the next order; what rests beyond a tighter one goes (``core.agreed``)."""
        if agreed.number == self._limits_number:
            return
        self._limits_number = agreed.number
        limits = agreed.fields.core(speed=clock.speed())
        self._runner.take(LimitsSet(agreed.number, limits, clock.now_ms()))
        log.info("limits taken", number=agreed.number, by=agreed.by)

    def _open_until(self) -> dict[MarketId, Ms]:
        breakers = (desk.guard.breaker for desk in self._runner.engine.desks.values())
        return {
            breaker.market_id: breaker.trip.until_ms
            for breaker in breakers
            if breaker.state is not State.CLOSED and breaker.trip is not None
        }

    async def _take_budget(self, dealt: Dealt | None) -> None:
        """A cut binds at once; it is acknowledged when what is at risk lies within it, and frees its rest then."""
        if dealt is None:
            return
        if dealt.number != self._number:
            self._number = dealt.number
            self._runner.take(BudgetSet(dealt.part, clock.now_ms()))
            log.info("budget taken", number=dealt.number, total_exposure=dealt.part.total_exposure)
        if not dealt.acked and keeps_budget(self._runner.engine):
            await sync_to_async(services.acknowledge_budget)(self._name, dealt.number, at=clock.now_ms())
