"""The live order path against the simulated venue itself: real signatures, HTTP, websocket, exchange."""

import pytest

from core.answers import CloseReason, FillSeen, FillSettled, FillStatus, OrderClosed, OrderUnknown
from core.ids import Outcome
from core.intents import OrderKind
from core.lifecycle import Status
from core.units import Ms, shares
from infra import clock
from simulator.faults import FAULTS, Fault, Name
from simulator.world import World
from tests.trading.polymarket.rehearsal import Rehearsal, rehearsal


@pytest.fixture(scope="module")
def world() -> World:
    """Made once; each test is another wallet in an emptied market."""
    made = World(5, clock.now_ms())
    made.exchange.settlement.mined_ms = Ms(100)
    made.exchange.settlement.confirmed_ms = Ms(200)
    return made


def settled(us: Rehearsal) -> bool:
    return us.pair.provisional == 0 and us.agrees()


async def test_a_quote_rests_is_filled_in_part_and_the_rest_is_cancelled(world: World) -> None:
    async with rehearsal(world) as us:
        order = us.place("0.40", "50")
        await us.until(lambda: order.status is Status.LIVE)
        assert us.at_venue(order).order_id == order.order_id

        us.trade_with(order, "20")
        await us.until(lambda: order.filled == shares("20"))
        us.cancel(order)
        await us.until(lambda: order.status is Status.CANCELLED)
        await us.until(lambda: settled(us))

        assert us.pair.held(Outcome.YES) == shares("20")
        assert us.pair.fees == 0
        assert await us.gateway.ask_open(None) == []


async def test_a_marketable_order_is_delayed_sweeps_pays_its_fee_and_leaves_nothing(world: World) -> None:
    async with rehearsal(world) as us:
        us.offer("0.45", "10")
        us.offer("0.46", "15")

        order = us.place("0.47", "50", kind=OrderKind.TAKE)
        await us.until(lambda: not order.is_open and order.at_stake == 0)
        await us.until(lambda: settled(us))

        closed = [event for event in us.heard if isinstance(event, OrderClosed)]
        assert [(event.reason, event.filled) for event in closed][-1] == (CloseReason.KILLED, shares("25"))
        assert us.pair.held(Outcome.YES) == shares("25")
        assert us.pair.fees > 0


@pytest.mark.parametrize("name", [Name.DROP_AFTER_ACCEPT, Name.ERROR_AFTER])
async def test_an_order_whose_answer_was_lost_is_found(world: World, name: Name) -> None:
    async with rehearsal(world) as us:
        us.app[FAULTS].switch_on(Fault(name, 1_000, 1, target="/order"))
        order = us.place("0.40", "50")
        await us.until(
            lambda: any(isinstance(event, OrderUnknown) for event in us.heard) or order.status is Status.LIVE
        )
        us.app[FAULTS].switch_off()

        await us.until(lambda: order.status is Status.LIVE)
        us.cancel(order)
        await us.until(lambda: order.status is Status.CANCELLED)

        assert len(us.exchange.orders_of(us.account)) == 1


async def test_an_order_that_never_arrived_leaves_again_once(world: World) -> None:
    async with rehearsal(world) as us:
        faults = us.app[FAULTS]
        faults.switch_on(Fault(Name.ERROR_BEFORE, 1_000, 1, target="/order"))
        order = us.place("0.40", "50")
        await us.until(lambda: faults.tallies[Name.ERROR_BEFORE].done > 0)
        faults.switch_off()

        await us.until(lambda: order.status is Status.LIVE)

        assert len(us.exchange.orders_of(us.account)) == 1


async def test_what_happened_while_the_channel_was_away_is_read(world: World) -> None:
    async with rehearsal(world) as us:
        order = us.place("0.40", "50")
        await us.until(lambda: order.status is Status.LIVE)
        us.channel.doubt()
        await us.until(lambda: us.channel.status != "connected")

        us.trade_with(order, "50")

        await us.until(lambda: order.status is Status.MATCHED and order.at_stake == 0)
        await us.until(lambda: settled(us))


async def test_trades_without_makers_twice_and_out_of_order_count_once(world: World) -> None:
    async with rehearsal(world) as us:
        for name in (Name.MISSING_MAKERS, Name.DUPLICATE, Name.REORDER):
            us.app[FAULTS].switch_on(Fault(name, 1_000, 1))
        order = us.place("0.40", "50")
        await us.until(lambda: order.status is Status.LIVE)

        us.trade_with(order, "50")

        await us.until(lambda: order.filled == shares("50"))
        await us.until(lambda: settled(us), within_s=25)


async def test_trades_that_are_retried_or_fail_leave_the_books_equal(world: World) -> None:
    async with rehearsal(world) as us:
        us.app[FAULTS].switch_on(Fault(Name.REVERT, 1_000, 3))
        order = us.place("0.40", "50")
        await us.until(lambda: order.status is Status.LIVE)
        for size in ("10", "15", "20"):
            us.trade_with(order, size)

        await us.until(lambda: order.filled == shares("45"))
        await us.until(lambda: settled(us), within_s=25)

        assert any(
            isinstance(event, (FillSettled, FillSeen)) and event.status is FillStatus.FAILED
            for event in us.heard
        )


async def test_the_next_life_adopts_what_traded_and_cancels_what_rests(world: World) -> None:
    async with rehearsal(world) as us:
        resting, partly, whole = us.place("0.40", "50"), us.place("0.39", "40"), us.place("0.41", "20")
        await us.until(lambda: all(order.status is Status.LIVE for order in us.core.open()))
        kept = us.dead()
        us.trade_with(whole, "20")
        us.trade_with(resting, "50")
        us.trade_with(partly, "15")
        await us.until(lambda: sum(us.at_venue(order).filled for order in us.core.open()) == shares("85"))

        found = await us.gateway.recover(kept)
        us.take(found.events)

        assert (found.open, found.unsure, found.foreign, found.answered) == ((), (), (), True)
        assert us.exchange.open_orders_of(us.account) == []
        assert us.core.open() == []
        assert us.pair.held(Outcome.YES) == shares("85")
        assert us.agrees()
