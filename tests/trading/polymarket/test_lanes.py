"""Connections kept for orders alone, against a venue on a real socket that answers byte by byte what it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Final

import httpcore
import pytest
import pytest_asyncio
from httptools import HttpParserError

from infra import aio, clock
from tests.trading.polymarket.h2_venue import certificate
from trading.gateways.polymarket.transport import lanes as lanes_module
from trading.gateways.polymarket.transport.caller import IDLE_S, Answer, Lost
from trading.gateways.polymarket.transport.lanes import LANES, Flight, Lane, Lanes, Letter, Reply
from trading.gateways.polymarket.transport.sockets import Sockets

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SOON_S: Final = 2.0


class Venue:
    """Answers each request with what ``says`` makes of it; ``None``: it closes the connection instead."""

    def __init__(self) -> None:
        self.says: Callable[[bytes], bytes | None] = lambda _: OK
        self.requests: list[bytes] = []
        self.opened = 0
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.writers.append(writer)
        try:
            while True:
                request = await reader.readuntil(b"END")
                self.requests.append(request)
                self.heard.put_nowait(request)
                said = self.says(request)
                if said is None:
                    break
                writer.write(said)
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()

    async def hang_up(self) -> None:
        """Close every connection, while nothing is asked."""
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self.writers), return_exceptions=True)


async def listening(venue: Venue, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    server = await asyncio.start_server(venue.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    venue.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return server


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[Venue]:
    venue = Venue()
    server = await listening(venue)
    yield venue
    server.close()


@pytest_asyncio.fixture
async def lanes(venue: Venue) -> AsyncIterator[Lanes]:
    made = Lanes(venue.url, lambda: a_letter(b"ping END"))
    await made.open()
    yield made
    await made.close()


def a_letter(body: bytes = b"an order END") -> Letter:
    headers = [(b"Host", b"venue"), (b"Content-Length", str(len(body)).encode())]
    return Letter("POST", "/order", headers, body, at_s=1)


def leaves(lanes: Lanes, letter: Letter | None = None) -> Flight:
    lane = lanes.free()
    assert lane is not None
    return lanes.send(lane, letter or a_letter())


def free_of(lanes: Lanes) -> int:
    """How many requests could leave now."""
    return sum(lane.is_free for lane in lanes._lanes)


async def none_free(lanes: Lanes) -> None:
    """The loop hears what the venue did to its connections in a turn of its own."""
    async with asyncio.timeout(SOON_S):
        while True:
            if lanes.free() is None:
                return
            await asyncio.sleep(0)


async def answered(flight: Flight) -> Answer | Lost:
    return await flight.answer(within_s=SOON_S)


async def test_a_request_has_left_before_anybody_waits_for_its_answer(venue: Venue, lanes: Lanes) -> None:
    flight = leaves(lanes)

    async with asyncio.timeout(SOON_S):
        await venue.heard.get()

    assert venue.requests == [
        b"POST /order HTTP/1.1\r\nHost: venue\r\nContent-Length: 12\r\n\r\nan order END"
    ]
    assert await answered(flight) == Answer(200, b"ok", None, None)


async def test_one_request_after_the_other_takes_the_same_connection(venue: Venue, lanes: Lanes) -> None:
    for _ in range(5):
        await answered(leaves(lanes))

    assert venue.opened == LANES
    assert free_of(lanes) == LANES


async def test_each_request_at_a_time_has_a_lane_of_its_own_until_there_is_none(lanes: Lanes) -> None:
    flights = [leaves(lanes) for _ in range(LANES)]

    assert lanes.free() is None
    assert [await answered(flight) for flight in flights] == [Answer(200, b"ok", None, None)] * LANES
    assert free_of(lanes) == LANES


async def test_what_the_venue_says_of_its_budget_is_read(venue: Venue, lanes: Lanes) -> None:
    venue.says = lambda _: (
        b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nPoly-RateLimit-Remaining: 7\r\nContent-Length: 0\r\n\r\n"
    )

    assert await answered(leaves(lanes)) == Answer(429, b"", "3", 7)


async def test_an_answer_in_pieces_and_after_a_hint_is_one_answer(venue: Venue, lanes: Lanes) -> None:
    venue.says = lambda _: (
        b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n2\r\n":\r\n2\r\n1}\r\n0\r\n\r\n'
    )

    assert await answered(leaves(lanes)) == Answer(201, b'{"a":1}', None, None)
    assert free_of(lanes) == LANES


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (None, "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", "no answer within"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "HttpParser"),
        (OK + OK, "HttpParser"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the connection ends", "no answer within"),
        (b"", "no answer within"),
        (b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HttpParser"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HttpParser"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", "HttpParser"),
    ],
)
async def test_what_is_no_whole_answer_is_lost_and_its_lane_with_it(
    venue: Venue, lanes: Lanes, said: bytes | None, reason: str
) -> None:
    venue.says = lambda _: said

    lost = await leaves(lanes).answer(within_s=0.2)

    assert isinstance(lost, Lost)
    assert reason in lost.reason
    assert free_of(lanes) == LANES - 1


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 10_000,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000,
    ],
)
async def test_an_answer_without_end_is_given_up(
    venue: Venue, lanes: Lanes, monkeypatch: pytest.MonkeyPatch, endless: bytes
) -> None:
    monkeypatch.setattr(lanes_module, "ANSWER_BYTES_MAX", 1_000)
    venue.says = lambda _: endless

    lost = await answered(leaves(lanes))

    assert lost == Lost("an answer of more than 1000 bytes")
    assert free_of(lanes) == LANES - 1


async def test_a_lane_the_venue_closes_after_its_answer_is_not_used_again(venue: Venue, lanes: Lanes) -> None:
    venue.says = lambda _: b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

    assert await answered(leaves(lanes)) == Answer(200, b"ok", None, None)
    assert free_of(lanes) == LANES - 1


async def test_whoever_gives_up_an_answer_leaves_no_lane_behind_that_still_waits_for_it(
    venue: Venue, lanes: Lanes
) -> None:
    venue.says = lambda _: b""
    waiting = asyncio.create_task(answered(leaves(lanes)))
    async with asyncio.timeout(SOON_S):
        await venue.heard.get()

    await aio.end(waiting)

    assert free_of(lanes) == LANES - 1


async def test_a_connection_the_venue_closed_at_rest_carries_nothing(venue: Venue, lanes: Lanes) -> None:
    await venue.hang_up()
    await none_free(lanes)

    await lanes.open()

    assert await answered(leaves(lanes)) == Answer(200, b"ok", None, None)
    assert venue.opened == 2 * LANES


async def test_a_connection_that_says_something_unasked_carries_nothing(venue: Venue, lanes: Lanes) -> None:
    for writer in venue.writers:
        writer.write(OK)

    await none_free(lanes)


async def test_a_connection_left_alone_too_long_is_not_trusted(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.monotonic_ms() + int(IDLE_S * 1000)
    monkeypatch.setattr(clock, "monotonic_ms", lambda: later)

    assert lanes.free() is None


async def test_what_closed_is_opened_again_and_what_rested_is_used(
    venue: Venue, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "TENDED_MS", 1)
    monkeypatch.setattr(lanes_module, "RESTED_MS", 0)
    await venue.hang_up()
    keeping = asyncio.create_task(lanes.keep(Random(1)))

    async with asyncio.timeout(SOON_S):
        for _ in range(2 * LANES):
            await venue.heard.get()
    await aio.end(keeping)

    assert venue.opened == 2 * LANES, "each once more, and then used again and again"
    assert {request[-8:] for request in venue.requests} == {b"ping END"}


async def rests_of(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch, *, meanwhile: Callable[[Lane], object]
) -> list[float]:
    """How long its first ten pauses are, in seconds. What happens to each lane in them is ``meanwhile``."""
    rested: list[float] = []
    done = asyncio.Event()

    async def rest(seconds: float) -> None:
        rested.append(seconds)
        for lane in lanes._lanes:
            meanwhile(lane)
        if len(rested) == 10:
            done.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "sleep", rest)
    keeping = asyncio.create_task(lanes.keep(Random(1)))
    async with asyncio.timeout(SOON_S):
        await done.wait()
    await aio.end(keeping)
    return rested


async def test_a_venue_that_is_away_is_tried_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = Lanes("http://127.0.0.1:9", a_letter)  # nobody listens on the discard port

    waited = await rests_of(lanes, monkeypatch, meanwhile=lambda _: None)

    assert lanes.free() is None
    assert waited[0] < 0.3
    assert min(waited[-2:]) > 5


async def test_a_venue_that_lets_us_in_and_throws_us_out_is_tried_ever_more_seldom(
    lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "RESTED_MS", 10**9)

    waited = await rests_of(lanes, monkeypatch, meanwhile=Lane.drop)

    assert waited[0] == lanes_module.TENDED_MS / 1000
    assert min(waited[-2:]) > 5


async def test_after_one_that_could_not_be_opened_no_other_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    async def refuse(self: object, host: str, port: int, **more: object) -> None:
        tried.append(host)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(Sockets, "connect_tcp", refuse)

    assert not await Lanes("http://venue.example", a_letter).open()
    assert tried == ["venue.example"]


async def test_over_tls_it_speaks_the_same(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(pem)
    served.set_alpn_protocols(["h2", "http/1.1"])
    venue = Venue()
    server = await listening(venue, served)
    known = Lanes(venue.url, a_letter, tls=ssl.create_default_context(cafile=pem))
    strange = Lanes(venue.url, a_letter)

    await known.open()
    await strange.open()

    assert await answered(leaves(known)) == Answer(200, b"ok", None, None)
    assert strange.free() is None, "a venue nobody vouches for gets nothing"
    await known.close()
    server.close()


async def test_behind_a_proxy_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    lanes = Lanes("https://venue.example", a_letter)

    await lanes.open()

    assert lanes.free() is None


def test_a_reply_takes_no_more_than_one_answer() -> None:
    reply = Reply()
    reply.feed(OK)

    assert (reply.whole, reply.goes_on, bytes(reply.body)) == (True, True, b"ok")
    with pytest.raises(HttpParserError, match="more than was asked"):
        reply.feed(b"H")


def test_two_answers_at_once_are_no_answer() -> None:
    reply = Reply()

    with pytest.raises(HttpParserError):
        reply.feed(OK + OK)
    assert not reply.goes_on
