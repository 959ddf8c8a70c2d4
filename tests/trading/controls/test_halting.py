"""The row is the halt: it is read each second, obeyed, answered and proven, and what cannot be read is a halt."""

import asyncio
from collections.abc import Callable
from threading import Event

import pytest
from asgiref.sync import sync_to_async

from core import events as ev
from core.ids import OrderId
from infra import aio, clock
from risk import selectors
from risk import services as risk
from tests.builders import MARKET, OTHER, a_place
from tests.trading.posts import (
    OPERATOR,
    SHARD,
    a_post,
    halt,
    halt_market,
    rename,
    reports,
    say_halt,
    say_resumed,
)
from tests.trading.stages import WITHIN_S, until
from trading import services
from trading.controls import halting
from trading.controls.halting import UNREADABLE

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_row_alone_stops_everything_at_the_next_reading() -> None:
    async with a_post() as post:
        await sync_to_async(halt)()
        sent = post.stage.runner.last_sent_ms

        await post.keeper.read()
        post.stage.book()

        assert post.engine.halted == "manual_halt"
        assert post.stage.runner.last_sent_ms == sent, "nothing leaves from here on"


async def test_a_halt_is_acknowledged_cancelled_asked_and_proven() -> None:
    async with a_post() as post:
        assert post.open() == 4
        await sync_to_async(risk.enlist_runner)(SHARD, at=clock.now_ms())
        await sync_to_async(halt)()

        await post.keeper.read()

    (report,) = await reports()
    assert (report.orders_open, report.cancelled, report.open_left, report.unknown_left) == (4, 4, 0, 0)
    assert report.proven is not None
    assert report.clean_answers >= 2, "asked twice"
    assert report.last_sent is not None
    assert report.proven > report.last_sent
    assert post.open() == 0
    panel = selectors.halt_in_force  # the halt stays in force after its proof
    assert await sync_to_async(panel)() is not None


async def test_an_order_nobody_has_answered_for_yet_leaves_a_halt_unproven() -> None:
    """A slow venue lists it only once it got to it: two clean answers meanwhile prove nothing."""
    place = a_place(market=MARKET, number=900)
    async with a_post() as post:
        orders = post.engine.desks[MARKET].orders
        orders.add(place)
        orders.apply(ev.OrderSent(place.key, OrderId("0xslow"), clock.now_ms()))
        await sync_to_async(risk.enlist_runner)(SHARD, at=clock.now_ms())
        await sync_to_async(halt)()
        await post.keeper.read()

        async with asyncio.timeout(WITHIN_S):
            while not (found := await reports()) or found[0].asked < 3:
                await asyncio.wait({asyncio.create_task(post.gateway.ask_open(None))})
        assert found[0].proven is None
        assert found[0].unknown_ids == ["0xslow"], "by the name it has at the venue"

        post.stage.runner.take(
            ev.OrderRejected(place.key, ev.RejectCode.RESTARTING, "refused after all", clock.now_ms())
        )

    (report,) = await reports()
    assert report.proven is not None


async def test_a_runner_whose_name_is_anothers_by_now_answers_for_no_halt() -> None:
    async with a_post() as post:
        await sync_to_async(risk.enlist_runner)(SHARD, at=clock.now_ms())
        await sync_to_async(halt)()
        await sync_to_async(services.take_fence)(SHARD)

        await post.keeper.read()
        await until(post.is_bare)  # its own orders go all the same
        await post.keeper.prover.conclude(50)

        assert await reports() == []
        post.stop.set()


async def test_a_runner_that_loses_its_name_while_it_asks_the_venue_proves_nothing() -> None:
    async with a_post() as post:
        await sync_to_async(risk.enlist_runner)(SHARD, at=clock.now_ms())
        await sync_to_async(halt)()
        post.gateway.answers = False
        await post.keeper.read()
        async with asyncio.timeout(WITHIN_S):
            await post.gateway.asked_twice.wait()
        await sync_to_async(services.take_fence)(SHARD)
        post.gateway.answers = True
        await post.keeper.prover.conclude(50)
        post.stop.set()

    (report,) = await reports()
    assert report.proven is None


async def test_pressing_again_cancels_and_proves_again() -> None:
    async with a_post() as post:
        await sync_to_async(halt)()
        await post.keeper.read()
        await sync_to_async(halt)("still wrong")
        await post.keeper.read()

    first, second = await reports()
    assert first.round_id != second.round_id
    assert second.proven is not None


async def test_a_round_is_answered_once_however_often_it_is_read() -> None:
    async with a_post() as post:
        await sync_to_async(halt)()
        for _ in range(3):
            await post.keeper.read()

    assert len(await reports()) == 1


async def test_a_market_halt_withdraws_there_and_leaves_the_other_market_alone() -> None:
    async with a_post() as post:
        await sync_to_async(halt_market)()

        await post.keeper.read()

    assert (post.open(MARKET), post.open(OTHER)) == (0, 2)
    assert post.engine.desks[OTHER].halted is None
    (report,) = await reports()
    assert (report.orders_open, report.cancelled) == (2, 2)
    assert report.proven is not None


