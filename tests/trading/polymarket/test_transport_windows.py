"""A venue that takes no orders now: it is told at once, whoever asked, and nothing is sent again into it."""

import pytest

from core.answers import RejectCode, WindowMode, WindowTold
from core.ids import OrderId
from core.units import Ms
from tests.trading.polymarket.fake_venue import FakeVenue, Says
from tests.trading.polymarket.transports import accepted, an_order, transport, venue
from trading.gateways.polymarket.answers import Refused, Unanswered
from trading.gateways.polymarket.transport.transport import Transport

__all__ = ["transport", "venue"]

TOO_EARLY = Says({"error": "Too Early"}, 425, {"Retry-After": "1"})
POST_ONLY = Says(
    {"error": "post-only mode: quotes", "code": "post_only_mode", "retry_after_seconds": 90}, 503
)
CANCEL_ONLY = Says({"error": "Trading is currently cancel-only. New orders are not accepted."}, 503)
OFF = Says({"error": "Trading is currently disabled. Check polymarket.com for updates"}, 503)


def listening(transport: Transport) -> list[tuple[WindowMode, Ms | None]]:
    heard: list[tuple[WindowMode, Ms | None]] = []

    def hear(told: WindowTold) -> None:
        heard.append((told.mode, told.wait_ms))

    transport.window_told = hear
    return heard


@pytest.mark.parametrize(
    ("deed", "code", "mode", "wait_ms"),
    [
        (TOO_EARLY, RejectCode.RESTARTING, WindowMode.RESTARTING, 1_000),
        (POST_ONLY, RejectCode.POST_ONLY_MODE, WindowMode.POST_ONLY, 90_000),
        (CANCEL_ONLY, RejectCode.CANCEL_ONLY, WindowMode.CANCEL_ONLY, None),
        (OFF, RejectCode.TRADING_OFF, WindowMode.OFF, None),
    ],
)
async def test_an_order_refused_with_everybodys_is_told_and_not_sent_again(
    venue: FakeVenue,
    transport: Transport,
    deed: Says,
    code: RejectCode,
    mode: WindowMode,
    wait_ms: int | None,
) -> None:
    heard = listening(transport)
    venue.does("/order", deed)

    outcome = await transport.post(an_order())

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.retry_after_ms) == (code, wait_ms)
    assert heard == [(mode, wait_ms)]
    assert len(venue.asked("/order")) == 1


async def test_a_cancel_tells_of_a_restart_too_and_is_asked_again(
    venue: FakeVenue, transport: Transport
) -> None:
    heard = listening(transport)
    venue.always["/order"] = TOO_EARLY

    outcome = await transport.cancel([OrderId("0x1")])

    assert isinstance(outcome, Unanswered)
    assert heard == [(WindowMode.RESTARTING, 1_000)] * 3


async def test_a_restart_after_a_time_out_is_told_though_the_order_stays_unknown(
    venue: FakeVenue, transport: Transport
) -> None:
    heard = listening(transport)
    venue.does("/order", Says({"error": "order timed out"}, 500), TOO_EARLY)

    outcome = await transport.post(an_order())

    assert isinstance(outcome, Unanswered)
    assert heard == [(WindowMode.RESTARTING, 1_000)]


@pytest.mark.parametrize(
    "deed",
    [
        Says({"error": "not enough balance / allowance"}, 400),
        Says({"error": "Too Many Requests"}, 429, {"Retry-After": "30"}),
        Says(b"<html>Service Unavailable</html>", 503),
        Says({"error": "the market is not yet ready to process new orders"}, 400),
    ],
)
async def test_other_refusals_tell_of_no_window(venue: FakeVenue, transport: Transport, deed: Says) -> None:
    heard = listening(transport)
    venue.does("/order", deed)

    await transport.post(an_order())

    assert heard == []


async def test_an_order_that_was_taken_tells_of_none(venue: FakeVenue, transport: Transport) -> None:
    heard = listening(transport)
    order = an_order()
    venue.does("/order", accepted(order))

    await transport.post(order)

    assert heard == []
