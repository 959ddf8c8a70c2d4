"""Write before the wire: no order leaves without its row, and none after a halt."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from redis import Redis

from core import events as ev
from core.ids import IntentKey
from core.risk import Approved
from core.units import Ms, usdc
from infra import aio, clock
from infra.lease import single_runner
from risk import services as risk
from tests.builders import MARKET, OTHER
from tests.fakes import RememberingGateway
from tests.threads import elsewhere
from tests.trading.stages import Stage
from trading import services
from trading.errors import OrderNotWritten
from trading.models import Account, AccountMode, Order
from trading.runner import Prepared
from trading.shard.outbox import Outbox

pytestmark = pytest.mark.django_db(transaction=True)
SHARD: Final = "shard:0"


class LookingGateway(RememberingGateway):
    """A venue that looks into the database, from outside, in the moment an order arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[bool] = []
        self.placing: Callable[[], object] | None = None
        self.unsignable: str | None = None

    def prepare(self, approved: Approved, now: Ms) -> Prepared:
        if self.unsignable is not None:
            raise OrderNotWritten(self.unsignable)
        return super().prepare(approved, now)

    def place(self, approved: Approved, now: Ms) -> None:
        key = approved.intent.key
        self.rows.append(elsewhere(lambda: Order.objects.filter(key=key).exists()))
        super().place(approved, now)
        if self.placing is not None:
            self.placing()


class Office:
    """A stage whose orders go through an outbox."""

    running: asyncio.Task[None]

    def __init__(self, outbox: Outbox, stop: asyncio.Event) -> None:
        self.gateway = LookingGateway()
        self.stage = Stage(self.gateway, send=outbox.send)
        self.outbox = outbox
        self.stop = stop

    def trade(self) -> None:
        """A market with a book: two quotes are approved and wait for their rows."""
        self.stage.list_market()
        self.stage.book()

    async def refusals(self, count: int = 2) -> list[str]:
        """Why the next orders did not leave."""
        heard = [await self.stage.engine.hears(ev.OrderRejected) for _ in range(count)]
        assert {each.code for each in heard} == {ev.RejectCode.NOT_SENT}
        return [each.detail for each in heard]


def taken() -> tuple[Account, int]:
    account = services.open_account(
        mode=AccountMode.DEMO, name="main", start_cash=usdc("10000"), at_ms=clock.now_ms()
    )
    return account, services.take_fence(SHARD)


@pytest.fixture
async def office(redis: "Redis") -> AsyncIterator[Office]:
    """An outbox that runs."""
    account, fence = await sync_to_async(taken)()
    with single_runner(SHARD) as lease:
        assert lease is not None
        stop = asyncio.Event()
        outbox = Outbox(account_id=account.pk, fence_name=SHARD, fence=fence, lease=lease, stop=stop)
        office = Office(outbox, stop)
        office.running = asyncio.create_task(outbox.run())
        yield office
        await aio.end(office.running)
    await sync_to_async(connections.close_all)()


async def test_the_row_is_committed_before_the_order_leaves(office: Office) -> None:
    office.trade()

    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)

    assert office.gateway.rows == [True, True]
    rows = {row.key: row.order_id async for row in Order.objects.all()}
    assert rows == {a.intent.key: office.gateway.order_id(a) for a in office.gateway.placed}


async def test_an_order_is_sealed_before_it_leaves(office: Office) -> None:
    sealed_by_then: list[set[IntentKey]] = []
    office.gateway.placing = lambda: sealed_by_then.append(set(office.gateway.sealed))
    office.trade()

    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)

    first, second = office.gateway.prepared
    assert first in sealed_by_then[0]
    assert {first, second} == sealed_by_then[1]


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="PostgreSQL has a process for checkpoints")
async def test_no_order_waits_for_a_checkpoint(office: Office) -> None:
    asked: asyncio.Future[int | Exception] = asyncio.get_running_loop().create_future()
    office.trade()
    await office.stage.engine.hears(ev.OrderSent)

    def pages() -> int:
        with connection.cursor() as cursor:
            return int(cursor.execute("PRAGMA wal_autocheckpoint").fetchone()[0])

    office.outbox._pen.ask(pages, asked.set_result)

    async with asyncio.timeout(5):
        assert await asked == 0


async def test_orders_leave_in_the_order_in_which_they_were_approved(office: Office) -> None:
    office.trade()
    asked = office.stage.keys()

    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)

    assert [a.intent.key for a in office.gateway.placed] == asked


def halt_everything() -> None:
    """By the row alone: this engine has not heard of it."""
    risk.halt_trading(
        code=risk.HaltCode.MANUAL, detail="looks wrong", by=risk.process("test"), at=clock.now_ms()
    )


def halt_this_market() -> None:
    risk.halt_market(
        market_id=MARKET,
        code=risk.MarketHaltCode.MANUAL,
        detail="looks wrong",
        by=risk.process("test"),
        at=clock.now_ms(),
    )


def take_over() -> None:
    services.take_fence(SHARD)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (halt_everything, "trading: manual_halt"),
        (halt_this_market, "market: "),
        (take_over, "no longer held"),
    ],
)
async def test_an_order_whose_row_is_refused_never_leaves(
    office: Office, before: Callable[[], None], why: str
) -> None:
    await sync_to_async(before)()

    office.trade()
    said = await office.refusals()

    assert all(why in each for each in said), said
    assert office.gateway.placed == []
    assert not await Order.objects.aexists()
    assert office.stage.engine.desks[MARKET].orders.open() == []


