"""A whole shard that trades with a venue in trouble: breakers that open and close, restarts, errors in a row."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from core import events as ev
from core.breaker import BreakerMoved, Code
from core.breaker import State as Breaking
from core.engine import Step
from core.ids import MarketId
from core.lifecycle import Status
from core.notes import OrderMoved, WindowMoved
from core.units import Ms
from infra import aio, clock
from risk import selectors as risk
from risk.access.people import Actor, Role
from risk.limits import limits
from risk.models import Breaker
from simulator.clob.windows import STANDINGS, WINDOWS
from simulator.faults import FAULTS, Fault, Name
from tests.trading.shard.test_live_shard import Stand, a_loop, fills_are_there, killed, stand
from tests.trading.stages import SHARD_WITHIN_S, until
from trading.records.tally import Witnesses
from trading.shard import live, shard
from trading.shard.shard import Shard

__all__ = ["stand"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
ALWAYS: Final = 1_000
TAKEN: Final = "the venue took an order"


@dataclass
class Noted:
    """What a shard's engine said, as it said it."""

    breakers: list[BreakerMoved] = field(default_factory=list)
    windows: list[WindowMoved] = field(default_factory=list)
    orders: list[OrderMoved] = field(default_factory=list)

    def saw(self, event: ev.Event, step: Step) -> None:
        for note in step.notes:
            for kept, kind in (
                (self.breakers, BreakerMoved),
                (self.windows, WindowMoved),
                (self.orders, OrderMoved),
            ):
                if isinstance(note, kind):
                    kept.append(note)  # type: ignore[arg-type]

    def failed(self, event: ev.Event, error: Exception) -> None: ...

    def sent(self, market_id: MarketId | None = None) -> list[Ms]:
        """When orders left."""
        return [
            moved.at_ms
            for moved in self.orders
            if moved.status is Status.SENT and market_id in (None, moved.market_id)
        ]

    def markets_at(self, state: Breaking) -> set[MarketId]:
        """Those whose breaker has been there."""
        return {moved.market_id for moved in self.breakers if moved.now is state}

    def closed_by_an_order(self) -> BreakerMoved | None:
        """The first breaker that closed because the order it tried was taken."""
        ends = (moved for moved in self.breakers if moved.now is Breaking.CLOSED)
        return next((moved for moved in ends if moved.reason == TAKEN), None)

    def tried(self, closed: BreakerMoved) -> list[Ms]:
        """The orders that left between the last half-opening and this closing."""
        moves = [moved for moved in self.breakers if moved.market_id == closed.market_id]
        trying = moves[moves.index(closed) - 1]
        return [at for at in self.sent(closed.market_id) if trying.at_ms <= at <= closed.at_ms]

    async def reach(self, so: Callable[["Noted"], bool]) -> None:
        async def is_so() -> bool:
            return so(self)

        await until(is_so)


@asynccontextmanager
async def a_noted_shard() -> AsyncIterator[Noted]:
    """A shard at work that has traded already, and what it says from then on."""
    noted = Noted()
    async with a_loop() as loop:
        async with asyncio.timeout(SHARD_WITHIN_S):
            opened = await shard._open(loop, 0)
        assert isinstance(opened, Shard)
        opened.runner._witness = Witnesses(opened.tally, opened.books, noted)
        work = asyncio.create_task(shard._work(opened))
        try:
            await until(lambda: fills_are_there(1))
            yield noted
            assert not work.done() or work.exception() is None, work.exception()
        finally:
            loop.stop.set()
            async with asyncio.timeout(15):
                await work
            await opened.close()


@pytest.fixture
def impatient(settings: Settings) -> None:
    """Half a real second for an answer, a rest of 20 s of the clock: the same breaker, sooner."""
    limits = settings.POLYLOLY.limits.model_copy(
        update={"breaker_answer_s": Ms(500), "breaker_open_s": Ms(20_000)}
    )
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"limits": limits})


