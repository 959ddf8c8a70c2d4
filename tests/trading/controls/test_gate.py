"""The gate of what must be armed: no row without an arming in force, and who trades hears of its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from core.arming import UNUSED_MS
from core.units import Ms
from infra import clock, heartbeat
from infra.clock import to_datetime
from risk import services as risk
from risk.arming import arming
from risk.models import Arming, Preflight
from tests.trading.conftest import NOON, SHARD, a_place, order_id_of
from tests.trading.posts import OPERATOR, Post, a_post, halt, rename
from tests.trading.stages import WITHIN_S
from trading import services
from trading.controls.arming import NOT_ARMED, Gate
from trading.controls.halting import UNREADABLE, HaltKeeper
from trading.errors import NotArmed
from trading.models import Account, Order
from trading.wallet import keeper as wallet_keeper

pytestmark = pytest.mark.django_db(transaction=True)
WALLET = "0x" + "ab" * 20


@pytest.fixture(autouse=True)
def must_be_armed(settings: Settings) -> None:
    chosen = {"paper_trading": False, "arming_required": True, "wallet_address": WALLET}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)


def an_arming(at: Ms, life: str = heartbeat.LIFE) -> int:
    """As risk writes it once everything was in order."""
    common: dict[str, Any] = {"mode": "rehearsal", "wallet": WALLET, "by_name": "rita"}
    run = Preflight.objects.create(at=to_datetime(at), passed=True, checks=[], **common)
    return Arming.objects.create(preflight=run, reason="go", began=to_datetime(at), process=life, **common).pk


def disarm() -> None:
    arming.disarm(reason="", by=OPERATOR, at=clock.now_ms())


def write(number: int, *, under: int, account: Account, fence: int, at: Ms = NOON) -> None:
    place = a_place(number)
    services.write_order(
        place, account_id=account.pk, order_id=order_id_of(place), unsigned=None,
        fence_name=SHARD, fence=fence, at_ms=at, arming_id=under,
    )  # fmt: skip


def test_a_row_is_written_under_an_arming_in_force_and_begins_its_time_anew(
    account: Account, fence: int
) -> None:
    under = an_arming(NOON)

    write(1, under=under, account=account, fence=fence, at=Ms(NOON + 5_000))

    assert Order.objects.count() == 1
    assert Arming.objects.get().used == to_datetime(NOON + 5_000)


def test_no_row_is_written_once_it_is_over(account: Account, fence: int) -> None:
    under = an_arming(NOON)
    arming.disarm(reason="", by=OPERATOR, at=NOON)

    with pytest.raises(NotArmed):
        write(1, under=under, account=account, fence=fence)

    assert Order.objects.count() == 0


def test_no_row_is_written_after_fifteen_unused_minutes_though_nobody_has_ended_it(
    account: Account, fence: int
) -> None:
    under = an_arming(NOON)

    with pytest.raises(NotArmed):
        write(1, under=under, account=account, fence=fence, at=Ms(NOON + UNUSED_MS))

    assert (Order.objects.count(), Arming.objects.get().used) == (0, None)


def test_of_a_group_none_is_written_once_it_is_over(account: Account, fence: int) -> None:
    under = an_arming(NOON)
    arming.disarm(reason="", by=OPERATOR, at=NOON)
    orders = [services.NewOrder(a_place(n), order_id_of(a_place(n)), None, NOON) for n in (1, 2)]

    told = services.write_orders(
        orders, account_id=account.pk, fence_name=SHARD, fence=fence, arming_id=under
    )

    assert [type(each) for each in told] == [NotArmed, NotArmed]
    assert Order.objects.count() == 0


@asynccontextmanager
async def a_gate(under: int | None) -> AsyncIterator[tuple[Post, HaltKeeper, Gate]]:
    """A keeper that minds the gate too, over a runner with four quotes resting."""
    async with a_post() as post:
        gate = Gate(under)
        async with asyncio.TaskGroup() as group:
            keeper = HaltKeeper(
                post.stage.runner, name=SHARD, fence=post.fence, group=group, stop=post.stop, gate=gate
            )
            yield post, keeper, gate
        await keeper.close()


def stopped(post: Post) -> str | None:
    return post.engine.halted


async def test_who_trades_with_the_wallet_withdraws_at_the_next_reading_after_a_disarm() -> None:
    under = await sync_to_async(an_arming)(clock.now_ms())
    async with a_gate(under) as (post, keeper, gate):
        await keeper.read()
        assert (stopped(post), gate.switched.is_set(), post.open()) == (None, False, 4)
        await sync_to_async(disarm)()

        await keeper.read()

        assert (stopped(post), gate.switched.is_set()) == (NOT_ARMED, True)
        assert gate.withdraws
        async with asyncio.timeout(WITHIN_S):
            while post.open():
                await asyncio.wait({asyncio.create_task(post.gateway.ask_open(None))})
        sent = post.stage.runner.last_sent_ms
        post.stage.book()
        assert post.stage.runner.last_sent_ms == sent, "nothing leaves from here on"
        await keeper.read()
        assert stopped(post) == NOT_ARMED, "and nothing resumes it"


async def test_who_trades_on_paper_begins_anew_once_somebody_arms() -> None:
    async with a_gate(None) as (post, keeper, gate):
        await keeper.read()
        assert not gate.switched.is_set()
        await sync_to_async(an_arming)(clock.now_ms())

        await keeper.read()

        assert (stopped(post), gate.switched.is_set(), gate.withdraws) == (None, True, False)


async def test_another_arming_is_not_ours() -> None:
    """Disarmed and armed anew within a second: what rests is withdrawn all the same."""
    under = await sync_to_async(an_arming)(clock.now_ms())
    async with a_gate(under) as (post, keeper, gate):
        await sync_to_async(disarm)()
        await sync_to_async(an_arming)(clock.now_ms())

        await keeper.read()

        assert (stopped(post), gate.switched.is_set()) == (NOT_ARMED, True)


async def test_an_arming_for_an_earlier_life_arms_nobody() -> None:
    await sync_to_async(an_arming)(clock.now_ms(), life="an earlier life")
    async with a_gate(None) as (_, keeper, gate):
        await keeper.read()

        assert not gate.switched.is_set()


async def test_a_halt_has_the_first_word_and_turns_no_gate() -> None:
    under = await sync_to_async(an_arming)(clock.now_ms())
    async with a_gate(under) as (post, keeper, gate):
        await sync_to_async(halt)()

        await keeper.read()

        assert (stopped(post), gate.switched.is_set()) == ("manual_halt", False)


async def test_a_row_that_cannot_be_read_for_three_seconds_stops_all_and_goes_on_when_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    under = await sync_to_async(an_arming)(clock.now_ms())
    async with a_gate(under) as (post, keeper, gate):
        await keeper.read()
        await sync_to_async(rename)("risk_arming", "risk_arming_away")
        try:
            await keeper.read()
            assert stopped(post) is None
            real = clock.monotonic_ms
            monkeypatch.setattr(clock, "monotonic_ms", lambda: real() + 3_001)
            await keeper._mind_silence()
            assert stopped(post) == UNREADABLE
        finally:
            await sync_to_async(rename)("risk_arming_away", "risk_arming")

        await keeper.read()

        assert (stopped(post), gate.switched.is_set()) == (None, False)


def test_nothing_may_rest_at_the_venue_before_the_first_arming_nor_after_one() -> None:
    assert wallet_keeper.unwanted_since() == ("not armed", 0)
    now = clock.now_ms()
    an_arming(now)
    assert wallet_keeper.unwanted_since()[0] is None

    disarm()

    why, since = wallet_keeper.unwanted_since()
    assert why == "not armed"
    assert now <= since <= clock.now_ms()


def test_a_halt_under_an_arming_leaves_nothing_at_the_venue_either() -> None:
    an_arming(clock.now_ms())
    risk.halt_trading(code=risk.HaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)

    assert wallet_keeper.unwanted_since() == ("halted", NOON)