async def test_a_lost_fence_stops_the_shard(office: Office) -> None:
    await sync_to_async(take_over)()

    office.trade()
    await office.refusals()

    assert office.stop.is_set()


async def test_a_halted_market_leaves_the_others_their_orders(office: Office) -> None:
    await sync_to_async(halt_this_market)()

    office.trade()
    await office.refusals()
    office.stage.list_market(OTHER)
    office.stage.book(OTHER)
    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)

    assert {a.intent.market_id for a in office.gateway.placed} == {OTHER}


async def test_a_decision_that_has_its_row_is_never_sent_a_second_time(office: Office) -> None:
    office.trade()
    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)
    once = list(office.gateway.placed)

    for approved in once:
        office.outbox.send(office.stage.runner, approved, clock.now_ms())
    for _ in range(2):
        await office.stage.engine.hears(ev.OrderRejected)

    assert office.gateway.placed == once
    assert await Order.objects.acount() == 2


async def test_an_order_does_not_leave_when_the_shard_is_stopping(office: Office) -> None:
    office.stop.set()

    office.trade()
    said = await office.refusals()

    assert set(said) == {"the shard is stopping"}
    assert office.gateway.placed == []


async def test_an_order_does_not_leave_when_its_market_was_halted_while_its_row_was_written(
    office: Office,
) -> None:
    office.trade()
    office.stage.runner.take(ev.Halted(MARKET, "manual_halt", clock.now_ms()))

    await office.refusals()

    assert office.gateway.placed == []


async def test_an_order_does_not_leave_without_the_lease(office: Office, redis: "Redis") -> None:
    redis.set(f"lease:{SHARD}", "somebody else")
    assert await asyncio.to_thread(office.outbox._lease.lost.wait, 10)

    office.trade()
    said = await office.refusals()

    assert set(said) == {"the lease is no longer ours"}
    assert office.gateway.placed == []


async def test_an_order_that_cannot_be_signed_is_told_as_never_sent(office: Office) -> None:
    office.gateway.unsignable = "nothing is known of the market"

    office.trade()
    said = await office.refusals()

    assert set(said) == {"nothing is known of the market"}
    assert office.gateway.placed == []
    assert not await Order.objects.aexists()


async def test_an_order_is_prepared_once_and_forgotten_when_it_does_not_leave(office: Office) -> None:
    office.trade()
    asked = office.stage.keys()
    office.stage.runner.take(ev.Halted(MARKET, "manual_halt", clock.now_ms()))

    await office.refusals()

    assert office.gateway.prepared == asked
    assert office.gateway.forgotten == asked


async def test_what_waits_when_the_shard_stops_is_told_as_never_sent(office: Office) -> None:
    """A row that is just being written would stay PENDING for ever, and a stop would leave an order open."""
    office.trade()
    await asyncio.sleep(0)
    office.stage.list_market(OTHER)
    office.stage.book(OTHER)
    assert office.outbox._waiting.qsize() == 2, "the first two are being written"

    await aio.end(office.running)

    assert all(office.stage.engine.desks[each].orders.open() == [] for each in (MARKET, OTHER))
    assert office.gateway.placed == []
    told = [each for each in office.stage.engine.past if isinstance(each, ev.OrderRejected)]
    assert len(told) == 4
    written = await Order.objects.acount()
    assert await sync_to_async(elsewhere)(Order.objects.count) == written, "nothing is still being written"


async def test_an_order_that_cannot_be_written_does_not_keep_its_neighbour_from_leaving(
    office: Office,
) -> None:
    """They are of one group, and each is told what became of itself."""
    office.trade()
    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)
    written_before = office.gateway.placed[0]

    office.outbox.send(office.stage.runner, written_before, clock.now_ms())
    office.stage.list_market(OTHER)
    office.stage.book(OTHER)
    assert office.outbox._waiting.qsize() == 3
    refused = await office.stage.engine.hears(ev.OrderRejected)
    for _ in range(2):
        await office.stage.engine.hears(ev.OrderSent)

    assert "already written" in refused.detail
    assert [each.intent.market_id for each in office.gateway.placed] == [MARKET, MARKET, OTHER, OTHER]
    assert office.gateway.rows == [True] * 4


async def test_a_stop_between_two_orders_of_a_group_is_told_to_those_that_have_not_left(
    office: Office,
) -> None:
    """Their rows are there: untold they would stay PENDING."""
    office.gateway.placing = office.stop.set

    office.trade()

    assert await office.refusals(1) == ["the shard is stopping"]
    assert len(office.gateway.placed) == 1
    assert len(office.stage.engine.desks[MARKET].orders.open()) == 1
    assert await Order.objects.acount() == 2


async def test_a_gateway_that_breaks_ends_the_sender_and_the_rest_of_the_group_is_told(
    office: Office,
) -> None:
    def breaks() -> None:
        raise RuntimeError("no such wallet")

    office.gateway.placing = breaks

    office.trade()
    await asyncio.wait({office.running})

    with pytest.raises(RuntimeError, match="no such wallet"):
        office.running.result()
    assert len(office.gateway.placed) == 1
    assert await office.refusals(1) == ["the shard is stopping"]
    assert await Order.objects.acount() == 2
