"""The live gateway as the runner sees it: synchronous calls in, events out, requests and a channel behind it."""

import asyncio
from collections.abc import Callable

import pytest

from core.answers import (
    CancelFailed,
    CloseReason,
    FillSeen,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    OrderUnknown,
    RejectCode,
)
from core.events import Event, MarketResolved
from core.ids import OrderId
from core.intents import Cancel, Merge, Place
from core.risk import Approved
from core.units import ONE, Ms, Shares
from infra import clock
from tests.builders import MARKET, T0, a_place, a_take
from tests.trading.polymarket.gateway_stage import Stage, at_work
from tests.trading.polymarket.venue_model import HeldOrder
from trading.gateways.polymarket.answers import Accepted, PostOutcome, PostStatus, Refused, Unanswered


def a_fresh(place: Callable[..., Place] = a_place, **more: object) -> Place:
    return place(now=clock.now_ms(), **more)


def has(kind: type[Event]) -> Callable[[list[Event]], bool]:
    return lambda heard: any(isinstance(event, kind) for event in heard)


def test_nothing_leaves_before_the_gateway_runs() -> None:
    stage, place = Stage(), a_place()
    stage.gateway.prepare(Approved(place, T0), T0)

    stage.gateway.place(Approved(place, T0), T0)

    (said,) = stage.gateway.advance(T0)
    assert isinstance(said, OrderRejected)
    assert said.code is RejectCode.NOT_SENT


async def test_a_sealed_order_is_handed_over_in_the_same_breath() -> None:
    async with at_work(Stage()) as stage:
        stage.send(a_fresh())

        assert len(stage.venue.handed_over) == 1
        await stage.until(has(OrderAcked))

    assert list(stage.venue.posts.values()) == [1]


async def test_no_byte_leaves_when_nobody_can_follow_it_any_more() -> None:
    """A request that failed unexpectedly ends the gateway, and it takes no new one while it ends."""
    stage = Stage()

    def breaks(order_id: OrderId) -> PostOutcome:
        raise ZeroDivisionError

    stage.venue.on_post = breaks
    refused: list[BaseException] = []

    async def another() -> None:
        """While the gateway ends: what runs in it still does so until it was cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            try:
                stage.send(a_fresh(number=2))
            except RuntimeError as error:
                refused.append(error)

    async def at_its_end() -> None:
        async with at_work(stage):
            assert stage.gateway._group is not None
            stage.gateway._group.create_task(another())
            await asyncio.sleep(0)
            stage.send(a_fresh(number=1))
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup):
        await at_its_end()

    assert len(refused) == 1
    assert len(stage.venue.handed_over) == 1, "the first alone"


def test_wallet_actions_are_handed_on() -> None:
    stage, merge = Stage(), Merge("a", MARKET, Shares(1), T0)

    stage.gateway.wallet(merge, T0)

    assert stage.planned == [merge]


async def test_an_order_is_placed_acknowledged_and_cancelled() -> None:
    async with at_work(Stage()) as stage:
        place = a_fresh()
        stage.send(place)
        await stage.until(has(OrderAcked))

        stage.gateway.cancel(Cancel(place.key, MARKET, "not wanted", clock.now_ms()), clock.now_ms())
        await stage.cancel_came()
        stage.deliver()
        heard = await stage.until(has(OrderClosed))

    assert isinstance(heard[-1], OrderClosed)
    assert heard[-1].reason is CloseReason.CANCELLED
    assert [event.heard_ms for event in heard] == sorted(event.heard_ms for event in heard)


async def test_there_is_something_due_exactly_when_something_was_said() -> None:
    async with at_work(Stage()) as stage:
        assert stage.gateway.due_ms() is None
        stage.send(a_fresh())
        await stage.woken.wait()

        due = stage.gateway.due_ms()
        assert due is not None
        assert due <= clock.now_ms()
        stage.gateway.advance(clock.now_ms())
        assert stage.gateway.due_ms() is None


async def test_the_cancel_of_an_order_nobody_knows_failed() -> None:
    async with at_work(Stage()) as stage:
        cancel = Cancel(a_place().key, MARKET, "not wanted", T0)

        stage.gateway.cancel(cancel, clock.now_ms())

        await stage.until(has(CancelFailed))


def refused(order_id: OrderId) -> PostOutcome:
    return Refused(RejectCode.POST_ONLY_WOULD_CROSS, "invalid post-only order: order crosses book", None)


async def test_a_refusal_has_its_code() -> None:
    async with at_work(Stage()) as stage:
        stage.venue.on_post = refused

        stage.send(a_fresh())

        heard = await stage.until(has(OrderRejected))
        assert isinstance(heard[-1], OrderRejected)
        assert heard[-1].code is RejectCode.POST_ONLY_WOULD_CROSS


class LosesFirst:
    """The first post's answer is lost, after the order landed or with it."""

    def __init__(self, stage: Stage, *, landed: bool) -> None:
        self.stage, self.landed, self.lost = stage, landed, 0

    def __call__(self, order_id: OrderId) -> PostOutcome | None:
        if self.lost:
            return None
        self.lost += 1
        if self.landed:
            self.stage.venue.land(self.stage.venue.known[order_id], order_id)
        return Unanswered("the connection was lost", clock.now_ms())


