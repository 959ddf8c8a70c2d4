"""What the shell makes of a step that failed: the right market is recorded, and stays stopped."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from core import events as ev
from core.engine import Engine
from core.fees import UnknownFee
from core.units import usdc
from infra import clock
from risk import services as risk
from tests.builders import MARKET, a_book, a_deposit, a_listing, a_setup
from tests.fakes import RememberingGateway
from trading import services
from trading.controls.halting import HaltKeeper
from trading.models import AccountMode, StepFailure
from trading.records.bookkeeping import Bookkeeper
from trading.records.journal import Journal
from trading.records.tally import Tally
from trading.runner import STEP_FAILED, Runner, send_at_once

pytestmark = pytest.mark.django_db(transaction=True)


class FailsOnTicks(Engine):
    """It raises whenever time passes, at ``MARKET``."""

    def _tick(self, event: ev.Tick, draft: object) -> None:
        for desk in self._each(self.desks.values()):
            raise UnknownFee(f"cannot be priced: {desk.listing.market_id}")


def test_a_failure_on_a_tick_is_written_for_the_market_it_happened_at() -> None:
    """A tick names no market: everything would have been halted for it."""
    at = clock.now_ms()
    account = services.open_account(mode=AccountMode.DEMO, name="main", start_cash=usdc("10000"), at_ms=at)
    engine = FailsOnTicks(a_setup(), entries=[a_deposit()], sequences={})
    journal = Journal(account_id=account.pk, writer="shard:0:1")
    books = Bookkeeper(engine, journal)
    runner = Runner(engine, RememberingGateway(), books, send=send_at_once, resync=lambda wanted: None)
    runner.take(a_listing(heard_ms=at))

    runner.take(ev.Tick(at))
    journal.close(timeout_s=10)

    assert [market for market, _ in books.failures] == [MARKET]
    assert StepFailure.objects.get().market_id == MARKET
    connections.close_all()


def halted(engine: Engine) -> str | None:
    return engine.desks[MARKET].halted


async def test_a_market_that_failed_stays_stopped_until_its_row_is_there_and_ended() -> None:
    """The row is written a moment later: meanwhile no halt in force is no reason to trade on."""
    operator = risk.Actor("olga", risk.Role.OPERATOR, "127.0.0.1", None)
    engine = Engine(a_setup(), entries=[a_deposit()], sequences={})
    runner = Runner(engine, RememberingGateway(), Tally(), send=send_at_once, resync=lambda wanted: None)
    runner.take(a_listing(heard_ms=clock.now_ms()))
    for snapshot in a_book(now=clock.now_ms()):
        runner.take(snapshot)
    engine.break_market(MARKET, STEP_FAILED, clock.now_ms())

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        keeper = HaltKeeper(runner, name="shard:0", fence=1, group=group, stop=stop)
        await keeper.read()
        assert halted(engine) == STEP_FAILED

        failed = risk.MarketHaltCode.STEP_FAILED
        await sync_to_async(risk.halt_market)(
            market_id=MARKET, code=failed, detail="x", by=operator, at=clock.now_ms()
        )
        await keeper.read()
        assert halted(engine) is not None
        await sync_to_async(risk.resume_market)(
            market_id=MARKET, reason="looked at it", by=operator, at=clock.now_ms()
        )
        await keeper.read()
        stop.set()

    assert halted(engine) is None
    await sync_to_async(connections.close_all)()


async def test_a_market_halted_by_its_row_is_halted_before_it_is_listed() -> None:
    operator = risk.Actor("olga", risk.Role.OPERATOR, "127.0.0.1", None)
    engine = Engine(a_setup(), entries=[a_deposit()], sequences={})
    runner = Runner(engine, RememberingGateway(), Tally(), send=send_at_once, resync=lambda wanted: None)
    manual = risk.MarketHaltCode.MANUAL
    await sync_to_async(risk.halt_market)(
        market_id=MARKET, code=manual, detail="x", by=operator, at=clock.now_ms()
    )

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        await HaltKeeper(runner, name="shard:0", fence=1, group=group, stop=stop).read()
        stop.set()
    runner.take(a_listing(heard_ms=clock.now_ms()))

    assert halted(engine) is not None
    await sync_to_async(connections.close_all)()