@pytest.mark.usefixtures("impatient")
async def test_a_breaker_that_late_answers_opened_tries_one_order_and_closes(stand: Stand) -> None:
    """In several markets, because any one of them may be decided before there is an order to try: its resolution
    closes its breaker too, and rightly. People agree to a longer time meanwhile, so that no busy machine is late."""
    async with a_noted_shard() as noted:
        answer_late(stand)
        await noted.reach(lambda said: len(said.markets_at(Breaking.OPEN)) > 1)
        stand.app[FAULTS].switch_off()
        await sync_to_async(agree_to)(breaker_answer_s="20")
        await noted.reach(lambda said: said.closed_by_an_order() is not None)

    closed = noted.closed_by_an_order()
    assert closed is not None
    assert (closed.was, closed.trip.code) == (Breaking.HALF_OPEN, Code.SLOW_ANSWER)
    moves = [moved for moved in noted.breakers if moved.market_id == closed.market_id]
    story = moves[: moves.index(closed)]
    assert [moved.now for moved in story][:2] == [Breaking.OPEN, Breaking.HALF_OPEN]
    for opening, trying in zip(story[::2], story[1::2], strict=True):
        assert trying.at_ms >= opening.trip.until_ms
        assert not [at for at in noted.sent(closed.market_id) if opening.at_ms < at < trying.at_ms]
    assert len(noted.tried(closed)) == 1, "one order decides"
    row = await Breaker.objects.aget(
        market_id=closed.market_id, opened=clock.to_datetime(closed.trip.opened_ms)
    )
    assert (row.code, row.tripped, row.ended_reason) == ("slow_answer", closed.trip.tripped, TAKEN)


@pytest.mark.usefixtures("impatient")
async def test_a_breaker_outlives_a_trader_that_is_killed(stand: Stand) -> None:
    async with a_loop() as loop:
        answer_late(stand)
        await killed(loop, Breaker.objects.aexists)
        stand.app[FAULTS].switch_off()
    (kept, *_) = await sync_to_async(risk.breakers_in_force)()
    async with a_noted_shard() as noted:
        await noted.reach(lambda said: any(moved.market_id == kept.market_id for moved in said.breakers))

    moved = next(moved for moved in noted.breakers if moved.market_id == kept.market_id)
    assert moved.was is not Breaking.CLOSED, "it goes on where it was"
    assert moved.trip.opened_ms == kept.trip.opened_ms
    assert not [at for at in noted.sent(kept.market_id) if at < kept.trip.until_ms]


async def test_a_restart_of_the_venue_passes_without_an_order_sent_into_it(stand: Stand) -> None:
    async with a_noted_shard() as noted:
        stand.app[WINDOWS].restart(clock.now_ms(), down_ms=Ms(12_000), post_only_ms=Ms(60_000))
        await noted.reach(
            lambda said: bool(said.windows) and said.windows[-1].mode is ev.WindowMode.POST_ONLY
        )
        back = noted.windows[-1].at_ms
        await noted.reach(lambda said: any(at > back for at in said.sent()))

    shut = [moved for moved in noted.windows if moved.mode is ev.WindowMode.RESTARTING]
    assert shut
    for window in shut:
        assert window.until_ms is not None
        assert not [at for at in noted.sent() if window.at_ms < at < window.until_ms]
    refused = [moved.reason for moved in noted.orders if moved.status is Status.REJECTED]
    assert not any(reason.startswith("post_only_mode") for reason in refused), "nothing marketable left"
    assert noted.breakers == [], "a restart is no fault of a market"
    assert await sync_to_async(risk.halt_in_force)() is None


async def test_a_venue_that_refuses_order_after_order_halts_everything(stand: Stand) -> None:
    async with a_noted_shard() as noted:
        wallet = live.Wallet()
        stand.app[STANDINGS].banned.add(wallet.signer.address)
        await wallet.close()
        await until(is_halted)
        asked = len(noted.sent())
        await aio.stopped_within(asyncio.Event(), 500)

    halt = await sync_to_async(risk.halt_in_force)()
    assert halt is not None
    assert halt.code == "consecutive_errors"
    assert " errors in a row: " in halt.detail
    assert halt.detail.count("address banned") == 3
    assert len(noted.sent()) == asked


def answer_late(stand: Stand) -> None:
    """Over both roads: a word of the user channel is an answer too, and mostly the first."""
    stand.app[FAULTS].switch_on(Fault(Name.LATE, ALWAYS, 7, target="/order"))
    stand.app[FAULTS].switch_on(Fault(Name.FREEZE, ALWAYS, 7, target="user"))


def agree_to(**changed: str) -> None:
    """As ``manage.py set_limit``; the shard reads it within a second."""
    binding = limits.agree_first(at=clock.now_ms())
    by = Actor("rita", Role.RISK_ADMIN, "127.0.0.1", None)
    limits.change(
        changed,
        reason="the venue is slow tonight",
        expected_number=binding.number,
        by=by,
        at=clock.now_ms(),
    )


async def is_halted() -> bool:
    return await sync_to_async(risk.halt_in_force)() is not None
