"""TCP and TLS for httpcore straight on asyncio; what is written in one turn of the loop leaves in one piece.

httpcore's own backend goes through anyio, which lets every other task of the loop run once before it writes, and it
sends the head and the body of a request by two system calls. ``lanes`` writes on the same wires without httpcore.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore

RACE_S: Final = 0.25
UNREAD_MAX: Final = 1024 * 1024
UNSENT_MAX: Final = 64 * 1024  # more leaves at once: only a small head and body gain by being one piece
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Wire(asyncio.Protocol):
    """One connection's bytes. One task reads at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.ended = False
        self._failure: Exception | None = None
        self._unread = bytearray()
        self._unsent: list[bytes] = []
        self._news = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > UNREAD_MAX and self.transport is not None:
            self.transport.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        self.ended = True
        self._news.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self._failure = True, exc
        self._news.set()
        self._may_write.set()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def flush(self) -> None:
        """Hand over what was written. Whoever waits for an answer hears of a connection that broke meanwhile."""
        unsent, self._unsent = self._unsent, []
        if unsent and self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"".join(unsent))

    def close(self) -> None:
        """What was written still leaves, unless the peer takes no more."""
        if self.transport is None:
            return
        self.flush()
        if self._may_write.is_set():
            self.transport.close()
        else:
            self.transport.abort()

    @property
    def stirred(self) -> bool:
        """There is something to read, be it the end. On a connection at rest either means that it is no good."""
        return self.ended or bool(self._unread)

    @property
    def at_rest(self) -> bool:
        """Open, and nothing is on its way in or out that we know of."""
        return self.is_open and not self._unread and not self._unsent and self._may_write.is_set()

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.ended and not self.transport.is_closing()

    def send(self, written: bytes) -> None:
        """Hand it to the socket now, on a connection ``at_rest``."""
        assert self.transport is not None, "connected"
        self.transport.write(written)

    async def read(self, size: int) -> bytes:
        """What there is, as soon as there is something; nothing at the end. Raises ``OSError`` when it broke."""
        while not self._unread and not self.ended:
            self._news.clear()
            await self._news.wait()
        if not self._unread and self._failure is not None:
            raise ConnectionError(str(self._failure)) from self._failure
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        if self.transport is not None and not self.ended and len(self._unread) <= UNREAD_MAX:
            self.transport.resume_reading()
        return taken

    async def write(self, written: bytes) -> None:
        """Hand it to the socket in this turn of the loop: a head waits for the body that follows it, no longer.

        Wait only for a socket that takes no more. Raises ``OSError`` when the connection is closed.
        """
        if not self.is_open:
            raise ConnectionError("the connection is closed")
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self.flush)
        self._unsent.append(written)
        if len(self._unsent) > 1 or len(written) > UNSENT_MAX:
            self.flush()
        if not self._may_write.is_set():
            await self._may_write.wait()
            if self.ended:
                raise ConnectionError("the connection was closed")


class Stream(httpcore.AsyncNetworkStream):
    """``wire``: what it is over, for whom a stream is too much."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 httpcore's
        try:
            async with asyncio.timeout(timeout):
                return await self.wire.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 httpcore's
        if not buffer:
            return
        try:
            async with asyncio.timeout(timeout):
                await self.wire.write(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self.wire.close()
        await asyncio.sleep(0)  # it tells the protocol

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 httpcore's
    ) -> "Stream":
        wire = self.wire
        assert wire.transport is not None, "connected"
        try:
            async with asyncio.timeout(timeout):
                secured = await asyncio.get_running_loop().start_tls(
                    wire.transport, wire, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            await self.aclose()
            raise httpcore.ConnectError(str(error)) from error
        assert secured is not None, "asyncio.start_tls returns the transport"
        wire.transport = secured
        return Stream(wire)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 httpcore's
        if info == "is_readable":
            return self.wire.stirred
        names = {"client_addr": "sockname", "server_addr": "peername"}
        assert self.wire.transport is not None, "connected"
        return self.wire.transport.get_extra_info(names.get(info, info))


class Sockets(httpcore.AsyncNetworkBackend):
    """What ``httpcore.AsyncConnectionPool`` opens its connections with."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> Stream:
        local = None if local_address is None else (local_address, 0)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, wire = await loop.create_connection(
                    Wire, host, port, local_addr=local, happy_eyeballs_delay=_ahead_s(host)
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return Stream(wire)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _ahead_s(host: str) -> float | None:
    """How long one address is ahead of the next; ``None`` where there is only one.

    A race of addresses (asyncio's) forgets the socket it has just connected when it is given up in that moment.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return RACE_S
    return None
