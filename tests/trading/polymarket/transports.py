"""The fake venue on its socket, a transport that is ready to talk to it, and orders to send."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest_asyncio

from core.units import Ms
from tests.builders import a_place
from tests.trading.polymarket.fake_venue import KEY, FakeVenue, Says, running
from tests.trading.polymarket.test_signing import OWNER, a_signer, terms
from trading.gateways.polymarket.credentials import Credentials
from trading.gateways.polymarket.signing import Signed
from trading.gateways.polymarket.transport.transport import Transport


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[FakeVenue]:
    async with running(FakeVenue()) as started:
        yield started


def a_transport(venue: FakeVenue, **more: Any) -> Transport:
    defaults: dict[str, Any] = {
        "chance": Random(7),
        "credentials": Credentials(KEY["apiKey"], KEY["secret"], KEY["passphrase"]),
        "order_within_s": 2.0,
        "again_first_ms": 4,
    }
    return Transport(venue.url, a_signer(), **(defaults | more))


@pytest_asyncio.fixture
async def transport(venue: FakeVenue) -> AsyncIterator[Transport]:
    ready = a_transport(venue)
    await ready.start()
    yield ready
    await ready.close()


def an_order(number: int = 1) -> Signed:
    signer = a_signer()
    return signer.sign(signer.draft(a_place(number=number), terms(), Ms(1)), OWNER, post_only=True)


def accepted(order: Signed, status: str = "live", **more: str) -> Says:
    said = {"success": True, "errorMsg": "", "orderID": order.order_id, "status": status}
    return Says(said | {"makingAmount": "", "takingAmount": ""} | more)