async def test_a_venue_that_does_not_answer_proves_nothing() -> None:
    async with a_post() as post:
        post.gateway.answers = False
        await sync_to_async(halt)()
        await post.keeper.read()
        await post.gateway.asked_twice.wait()
        assert [report.proven for report in await reports()] == [None]

        post.gateway.answers = True

    (report,) = await reports()
    assert report.proven is not None


async def test_a_venue_that_does_not_answer_leaves_every_order_named_that_may_rest_there() -> None:
    async with a_post() as post:
        post.gateway.answers = False
        await sync_to_async(halt)()
        await post.keeper.read()
        await post.gateway.asked_twice.wait()

        await until(an_order_is_named)
        post.gateway.answers = True

    (report,) = await reports()
    assert report.unknown_ids == []
    assert report.note is None, "taken back with the venue's answer"


async def an_order_is_named() -> bool:
    (report,) = await reports()
    return report.note is not None and report.note.startswith("the venue does not say")


async def test_a_shard_that_ends_while_its_halt_is_unproven_proves_it_at_last() -> None:
    """As when Redis is stopped: the lease is lost three seconds later, and with it the runner."""
    async with a_post() as post:
        post.gateway.answers = False
        await sync_to_async(halt)()
        await post.keeper.read()
        await post.gateway.asked_twice.wait()
        post.stop.set()
        post.gateway.answers = True

        await post.keeper.prover.conclude(10_000)

    (report,) = await reports()
    assert report.proven is not None


async def test_the_end_of_a_market_halt_is_read_from_its_row() -> None:
    async with a_post() as post:
        await sync_to_async(halt_market)()
        await post.keeper.read()
        resume: Callable[[], None] = lambda: risk.resume_market(  # noqa: E731
            market_id=MARKET, reason="looked at it", by=OPERATOR, at=clock.now_ms()
        )
        await sync_to_async(resume)()

        await post.keeper.read()

        assert post.engine.desks[MARKET].halted is None


@pytest.mark.usefixtures("redis")
async def test_a_message_on_the_bus_is_obeyed_before_the_row_is_due() -> None:
    async with a_post() as post:
        watching = asyncio.create_task(post.keeper.watch_bus())
        # Said again and again: when the keeper begins to listen is its own affair.
        saying = asyncio.create_task(aio.every(50, say_halt, stop=post.stop))

        heard = await post.engine.hears(ev.Halted)

        assert heard.reason == "said on the bus"
        await aio.end(watching, saying)


@pytest.mark.usefixtures("redis")
async def test_a_message_is_obeyed_while_what_came_before_it_is_still_being_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, going_on = Event(), Event()
    whole = halting.look

    def slow_look() -> halting.Look:
        reading.set()
        assert going_on.wait(WITHIN_S), "the message came meanwhile"
        return whole()

    async with a_post() as post:
        monkeypatch.setattr(halting, "look", slow_look)
        monkeypatch.setattr(halting, "READ_WITHIN_S", 2 * WITHIN_S)
        watching = asyncio.create_task(post.keeper.watch_bus())
        saying = asyncio.create_task(aio.every(50, say_resumed, stop=post.stop))
        try:
            async with asyncio.timeout(WITHIN_S):
                assert await asyncio.to_thread(reading.wait, WITHIN_S)
            await say_halt()

            heard = await post.engine.hears(ev.Halted)

            assert heard.reason == "said on the bus"
            assert not going_on.is_set()
        finally:
            going_on.set()
            await aio.end(watching, saying)


async def test_rows_that_cannot_be_read_for_three_seconds_are_a_halt_and_readable_again_its_end() -> None:
    async with a_post() as post:
        await post.keeper.read()
        began = clock.monotonic_ms()
        await sync_to_async(rename)("risk_haltround", "risk_haltround_away")
        watching = asyncio.gather(post.keeper.watch_rows(), post.keeper.watch_silence())
        try:
            heard = await post.engine.hears(ev.Halted)
            took = clock.monotonic_ms() - began
        finally:
            await sync_to_async(rename)("risk_haltround_away", "risk_haltround")
        assert heard.reason == UNREADABLE
        assert 2_900 <= took < 3_900

        resumed = await post.engine.hears(ev.Resumed)

        assert resumed.market_id is None
        assert post.engine.halted is None
        post.stop.set()
        await watching


async def test_rows_that_cannot_be_read_for_a_moment_stop_nothing() -> None:
    async with a_post() as post:
        await post.keeper.read()
        await sync_to_async(rename)("risk_haltround", "risk_haltround_away")
        try:
            await post.keeper.read()
        finally:
            await sync_to_async(rename)("risk_haltround_away", "risk_haltround")

        assert post.engine.halted is None
        assert post.open() == 4
