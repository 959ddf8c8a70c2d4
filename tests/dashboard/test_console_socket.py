"""The websocket: joins before it reads, never skips a number unseen, and says when nobody speaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError

from dashboard import consumers, snapshots
from dashboard.changes import apply
from dashboard.consumers import ConsoleConsumer
from infra import clock
from risk.access.people import Actor, Role
from risk.incidents.log import open_incident
from risk.models import Severity
from risk.services import HaltCode, halt_trading
from tests.dashboard.conftest import Publish
from tests.e2e.evening import Evening

pytestmark = [pytest.mark.django_db(transaction=True)]

Connect = Callable[[User | AnonymousUser], Awaitable[WebsocketCommunicator]]
BY = Actor("ada", Role.RISK_ADMIN, "127.0.0.1", None)


@pytest_asyncio.fixture
async def connect(redis: object) -> AsyncIterator[Connect]:
    """Open consoles; each is closed after the test."""
    opened: list[WebsocketCommunicator] = []

    async def open_console(user: User | AnonymousUser) -> WebsocketCommunicator:
        session = SessionStore()
        if isinstance(user, User):
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        await sync_to_async(session.create)()
        console = WebsocketCommunicator(ConsoleConsumer.as_asgi(), "/ws/console/")
        cast("dict[str, object]", console.scope).update(user=user, session=session)
        opened.append(console)
        accepted, _ = await console.connect(timeout=5)
        assert accepted
        return console

    yield open_console
    for console in opened:
        await console.disconnect()


async def change(rows: dict[str, Any], *, seq: int, epoch: int = 1) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send("board", {"type": "board.changed", "epoch": epoch, "seq": seq, "rows": rows})


async def hear(console: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    """The next message of this kind; beats in between are no news."""
    while True:
        message: dict[str, Any] = json.loads(await console.receive_from(timeout=8))
        if message["type"] == kind:
            return message
        assert message["type"] == "beat", f"{message['type']} came before {kind}"


async def test_who_is_not_logged_in_is_told_so_and_let_go(connect: Connect) -> None:
    console = await connect(AnonymousUser())

    assert (await console.receive_output(timeout=5))["code"] == 4401


async def test_a_console_starts_with_everything(
    connect: Connect, ada: User, publish: Publish, evening: Evening
) -> None:
    publish(evening.rows(), seq=7)

    first = await hear(await connect(ada), "snapshot")

    assert first["seq"] == 7
    assert first["rows"].keys() == evening.rows().keys()
    assert all(first["control"]["can"].values()), "a superuser may do everything"
    assert "trader" in [worker["name"] for worker in first["workers"]]


async def test_a_snapshot_and_its_changes_are_the_next_snapshot(
    connect: Connect, ada: User, publish: Publish, evening: Evening
) -> None:
    before = evening.rows()
    publish(before, seq=1)
    console = await connect(ada)
    first = await hear(console, "snapshot")
    totals = {**before["totals"], "pnl_today": "12.41"}

    await change({"totals": totals, "fill:1": None}, seq=2)
    heard = await hear(console, "change")

    after = apply(first["rows"], heard["rows"])
    assert after == {**{key: row for key, row in before.items() if key != "fill:1"}, "totals": totals}


async def test_a_change_already_in_the_snapshot_is_not_sent_again(
    connect: Connect, ada: User, publish: Publish, evening: Evening
) -> None:
    publish(evening.rows(), seq=5)
    console = await connect(ada)
    await hear(console, "snapshot")

    await change({"totals": None}, seq=5)
    await change({"halt": None}, seq=6)

    assert (await hear(console, "change"))["seq"] == 6


async def test_a_missing_number_brings_a_fresh_snapshot(
    connect: Connect, ada: User, publish: Publish, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RESYNC_MS_MIN", 0)
    publish(evening.rows(), seq=5)
    console = await connect(ada)
    await hear(console, "snapshot")
    publish(evening.rows(), seq=9)

    await change({"totals": None}, seq=9)

    assert (await hear(console, "snapshot"))["seq"] == 9


async def test_another_trader_means_another_snapshot(
    connect: Connect, ada: User, publish: Publish, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RESYNC_MS_MIN", 0)
    publish(evening.rows(), epoch=1, seq=50)
    console = await connect(ada)
    await hear(console, "snapshot")
    publish(evening.rows(), epoch=2, seq=1)

    await change({"totals": None}, epoch=2, seq=1)
    fresh = await hear(console, "snapshot")

    assert (fresh["epoch"], fresh["seq"]) == (2, 1)


async def test_a_browser_may_ask_for_everything_again(
    connect: Connect, ada: User, publish: Publish, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RESYNC_MS_MIN", 0)
    publish(evening.rows(), seq=1)
    console = await connect(ada)
    await hear(console, "snapshot")

    await console.send_to('{"type":"resync"}')

    assert (await hear(console, "snapshot"))["seq"] == 1


@pytest.mark.parametrize("word", ["no json", "[]", '{"type":"halt"}', '{"type":"seen","seq":"1"}', "x" * 500])
async def test_any_other_word_of_a_browser_ends_the_connection(
    connect: Connect, ada: User, word: str
) -> None:
    console = await connect(ada)
    await hear(console, "gone")

    await console.send_to(word)

    assert (await console.receive_output(timeout=5))["code"] == 4400


async def test_a_browser_that_stopped_drawing_gets_no_more_until_it_speaks(
    connect: Connect, ada: User, publish: Publish, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RESYNC_MS_MIN", 0)
    monkeypatch.setattr(consumers, "UNSEEN_MAX", 2)
    publish(evening.rows(), seq=0)
    console = await connect(ada)
    await hear(console, "snapshot")
    for seq in range(1, 8):
        await change({"halt": None}, seq=seq)
    heard = [(await hear(console, "change"))["seq"] for _ in range(3)]
    publish(evening.rows(), seq=7)

    await console.send_to('{"type":"seen","seq":3}')

    assert heard == [1, 2, 3]
    assert (await hear(console, "snapshot"))["seq"] == 7


async def test_nothing_published_is_said_with_what_the_database_knows(connect: Connect, ada: User) -> None:
    first = await hear(await connect(ada), "gone")

    assert first["control"]["halt"] is None
    assert first["now_ms"] > 0


async def test_a_trader_that_falls_silent_is_missed(
    connect: Connect, ada: User, publish: Publish, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "WATCH_S", 0.01)
    monkeypatch.setattr(consumers, "SILENT_MS_MAX", 20)
    rows = evening.rows()
    publish(rows)
    console = await connect(ada)
    await hear(console, "snapshot")
    rows["clock"]["now_ms"] -= 60_000
    publish(rows)

    assert (await hear(console, "gone"))["since_ms"] is None


async def test_a_halt_is_shown_without_asking(connect: Connect, ada: User) -> None:
    console = await connect(ada)
    await hear(console, "gone")

    await sync_to_async(halt_trading)(
        code=HaltCode.MANUAL, detail="feed looks wrong", by=BY, at=clock.now_ms()
    )
    heard = await hear(console, "control")

    assert heard["control"]["halt"]["detail"] == "feed looks wrong"
    assert heard["control"]["can"]["reset"] is True


async def test_a_changed_incident_is_said_without_its_words(connect: Connect, ada: User) -> None:
    console = await connect(ada)
    await hear(console, "gone")

    await sync_to_async(open_incident)(
        title="books differ", severity=Severity.P1, began=None, alert_id=None, by=BY, at=clock.now_ms()
    )

    assert await hear(console, "incidents") == {"type": "incidents"}


async def test_consoles_are_counted_and_the_number_is_bounded(
    connect: Connect, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "CONSOLES_MAX", 1)
    first = await connect(ada)
    await hear(first, "gone")

    second = await connect(ada)
    assert (await second.receive_output(timeout=5))["code"] == 4429

    await first.disconnect()
    await hear(await connect(ada), "gone")


async def test_who_logs_out_is_let_go_within_five_seconds(connect: Connect, ada: User) -> None:
    console = await connect(ada)
    await hear(console, "gone")

    session: SessionStore = console.scope["session"]  # type: ignore[typeddict-item]  # put there by connect
    await sync_to_async(session.delete)()

    assert await ended(console) == 4401


async def ended(console: WebsocketCommunicator) -> int:
    """The code the server closes with, within the five seconds of product.md 5."""
    async with asyncio.timeout(5):
        while (said := await console.receive_output(timeout=5))["type"] == "websocket.send":
            pass
    return int(said["code"])


async def test_who_has_no_role_is_let_go(connect: Connect) -> None:
    nobody = await sync_to_async(User.objects.create_user)("nora", is_staff=True)

    assert await ended(await connect(nobody)) == 4401


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.groups.clear(),
        lambda user: user.groups.add(Group.objects.get(name="risk-admin")),
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: User.objects.filter(pk=user.pk).update(password="another"),
        lambda user: user.delete(),
    ],
    ids=["role lost", "another role", "deactivated", "new password", "deleted"],
)
async def test_who_is_not_the_same_any_more_is_let_go_within_five_seconds(
    connect: Connect, olga: User, change: Callable[[User], object]
) -> None:
    console = await connect(olga)
    await hear(console, "gone")

    await sync_to_async(change)(olga)

    assert await ended(console) == 4401


async def test_a_word_of_no_known_shape_ends_the_connection_in_order(connect: Connect, ada: User) -> None:
    console = await connect(ada)
    await hear(console, "gone")

    await console.send_to(text_data='{"type":[]}')

    assert (await console.receive_output(timeout=5))["code"] == 4400


async def test_a_console_that_could_not_be_filled_gives_its_place_back(
    ada: User, redis: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_database(_user: User) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(snapshots, "take", no_database)
    before = ConsoleConsumer.consoles
    console = WebsocketCommunicator(ConsoleConsumer.as_asgi(), "/ws/console/")
    cast("dict[str, object]", console.scope).update(user=ada, session=SessionStore())
    await console.connect(timeout=5)

    with pytest.raises(OperationalError):
        await console.wait(timeout=5)

    assert ConsoleConsumer.consoles == before
