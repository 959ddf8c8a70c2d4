"""One request over TLS and HTTP/2, which the real venue speaks: one kept connection, exact bytes, honest failures."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra import clock
from tests.trading.polymarket.h2_venue import H2Venue, certificate, running
from tests.trading.polymarket.test_signing import CREDENTIALS, a_signer
from trading.gateways.polymarket.transport.caller import Answer, Caller, Lost, NeverSent


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("venue"))


@pytest_asyncio.fixture
async def venue(pem: Path) -> AsyncIterator[H2Venue]:
    async with running(H2Venue(), pem) as started:
        yield started


@pytest_asyncio.fixture
async def caller(venue: H2Venue, pem: Path) -> AsyncIterator[Caller]:
    made = a_caller(venue, ssl.create_default_context(cafile=pem))
    yield made
    await made.close()


def a_caller(venue: H2Venue, tls: ssl.SSLContext | None) -> Caller:
    made = Caller(venue.url, a_signer(), clock=clock.now_ms, tls=tls)
    made.credentials = CREDENTIALS
    return made


async def post(caller: Caller, body: bytes, within_s: float = 5.0) -> Answer | NeverSent | Lost:
    return await caller.by_key("POST", "/order", body=body, within_s=within_s)


async def test_many_requests_share_one_connection_and_keep_their_bytes(
    venue: H2Venue, caller: Caller
) -> None:
    await post(caller, b"first")
    sent = [b'{"number":%d}' % number for number in range(20)]

    answers = await asyncio.gather(*(post(caller, body) for body in sent))

    assert [answer.body for answer in answers if isinstance(answer, Answer)] == sent
    assert sorted(venue.bodies[1:]) == sorted(sent)
    assert venue.connections == 1
    assert venue.headers[0]["poly_api_key"] == CREDENTIALS.api_key
    assert venue.headers[0][":path"] == "/order"


async def test_silence_on_one_stream_is_lost_and_the_next_is_answered(venue: H2Venue, caller: Caller) -> None:
    await post(caller, b"warm")
    venue.silent = True
    lost = await post(caller, b"nobody answers", within_s=0.2)
    venue.silent = False

    answer = await post(caller, b"again")

    assert isinstance(lost, Lost)
    assert isinstance(answer, Answer)
    assert answer.body == b"again"


async def test_a_venue_that_says_good_bye_is_met_on_a_new_connection(venue: H2Venue, caller: Caller) -> None:
    venue.parting = True
    answers = [await post(caller, b"one more") for _ in range(3)]

    assert [type(answer) for answer in answers] == [Answer] * 3
    assert venue.bodies == [b"one more"] * 3
    assert venue.connections == 3


async def test_a_venue_nobody_vouches_for_gets_nothing(venue: H2Venue) -> None:
    caller = a_caller(venue, None)

    answer = await post(caller, b"an order")

    assert isinstance(answer, NeverSent)
    assert "CERTIFICATE" in answer.reason
    assert venue.bodies == []
    await caller.close()


async def test_a_query_is_sent_and_not_signed(venue: H2Venue, caller: Caller) -> None:
    await caller.by_key(
        "GET", "/data/orders", query=[("market", "0x1"), ("next_cursor", "MA==")], within_s=5.0
    )

    assert venue.headers[0][":path"] == "/data/orders?market=0x1&next_cursor=MA%3D%3D"
    stamp = venue.headers[0]["poly_timestamp"]
    assert venue.headers[0]["poly_signature"] == CREDENTIALS.signature(f"{stamp}GET/data/orders".encode())