async def test_an_answer_lost_after_it_landed_is_found_by_asking_and_never_sent_twice() -> None:
    async with at_work(Stage()) as stage:
        stage.venue.on_post = LosesFirst(stage, landed=True)

        order_id = stage.send(a_fresh())

        heard = await stage.until(has(OrderAcked))
        assert [type(event) for event in heard] == [OrderUnknown, OrderAcked]
        assert stage.venue.posts[order_id] == 1


async def test_what_was_lost_with_its_order_leaves_again_as_the_same_bytes_while_it_may() -> None:
    async with at_work(Stage()) as stage:
        stage.venue.on_post = LosesFirst(stage, landed=False)

        order_id = stage.send(a_fresh())

        await stage.until(has(OrderAcked))
        assert stage.venue.posts[order_id] == 2
        assert len(stage.venue.orders) == 1


async def test_what_may_not_leave_again_is_cancelled_by_its_id() -> None:
    async with at_work(Stage()) as stage:
        stage.venue.on_post = LosesFirst(stage, landed=False)
        stage.why_not = "halted meanwhile"

        order_id = stage.send(a_fresh())
        await stage.cancel_came()

        assert stage.venue.cancels[0] == [order_id]
        assert stage.venue.posts[order_id] == 1


async def test_what_the_core_has_withdrawn_does_not_leave_again() -> None:
    async with at_work(Stage()) as stage:
        place = a_fresh()
        lost = LosesFirst(stage, landed=False)

        def withdrawn_meanwhile(order_id: OrderId) -> PostOutcome | None:
            stage.gateway.cancel(Cancel(place.key, MARKET, "not wanted", clock.now_ms()), clock.now_ms())
            return lost(order_id)

        stage.venue.on_post = withdrawn_meanwhile
        order_id = stage.send(place)
        await stage.cancel_came()

        assert stage.venue.posts[order_id] == 1


async def test_an_order_decided_too_long_ago_does_not_leave_again() -> None:
    async with at_work(Stage()) as stage:
        stage.venue.on_post = LosesFirst(stage, landed=False)

        order_id = stage.send(a_place(now=clock.now_ms() - 6_000))
        await stage.cancel_came()

        assert stage.venue.posts[order_id] == 1


async def test_the_venue_may_know_an_order_by_another_id_than_ours() -> None:
    async with at_work(Stage()) as stage:
        other = OrderId("0x" + "7" * 64)
        stage.venue.on_post = lambda order_id: Accepted(other, PostStatus.LIVE, 0, 0)
        place = a_fresh()
        stage.venue.orders[other] = HeldOrder(place, other, "LIVE", Shares(0))
        computed = stage.send(place)
        heard = await stage.until(has(OrderAcked))
        assert isinstance(heard[-1], OrderAcked)
        assert heard[-1].order_id == other
        assert stage.gateway.orders.misnamed == (computed, other), "the health check says so"

        stage.venue.match(stage.venue.orders[other], size="50")
        stage.deliver()

        assert stage.gateway.due_ms() is not None


async def test_part_of_a_marketable_order_matched_at_once_and_the_rest_is_cancelled() -> None:
    def part(order_id: OrderId) -> PostOutcome:
        held = stage.venue.land(stage.venue.known[order_id], order_id)
        stage.venue.match(held, size="20", took=True)
        return Accepted(order_id, PostStatus.MATCHED, 10_400_000, 20_000_000)

    async with at_work(Stage()) as stage:
        stage.venue.on_post = part
        order_id = stage.send(a_fresh(a_take))
        await stage.cancel_came()
        stage.deliver()
        heard = await stage.until(has(OrderClosed))

        assert stage.venue.cancels == [[order_id]]
        closed = next(event for event in heard if isinstance(event, OrderClosed))
        assert (closed.reason, closed.filled) == (CloseReason.KILLED, 20_000_000)


async def test_open_orders_are_those_the_venue_names_and_nothing_when_it_does_not_answer() -> None:
    async with at_work(Stage()) as stage:
        order_id = stage.send(a_fresh())
        await stage.until(has(OrderAcked))
        stage.venue.land(a_place(number=9), OrderId("0x99"))

        assert await stage.gateway.ask_open(None) == [order_id]
        stage.venue.silent = True
        assert await stage.gateway.ask_open(MARKET) is None


async def test_a_frame_that_cannot_be_read_is_counted_and_everything_is_read() -> None:
    async with at_work(Stage()) as stage:
        order_id = stage.send(a_fresh())
        await stage.until(has(OrderAcked))
        held = stage.venue.orders[order_id]
        stage.venue.end(held)
        stage.venue.mail = [b'{"event_type":"order","id":1}']

        stage.deliver()

        await stage.until(has(OrderClosed))
        assert stage.gateway.unreadable == 1


async def test_a_market_that_is_resolved_is_watched_no_more() -> None:
    stage = Stage()

    stage.gateway.observe(MarketResolved(MARKET, ONE, T0, Ms(T0)), T0)

    assert stage.gateway.orders.due_ms() is None


async def test_a_channel_that_did_not_tell_of_a_trade_is_replaced() -> None:
    async with at_work(Stage()) as stage:
        order_id = stage.send(a_fresh())
        await stage.until(has(OrderAcked))
        assert stage.channel.listener is not None
        stage.channel.listener.opened(Ms(clock.now_ms() - 20_000))
        trade = stage.venue.match(stage.venue.orders[order_id], size="50")
        stage.venue.mail.clear()
        trade.matched_ms = Ms(clock.now_ms() - 7_000)
        stage.venue.mail = [b"not of this world"]
        stage.deliver()

        await stage.until(has(FillSeen))

        assert stage.channel.doubted == 1
