"""Ops withdraws by itself, with the API key that the trader left; and the venue's sweep helps where cancels fail."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from core.ids import OrderId
from infra import aio, clock, loops
from risk import services as risk
from simulator import faults
from simulator.clob.heartbeats import HEARTBEATS
from simulator.clob.posts import POSTS
from simulator.faults import Fault, Name
from tests.trading.conftest import a_place, order_id_of
from tests.trading.resting import rest_an_order
from tests.trading.wallet.test_keeper import (
    Stand,
    a_loop,
    an_account,
    an_order_of,
    call,
    discovered,
    is_open,
    kept,
    quick,
    stand,
    until,
)
from trading.controls import last_hand
from trading.shard.live import Wallet
from trading.wallet import light as wallet_light
from trading.wallet import venue_pass

__all__ = ["quick", "stand"]  # fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
SHARD = "shard:0"


@asynccontextmanager
async def resting(stand: Stand, settings: Settings) -> AsyncIterator[OrderId]:
    """An order of ours rests at the venue, its shard's light is on, and the keeper has left its pass."""
    await discovered(settings)
    async with kept(stand), a_loop(SHARD) as living, AsyncExitStack() as opened:
        lit = asyncio.create_task(loops.pulse(living))
        opened.push_async_callback(aio.end, lit)
        wallet = Wallet()
        opened.push_async_callback(wallet.close)
        await wallet.start()
        account = await call(an_account, stand)
        yield await rest_an_order(wallet, account, SHARD)


async def test_everything_is_cancelled_and_the_venue_asked(stand: Stand, settings: Settings) -> None:
    async with resting(stand, settings) as order_id:
        done = await call(last_hand.withdraw, None)

        assert not is_open(stand, order_id)
        assert (done.found, done.still_open, done.unknown, done.note) == (1, (), (), None)
        assert done.last_sent is not None
        assert done.provable_from >= done.last_sent + 2_000, "the taker delay and a second"


async def test_one_markets_orders_are_cancelled_and_no_others(stand: Stand, settings: Settings) -> None:
    async with resting(stand, settings) as order_id:
        elsewhere = await call(last_hand.withdraw, "0x" + "77" * 32)
        assert is_open(stand, order_id)
        assert elsewhere.found == 0

        market = stand.app[POSTS].by_id[order_id].order.market_id
        done = await call(last_hand.withdraw, market)

        assert not is_open(stand, order_id)
        assert done.still_open == ()


async def test_a_row_that_the_venue_does_not_know_is_unknown_until_it_must_have_landed(
    stand: Stand, settings: Settings
) -> None:
    async with kept(stand):
        await an_order_of(SHARD, stand)
        name = order_id_of(a_place())

        early = await call(last_hand.withdraw, None)
        assert early.unknown == (name,)

        done: list[tuple[str, ...]] = []

        def nothing_is_unknown() -> bool:
            done.append(last_hand.withdraw(None).unknown)
            return done[-1] == ()

        await until(nothing_is_unknown, "ten seconds of the clock later it never landed")


@pytest.mark.parametrize("path", ["/cancel-all", "/data/orders"])
async def test_a_venue_that_answers_with_errors_leaves_what_may_rest_there_named(
    path: str, stand: Stand, settings: Settings
) -> None:
    async with resting(stand, settings) as order_id:
        fault = Fault(Name.ERROR_BEFORE, rate=1000, seed=1, target=path)
        stand.app[faults.FAULTS].switch_on(fault)

        done = await call(last_hand.withdraw, None)

        stand.app[faults.FAULTS].switch_off()
        if path == "/cancel-all":
            # Asked last, the venue lists what is open: its own books are the judge. While cancels are tried again a
            # beat that comes late on a busy machine lets its sweep take the order, and then nothing rests there.
            assert done.still_open == ((order_id,) if is_open(stand, order_id) else ())
        else:
            assert done.unknown == (order_id,)
        assert (done.note is None) is (path == "/cancel-all")


async def test_on_paper_there_is_nothing_to_cancel_and_it_says_so(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"paper_trading": True})

    done = await call(last_hand.withdraw, None)

    assert done.still_open is None
    assert done.note == last_hand.ON_PAPER


async def test_without_a_pass_it_says_that_nothing_was_cancelled(stand: Stand) -> None:
    done = await call(last_hand.withdraw, None)

    assert done.still_open is None
    assert done.note == last_hand.UNARMED


async def test_the_pass_is_its_owners_alone_and_holds_no_private_key(
    stand: Stand, settings: Settings
) -> None:
    async with kept(stand):
        place = venue_pass.path()
        text = place.read_text()

        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        assert settings.POLYLOLY.private_key.get_secret_value().removeprefix("0x") not in text
        given = venue_pass.left()
        assert given is not None
        assert given.secret not in repr(given)
        assert given.secret not in str(given)

    venue_pass.take_away()
    assert not place.exists()
    assert venue_pass.left() is None


@pytest.mark.parametrize("text", ["", "{", '{"wallet": 7}'])
def test_a_pass_that_cannot_be_read_is_none(text: str, settings: Settings, tmp_path: Path) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})
    (tmp_path / "var" / "secrets").mkdir(parents=True)
    venue_pass.path().write_text(text)

    assert venue_pass.left() is None


def halt() -> None:
    by = risk.process("test")
    risk.halt_trading(code=risk.HaltCode.MANUAL, detail="odd", by=by, at=clock.now_ms())


async def test_the_venue_sweeps_what_a_halt_could_not_cancel(stand: Stand, settings: Settings) -> None:
    """Nobody here cancels, as when every cancel is answered with an error."""
    async with resting(stand, settings) as order_id:
        said: set[str] = set()

        def swept() -> bool:
            """The light is published each second and says nothing more once the sweep is over: all of it is kept."""
            light = wallet_light.read(stand.wallet)
            said.add("" if light is None else light.why)
            return not is_open(stand, order_id)

        await sync_to_async(halt)()

        await until(swept, "the venue's own hand")

        assert any("no heartbeat, so that the venue sweeps" in why for why in said), said
        await until(lambda: bool(stand.app[HEARTBEATS].pulses), "what was swept away holds no beat back")


async def test_a_halt_with_nothing_open_costs_no_beat(stand: Stand) -> None:
    async with kept(stand):
        await call(an_account, stand)
        await sync_to_async(halt)()
        beats = stand.beats()

        await until(lambda: stand.beats() >= beats + 6, "three seconds later it still beats")
