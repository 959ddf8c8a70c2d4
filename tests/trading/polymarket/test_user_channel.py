"""The user channel's socket against a server that closes, hangs and speaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest
from websockets.asyncio.server import ServerConnection, serve

from core.units import Ms
from feeds.sources.polymarket import line
from feeds.sources.polymarket.line import Status
from trading.gateways.polymarket import user_channel
from trading.gateways.polymarket.credentials import Credentials
from trading.gateways.polymarket.user_channel import UserChannel

KEY = Credentials(api_key="key", secret="c2VjcmV0", passphrase="pass-phrase")


class Ear:
    """What a listener heard."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.told: list[str] = []
        self.changed = asyncio.Event()

    def frame(self, frame: bytes, heard_ms: Ms) -> None:
        self.frames.append(frame)
        self.changed.set()

    def opened(self, heard_ms: Ms) -> None:
        self.told.append("opened")
        self.changed.set()

    def lost(self, reason: str, heard_ms: Ms) -> None:
        self.told.append(f"lost: {reason}")
        self.changed.set()

    async def until(self, holds: Callable[["Ear"], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds(self):
                await self.changed.wait()
                self.changed.clear()


@asynccontextmanager
async def listening(
    talk: Callable[[ServerConnection], Awaitable[None]],
    credentials: Callable[[], Credentials | None] = lambda: KEY,
) -> AsyncIterator[tuple[UserChannel, Ear]]:
    stop, ear = asyncio.Event(), Ear()
    async with serve(talk, "127.0.0.1", 0) as server, asyncio.TaskGroup() as group:
        port = next(iter(server.sockets)).getsockname()[1]
        channel = UserChannel(f"ws://127.0.0.1:{port}", credentials=credentials, chance=Random(1))
        group.create_task(channel.run(ear, stop=stop))
        try:
            yield channel, ear
        finally:
            stop.set()


async def test_it_shows_its_key_first_and_hears_what_follows() -> None:
    shown = []

    async def talk(socket: ServerConnection) -> None:
        first = await socket.recv()
        assert isinstance(first, str), "the venue reads text"
        shown.append(json.loads(first))
        await socket.send('{"event_type":"order"}')
        await socket.wait_closed()

    async with listening(talk) as (channel, ear):
        await ear.until(lambda ear: len(ear.frames) == 1)
        assert channel.status is Status.CONNECTED

    auth = {"apiKey": "key", "secret": "c2VjcmV0", "passphrase": "pass-phrase"}
    assert shown == [{"type": "user", "auth": auth}]
    assert ear.told[0] == "opened"


async def test_a_connection_lost_is_told_and_made_again() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close()

    async with listening(talk) as (channel, ear):
        await ear.until(lambda ear: ear.told.count("opened") == 2)

        assert [word.split(":")[0] for word in ear.told[:3]] == ["opened", "lost", "opened"]
        assert channel.reconnects >= 1


async def test_pongs_are_asked_for_and_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PING_MS", 10)

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        for _ in range(3):
            assert await socket.recv() == "PING"
            await socket.send("PONG")
        await socket.send("{}")
        await socket.wait_closed()

    async with listening(talk) as (_, ear):
        await ear.until(lambda ear: bool(ear.frames))

    assert ear.frames == [b"{}"]


async def test_a_socket_that_answers_no_ping_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "DEAD_AFTER_MS", 40)
    monkeypatch.setattr(line, "WATCH_MS", 10)

    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with listening(talk) as (_, ear):
        await ear.until(lambda ear: ear.told.count("opened") == 2)

    assert "not even PONG" in ear.told[1]


async def test_a_channel_that_is_doubted_is_opened_anew() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with listening(talk) as (channel, ear):
        await ear.until(lambda ear: "opened" in ear.told)
        channel.doubt()
        await ear.until(lambda ear: ear.told.count("opened") == 2)


async def test_it_waits_for_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_channel, "KEY_WAIT_MS", 5)
    keys = iter([None, None])

    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with listening(talk, lambda: next(keys, KEY)) as (_, ear):
        await ear.until(lambda ear: ear.told == ["opened"])


async def test_no_secret_is_in_what_it_says_of_itself() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(4001, "bad key")

    async with listening(talk) as (channel, ear):
        await ear.until(lambda ear: len(ear.told) >= 2)

        said = f"{ear.told} {channel.detail} {channel.__dict__}"
        assert KEY.secret not in said
        assert KEY.passphrase not in said
