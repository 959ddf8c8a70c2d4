"""Halting: at most one in force, every press a new round, told on commit, written even when nobody hears."""

import threading
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from core.events import Event, Halted, Resumed
from infra import bus, codec
from infra.redis import Db, async_client, client
from risk import selectors, services
from risk.errors import NotAllowed
from risk.models import Audit, Halt, HaltRound, MarketHalt
from risk.services import HaltCode, MarketHaltCode
from tests.risk.conftest import MARKET, NOON, OPERATOR, RISK_ADMIN, VIEWER, after, halt
from tests.servers import wait_until

pytestmark = pytest.mark.django_db


def control_events() -> list[Event]:
    """What lies on the bus now."""
    kept: Any = client(Db.BUS).xrange(bus.key_of("control"))
    return [codec.load(fields[b"event"]) for _, fields in kept]


def test_a_halt_is_in_force_until_it_is_ended() -> None:
    assert selectors.halt_in_force() is None

    made = halt("feed looks wrong")

    assert selectors.halt_in_force() == made
    assert (made.code, made.detail, made.by, made.began_ms) == (
        "manual_halt", "feed looks wrong", "olga", NOON,
    )  # fmt: skip


def test_pressing_again_keeps_the_halt_and_opens_a_new_round() -> None:
    first = halt("first")

    again = halt("second", at=after(500))

    assert (again.halt_id, again.pressed) == (first.halt_id, 2)
    assert again.round_id != first.round_id
    assert again.detail == "first"
    assert Halt.objects.count() == 1
    assert HaltRound.objects.count() == 2


def test_a_viewer_cannot_halt_and_the_attempt_is_recorded() -> None:
    with pytest.raises(NotAllowed, match="halt needs the role operator; vera has viewer"):
        halt(by=VIEWER)

    assert selectors.halt_in_force() is None
    assert Audit.objects.get().outcome == "refused"


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (HaltCode.VENUE_LOST, HaltCode.MANUAL, HaltCode.MANUAL),
        (HaltCode.VENUE_LOST, HaltCode.DAILY_LOSS, HaltCode.DAILY_LOSS),
        (HaltCode.DAILY_LOSS, HaltCode.MANUAL, HaltCode.MANUAL),
        (HaltCode.MANUAL, HaltCode.VENUE_LOST, HaltCode.MANUAL),
        (HaltCode.DAILY_LOSS, HaltCode.VENUE_LOST, HaltCode.DAILY_LOSS),
        (HaltCode.MANUAL, HaltCode.DAILY_LOSS, HaltCode.MANUAL),
    ],
)
def test_a_halt_that_ends_by_itself_gives_way_to_a_graver_one(
    first: HaltCode, second: HaltCode, kept: HaltCode
) -> None:
    services.halt_trading(code=first, detail="one", by=OPERATOR, at=NOON)

    services.halt_trading(code=second, detail="two", by=OPERATOR, at=after(1))

    halt_now = selectors.halt_in_force()
    assert halt_now is not None
    assert halt_now.code == kept


def test_only_the_named_halt_is_lifted() -> None:
    services.halt_trading(code=HaltCode.VENUE_LOST, detail="no frames", by=OPERATOR, at=NOON)

    assert not services.lift_halt(code=HaltCode.DAILY_LOSS, reason="new day", by=OPERATOR, at=after(1))
    assert services.lift_halt(code=HaltCode.VENUE_LOST, reason="60 s healthy", by=OPERATOR, at=after(2))

    assert selectors.halt_in_force() is None
    assert not services.lift_halt(code=HaltCode.VENUE_LOST, reason="again", by=OPERATOR, at=after(3))


def test_a_market_is_halted_and_resumed_by_itself() -> None:
    services.halt_market(
        market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd book", by=OPERATOR, at=NOON
    )
    services.halt_market(
        market_id="0xother", code=MarketHaltCode.STEP_FAILED, detail="ValueError", by=OPERATOR, at=NOON
    )

    services.resume_market(market_id=MARKET, reason="book is fine", by=OPERATOR, at=after(1))

    assert list(selectors.market_halts()) == ["0xother"]
    assert selectors.halt_in_force() is None
    ended = MarketHalt.objects.get(market_id=MARKET)
    assert (ended.ended_by_name, ended.ended_reason) == ("olga", "book is fine")


def test_what_forbids_an_order_is_named() -> None:
    assert selectors.stop_for(MARKET) is None

    services.halt_market(market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)
    assert selectors.stop_for(MARKET) == "market: manual_halt"
    assert selectors.stop_for("0xother") is None

    halt()
    assert selectors.stop_for("0xother") == "trading: manual_halt"


def test_the_audit_says_who_what_why_and_what_changed() -> None:
    halt("feed looks wrong")

    row = Audit.objects.get()
    assert (row.who, row.role, row.from_address) == ("olga", "operator", "127.0.0.1")
    assert (row.what, row.outcome, row.reason) == ("halt", "done", "feed looks wrong")
    assert row.before == {"halt": None, "pressed": 0}
    assert row.after["halt"] == "manual_halt"


@pytest.mark.usefixtures("redis")
def test_the_runners_hear_of_a_halt_at_once_and_again_when_it_is_committed(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    told = Halted(market_id=None, reason="manual_halt", heard_ms=NOON)
    with django_capture_on_commit_callbacks(execute=True):
        halt()
        wait_until(
            lambda: control_events() == [told], what="told: nothing may leave while the row is written"
        )

    assert control_events() == [told, told]


@pytest.mark.usefixtures("redis", "healthy")
def test_the_runners_hear_of_the_end_too(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        halt()
        services.reset_trading(reason="checked by hand", by=RISK_ADMIN, at=after(1))

    assert control_events()[-1] == Resumed(market_id=None, reason="checked by hand", heard_ms=after(1))


def test_a_halt_holds_when_redis_is_down(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = halt()

    assert selectors.halt_in_force() == made
    assert HaltRound.objects.get().committed is not None


@pytest.mark.django_db(transaction=True)
def test_two_who_press_together_make_one_halt() -> None:
    start = threading.Barrier(4)

    def press() -> None:
        start.wait()
        halt()
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Halt.objects.count() == 1
    assert sorted(HaltRound.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.usefixtures("redis")
async def test_consoles_are_nudged() -> None:
    from asgiref.sync import sync_to_async
    from channels.layers import get_channel_layer

    from risk import notices

    layer = get_channel_layer()
    assert layer is not None
    name = await layer.new_channel()
    await layer.group_add("control", name)

    await sync_to_async(notices.nudge_consoles)()

    assert await layer.receive(name) == {"type": "control.changed"}
    await async_client(Db.BUS).aclose()
