"""A whole shard that must be armed, at the simulated venue: the venue's own list of orders is the witness."""

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from infra import clock, heartbeat
from risk.access.people import Actor, Role
from risk.arming import arming, armings
from risk.models import Arming
from simulator.clob.heartbeats import HEARTBEATS
from simulator.clob.posts import POSTS
from tests.trading.controls.test_gate import an_arming
from tests.trading.shard.test_live_shard import Stand, a_running_shard, stand
from tests.trading.stages import until
from trading.models import Account, Order

__all__ = ["stand"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
OLGA = Actor("olga", Role.OPERATOR, "127.0.0.1", None)


@pytest.fixture
def must_be_armed(stand: Stand, settings: Settings) -> Stand:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"arming_required": True})
    return stand


def taken(stand: Stand) -> int:
    """Orders that ever reached the venue, by the venue's word."""
    return len(stand.app[POSTS].by_id)


def resting(stand: Stand) -> int:
    return sum(post.order.open for post in stand.app[POSTS].by_id.values())


def arm(stand: Stand) -> int:
    number = an_arming(clock.now_ms())
    Arming.objects.filter(pk=number).update(wallet=stand.wallet)
    return number


def disarm() -> None:
    arming.disarm(reason="enough", by=OLGA, at=clock.now_ms())


async def orders_of(mode: str) -> int:
    return await Order.objects.filter(account__mode=mode).acount()


async def papers_go_on(since: int) -> bool:
    return await orders_of("demo") > since


async def test_no_order_leaves_unarmed_and_none_is_left_when_it_ends(must_be_armed: Stand) -> None:
    stand = must_be_armed
    async with a_running_shard():
        await until(lambda: papers_go_on(0))
        assert taken(stand) == 0, "not armed: the paper account trades, nothing reaches the venue"

        number = await sync_to_async(arm)(stand)
        await until(lambda: true_of(resting(stand) > 0))
        assert await orders_of("rehearsal") >= taken(stand), "each had its row before"
        assert (await Arming.objects.aget(pk=number)).used is not None

        await sync_to_async(disarm)()
        await until(lambda: true_of(resting(stand) == 0))
        before, on_paper = taken(stand), await orders_of("demo")
        beats = stand.app[HEARTBEATS].beats
        await until(lambda: papers_go_on(on_paper))
        await until(lambda: true_of(stand.app[HEARTBEATS].beats > beats))

        assert (taken(stand), resting(stand)) == (before, 0), "disarmed: none leaves, none rests"
    modes = {account.mode async for account in Account.objects.all()}
    assert modes == {"demo", "rehearsal"}, "an account each: what is traded on paper mixes with nothing"


async def true_of(fact: bool) -> bool:
    return fact


async def test_unused_for_its_time_it_is_over_for_the_trader_before_anybody_ends_it(
    must_be_armed: Stand,
) -> None:
    stand = must_be_armed
    moment = clock.now_ms()
    await sync_to_async(arm)(stand)
    found = await sync_to_async(armings.armed_here)(heartbeat.LIFE, moment)
    assert found is not None

    over = await sync_to_async(armings.armed_here)(heartbeat.LIFE, found.armed.expires_ms)

    assert over is None


async def test_a_trader_that_begins_anew_is_not_armed(
    must_be_armed: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = must_be_armed
    await sync_to_async(arm)(stand)
    async with a_running_shard():
        await until(lambda: true_of(taken(stand) > 0))
    before = taken(stand)
    assert resting(stand) == 0, "its arming ends with the process, so what rests is withdrawn at the stop"
    monkeypatch.setattr(heartbeat, "LIFE", "the next life")

    async with a_running_shard():
        await until(lambda: papers_go_on(0))

    assert taken(stand) == before
