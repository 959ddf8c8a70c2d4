"""Connections kept for orders alone: an order's request is made while its row is written, and leaves by one write.

HTTP/1.1, one order at a time on each. What a pool asks for a request (which connection of which protocol, open, being
opened or to be closed) is asked here between the orders; an order only asks which lane is free, and goes the caller's
way where none is. Why: decision 0012.
"""

import asyncio
import ssl
from collections.abc import Callable
from random import Random
from typing import Final
from urllib.parse import urlsplit

import httpcore
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from infra import aio, clock
from trading.gateways.polymarket.transport.caller import (
    CONNECT_S,
    IDLE_S,
    Answer,
    Headers,
    Lost,
    proxy_for,
    read_answer,
)
from trading.gateways.polymarket.transport.sockets import Sockets, Wire

LANES: Final = 4
TENDED_MS: Final = 500
RESTED_MS: Final = 10_000  # used then, so that it stays open
PING_WITHIN_S: Final = 5.0
READ_BYTES: Final = 64 * 1024
ANSWER_BYTES_MAX: Final = 256 * 1024  # of an order, all in all: headers and hints have no bound of their own


class Letter:
    """A request ready to leave. ``at_s``: when it says it was made, of the venue's clock. ``flight``: once it has left.

    Headers are written as they are: whoever names them has seen that they end no line (``read_credentials``).
    """

    __slots__ = ("at_s", "flight", "written")

    def __init__(self, method: str, path: str, headers: Headers, body: bytes, *, at_s: int) -> None:
        self.at_s = at_s
        self.flight: Flight | None = None
        lines = [b"%s %s HTTP/1.1" % (method.encode(), path.encode())]
        lines += [b"%s: %s" % header for header in headers]
        self.written = b"\r\n".join((*lines, b"", body))

    def __repr__(self) -> str:
        return f"Letter({self.at_s})"  # its headers are secrets


