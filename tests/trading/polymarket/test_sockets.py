"""Our sockets under httpcore, on real connections: one piece out, the whole truth in."""

import asyncio
import gc
import socket
import struct
import warnings
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import httpcore
import pytest
import pytest_asyncio

from trading.gateways.polymarket.transport.sockets import UNREAD_MAX, Sockets, Stream

WITHIN_S: Final = 5.0


class Peer:
    """The other end: what it received, piece by piece, and its way to answer."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue(10_000)
        self.writers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue(20)
        self.listening = asyncio.Event()
        self.listening.set()
        self.serving: set[asyncio.Task[None]] = set()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        await self.writers.put(writer)
        await self.listening.wait()
        with suppress(ConnectionError):
            while piece := await reader.read(1024 * 1024):
                await self.pieces.put(piece[:100])
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    async with asyncio.timeout(WITHIN_S):
        await asyncio.gather(*made.serving)


async def connected(peer: Peer) -> tuple[Stream, asyncio.StreamWriter]:
    stream = await Sockets().connect_tcp("127.0.0.1", peer.port, timeout=WITHIN_S)
    assert isinstance(stream, Stream)
    async with asyncio.timeout(WITHIN_S):
        return stream, await peer.writers.get()


async def test_head_and_body_leave_in_one_piece(peer: Peer) -> None:
    stream, _ = await connected(peer)

    await stream.write(b"head ")
    await stream.write(b"body")

    async with asyncio.timeout(WITHIN_S):
        assert await peer.pieces.get() == b"head body"
    await stream.aclose()


async def test_what_was_written_before_a_close_still_leaves(peer: Peer) -> None:
    stream, _ = await connected(peer)

    await stream.write(b"last words")
    await stream.aclose()

    async with asyncio.timeout(WITHIN_S):
        assert await peer.pieces.get() == b"last words"
    with pytest.raises(httpcore.WriteError):
        await stream.write(b"too late")


async def test_the_end_is_read_as_nothing_and_seen_on_a_connection_at_rest(peer: Peer) -> None:
    stream, answering = await connected(peer)
    assert stream.get_extra_info("is_readable") is False

    answering.write(b"good bye")
    answering.close()

    assert await stream.read(4, timeout=WITHIN_S) == b"good"
    assert await stream.read(100, timeout=WITHIN_S) == b" bye"
    assert await stream.read(100, timeout=WITHIN_S) == b""
    assert stream.get_extra_info("is_readable") is True
    with pytest.raises(httpcore.WriteError):
        await stream.write(b"nobody is there")


async def test_a_connection_that_breaks_is_an_error_and_no_end(peer: Peer) -> None:
    stream, answering = await connected(peer)
    linger_not = struct.pack("ii", 1, 0)  # a close is a reset
    answering.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)

    answering.transport.abort()

    with pytest.raises(httpcore.ReadError):
        await stream.read(100, timeout=WITHIN_S)
    await stream.aclose()


async def test_more_than_we_hold_unread_arrives_whole(peer: Peer) -> None:
    stream, answering = await connected(peer)
    size = 4 * UNREAD_MAX

    answering.write(b"y" * size)
    received = 0
    while received < size:
        received += len(await stream.read(65_536, timeout=WITHIN_S))

    assert received == size
    await stream.aclose()


async def test_a_peer_that_takes_no_more_is_waited_for_so_long_and_no_longer(peer: Peer) -> None:
    peer.listening.clear()
    stream, _ = await connected(peer)

    with pytest.raises(httpcore.WriteTimeout):
        await stream.write(b"z" * 64 * 1024 * 1024, timeout=0.05)

    peer.listening.set()
    await stream.aclose()


async def test_silence_is_a_timeout_and_a_closed_port_a_failed_connection(peer: Peer) -> None:
    stream, _ = await connected(peer)

    with pytest.raises(httpcore.ReadTimeout):
        await stream.read(1, timeout=0.01)
    await stream.aclose()

    with pytest.raises(httpcore.ConnectError):
        await Sockets().connect_tcp("127.0.0.1", 1, timeout=WITHIN_S)


async def test_a_connection_given_up_at_any_moment_leaves_no_socket_open(peer: Peer) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for turns in range(12):
            connecting = asyncio.create_task(Sockets().connect_tcp("127.0.0.1", peer.port, timeout=WITHIN_S))
            for _ in range(turns):
                await asyncio.sleep(0)
            connecting.cancel()
            with suppress(asyncio.CancelledError):
                await (await connecting).aclose()
            while not peer.writers.empty():
                peer.writers.get_nowait()
            gc.collect(1)

    assert [str(warning.message) for warning in seen if warning.category is ResourceWarning] == []
