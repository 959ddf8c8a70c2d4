"""Orders that leave by one write, their request made ahead, and what becomes of them at a venue on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from core.answers import RejectCode
from core.units import Ms
from infra import clock
from tests.spoken import lines
from tests.trading.polymarket.fake_venue import KEY, FakeVenue, HangsUp, Says, Silent
from tests.trading.polymarket.transports import a_transport, accepted, an_order, venue
from trading.gateways.polymarket.answers import Accepted, Refused, Unanswered
from trading.gateways.polymarket.signing import Signed
from trading.gateways.polymarket.transport import lanes
from trading.gateways.polymarket.transport.budget import Bucket
from trading.gateways.polymarket.transport.lanes import Letter
from trading.gateways.polymarket.transport.transport import Transport

__all__ = ["venue"]

TIMED_OUT: Final = Says({"error": "order timed out"}, 500)


@pytest_asyncio.fixture
async def transport(venue: FakeVenue) -> AsyncIterator[Transport]:
    ready = a_transport(venue)
    await ready.start(orders=True)
    yield ready
    await ready.close()


def a_letter(transport: Transport, order: Signed) -> Letter:
    letter = transport.letter(order)
    assert letter is not None
    return letter


async def test_a_request_made_ahead_leaves_at_once_and_as_it_was_made(
    venue: FakeVenue, transport: Transport
) -> None:
    order = an_order()
    venue.does("/order", accepted(order))
    letter = a_letter(transport, order)

    transport.send(letter)
    await venue.hears("/order")
    outcome = await transport.post(order, letter=letter)

    assert isinstance(outcome, Accepted)
    (heard,) = venue.asked("/order")
    assert heard.body == order.body
    assert heard.headers["POLY_TIMESTAMP"] == str(letter.at_s)


@pytest.mark.parametrize(("waited_s", "leaves"), [(1, True), (2, False)])
async def test_a_request_made_ahead_that_waited_for_seconds_does_not_leave(
    venue: FakeVenue, waited_s: int, leaves: bool
) -> None:
    now = [clock.now_ms()]
    transport = a_transport(venue, clock=lambda: now[0])
    await transport.start(orders=True)
    letter = a_letter(transport, an_order())
    now[0] = Ms(now[0] + waited_s * 1_000)

    transport.send(letter)

    assert (letter.flight is not None) is leaves
    await transport.close()


async def test_where_no_lane_is_free_the_order_goes_with_everything_else(venue: FakeVenue) -> None:
    transport = a_transport(venue)
    await transport.start()
    order = an_order()
    venue.does("/order", accepted(order))
    letter = a_letter(transport, order)

    transport.send(letter)

    assert letter.flight is None
    assert isinstance(await transport.post(order, letter=letter), Accepted)
    await transport.close()


async def test_beyond_our_own_budget_nothing_leaves_ahead(venue: FakeVenue) -> None:
    transport = a_transport(venue, orders=Bucket(1, 1, monotonic=lambda: 0))
    await transport.start(orders=True)
    letters = [a_letter(transport, an_order(number)) for number in (1, 2)]

    for letter in letters:
        transport.send(letter)
    refused = await transport.post(an_order(2), letter=letters[1])

    assert [letter.flight is None for letter in letters] == [False, True]
    assert isinstance(refused, Refused)
    assert refused.code is RejectCode.NOT_SENT
    assert len(venue.asked("/order")) <= 1
    await transport.close()


@pytest.mark.parametrize("deed", [HangsUp(), Silent(), Says({"error": "Internal server error"}, 500)])
async def test_an_order_sent_ahead_that_nobody_answers_for_is_sent_once_and_unknown(
    venue: FakeVenue, deed: HangsUp | Silent | Says
) -> None:
    transport = a_transport(venue, order_within_s=0.2)
    await transport.start(orders=True)
    venue.does("/order", deed)
    order = an_order()
    letter = a_letter(transport, order)
    transport.send(letter)

    outcome = await transport.post(order, letter=letter)

    assert isinstance(outcome, Unanswered)
    assert len(venue.asked("/order")) == 1
    await transport.close()


async def test_what_is_sent_again_says_when_it_is(venue: FakeVenue) -> None:
    now = [clock.now_ms()]
    transport = a_transport(venue, clock=lambda: now[0])
    await transport.start(orders=True)
    order = an_order()
    venue.does("/order", TIMED_OUT, accepted(order))
    letter = a_letter(transport, order)
    transport.send(letter)

    def later() -> None:
        now[0] = Ms(now[0] + 3_000)

    await transport.post(order, letter=letter, allowed=later)

    first, again = (int(heard.headers["POLY_TIMESTAMP"]) for heard in venue.asked("/order"))
    assert again - first == 3
    await transport.close()


def test_a_request_made_ahead_shows_no_secret(venue: FakeVenue) -> None:
    letter = a_letter(a_transport(venue), an_order())

    assert all(secret not in repr(letter) for secret in KEY.values())


async def test_a_lane_closed_by_the_venue_costs_no_order(venue: FakeVenue, transport: Transport) -> None:
    orders = [an_order(number) for number in range(6)]
    venue.does("/order", *(Says(accepted(order).body, hangs_up=True) for order in orders))

    outcomes = []
    for order in orders:
        letter = a_letter(transport, order)
        transport.send(letter)
        outcomes.append(await transport.post(order, letter=letter))
        await transport.time()  # something else in between: the loop hears of the hang-up

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 6


async def test_whoever_keeps_the_connections_and_fails_says_so(
    venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_letter(self: Transport) -> Letter:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(lanes, "RESTED_MS", 0)
    monkeypatch.setattr(Transport, "_ping", no_letter)
    transport = a_transport(venue)

    with lines() as said:
        await transport.start(orders=True)
        await asyncio.wait(transport._keeping, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0)  # whoever waits for its end hears of it
    await transport.close()

    (line,) = said
    assert (line["level"], line["task"], line["error"]) == (
        "error",
        "order lanes",
        "RuntimeError('no such thing')",
    )