class Reply:
    """An answer as far as it has come. Fed until it is ``whole``; ``goes_on``: the connection takes another request.

    One that only ends with its connection never is whole: nobody can tell it from one that was cut off.
    """

    __slots__ = ("_parser", "body", "goes_on", "headers", "status", "whole")

    def __init__(self) -> None:
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._begin()

    def _begin(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.goes_on = self.whole = False

    def feed(self, read: bytes) -> None:
        """Raises ``HttpParserError`` for what is no answer and for more than one, ``HttpParserUpgrade`` for one that
        would rather speak something else.
        """
        if self._parser is None:
            raise HttpParserError("more than was asked for")
        self._parser.feed_data(read)
        if self.whole:
            self._parser = None  # it knows us: together we would wait for the garbage collector

    # What httptools calls.

    def on_message_begin(self) -> None:
        if self.whole:
            self.goes_on = False
            raise HttpParserError("more than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None, "it is being fed"
        self.status, self.goes_on = self._parser.get_status_code(), self._parser.should_keep_alive()

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        if self.status < 200:  # a hint: the answer follows
            self._begin()
        else:
            self.whole = True


class Lane:
    """One connection, or the place of one. ``busy``: it carries a request, or is being opened."""

    __slots__ = ("busy", "used_ms", "wire")

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self.busy = False
        self.used_ms = 0

    @property
    def is_open(self) -> bool:
        """Whether it could carry a request. One that was left alone too long is not trusted."""
        if self.wire is None or not self.wire.at_rest:
            return False
        return clock.monotonic_ms() - self.used_ms < IDLE_S * 1000

    @property
    def is_free(self) -> bool:
        return not self.busy and self.is_open

    def take(self, wire: Wire) -> None:
        self.wire, self.used_ms = wire, clock.monotonic_ms()

    def drop(self) -> None:
        if self.wire is not None:
            self.wire.close()
            self.wire = None


class Flight:
    """A request whose bytes were handed to a socket. Await ``answer``, once: until then its lane carries nothing."""

    __slots__ = ("_lane", "_wire")

    def __init__(self, lane: Lane, wire: Wire) -> None:
        self._lane = lane
        self._wire = wire

    async def answer(self, *, within_s: float) -> Answer | Lost:
        """What the venue said. A connection that is not at peace after it carries nothing more."""
        reply = Reply()
        try:
            async with asyncio.timeout(within_s):
                return await self._read(reply)
        except TimeoutError:
            return Lost(f"no answer within {within_s} s")
        except (HttpParserError, HttpParserUpgrade, OSError) as error:
            return Lost(f"{type(error).__name__}: {error}")
        finally:
            self._lane.busy = False
            self._lane.used_ms = clock.monotonic_ms()
            if not (reply.whole and reply.goes_on):
                self._lane.drop()

    async def _read(self, reply: Reply) -> Answer | Lost:
        total = 0
        while not reply.whole:
            read = await self._wire.read(READ_BYTES)
            if not read:
                return Lost("the connection was closed")
            total += len(read)
            if total > ANSWER_BYTES_MAX:
                return Lost(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
            reply.feed(read)
        return read_answer(reply.status, reply.headers, bytes(reply.body))


class Lanes:
    """Owns the connections. Await ``open``, run ``keep`` beside the orders, ``close`` at the end. One event loop.

    ping: makes the request that keeps a lane open. tls: whom to trust; the usual authorities when not given.
    """

    def __init__(
        self, base_url: str, ping: Callable[[], Letter], *, tls: ssl.SSLContext | None = None
    ) -> None:
        url = urlsplit(base_url)
        self._is_https = url.scheme == "https"
        self._host = url.hostname or ""
        self._port = url.port or (443 if self._is_https else 80)
        self._tls = tls
        # Through a proxy orders go as everything else does.
        self._lanes = [] if proxy_for(url.scheme, self._host) else [Lane() for _ in range(LANES)]
        self._ping = ping

    async def open(self) -> bool:
        """Open what is closed; whether there was nothing to do.

        One after the other, and none after one that could not be opened: a venue that does not let us, or a name
        that is not found, would not the next time either.
        """
        closed = [lane for lane in self._lanes if not lane.busy and not lane.is_open]
        for lane in closed:
            if not await self._open(lane):
                break
        return not closed

    async def keep(self, chance: Random) -> None:
        """Open what has closed, and use what has rested, until cancelled."""
        waits = aio.back_off(chance)
        while True:
            at_peace = await self.open()
            await self._use_rested()
            if at_peace:
                waits = aio.back_off(chance)
            await asyncio.sleep((TENDED_MS if at_peace else next(waits)) / 1000)

    def free(self) -> Lane | None:
        """A lane that can carry a request now."""
        return next((lane for lane in self._lanes if lane.is_free), None)

    def send(self, lane: Lane, letter: Letter) -> Flight:
        """Hand a request to the socket of a free lane."""
        assert lane.wire is not None, "a free lane is open"
        lane.busy = True
        lane.wire.send(letter.written)
        letter.flight = Flight(lane, lane.wire)
        return letter.flight

    async def close(self) -> None:
        for lane in self._lanes:
            lane.drop()
        await asyncio.sleep(0)  # their protocols hear of it

    async def _use_rested(self) -> None:
        """One at a time: the others are free for orders meanwhile."""
        for lane in self._lanes:
            if lane.is_free and clock.monotonic_ms() - lane.used_ms >= RESTED_MS:
                await self.send(lane, self._ping()).answer(within_s=PING_WITHIN_S)

    async def _open(self, lane: Lane) -> bool:
        """False when the venue did not let us."""
        lane.busy = True
        lane.drop()
        try:
            stream = await Sockets().connect_tcp(self._host, self._port, timeout=CONNECT_S)
            if self._is_https:
                stream = await stream.start_tls(self._context(), self._host, timeout=CONNECT_S)
            lane.take(stream.wire)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            return False
        else:
            return True
        finally:
            lane.busy = False

    def _context(self) -> ssl.SSLContext:
        """Not the pool's, which says that it speaks HTTP/2."""
        if self._tls is None:
            self._tls = httpcore.default_ssl_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls
