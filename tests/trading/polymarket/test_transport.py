"""The transport against a venue on a real socket that loses answers, fails, stalls, throttles and hangs up."""

import asyncio
from typing import Final

import msgspec
import pytest

from core.answers import RejectCode
from core.units import Ms
from tests.trading.polymarket.fake_venue import KEY, FakeVenue, HangsUp, Says, Silent
from tests.trading.polymarket.test_signing import a_signer
from tests.trading.polymarket.transports import a_transport, accepted, an_order, transport, venue
from trading.gateways.polymarket.answers import Accepted, Duplicated, PostStatus, Refused, Unanswered
from trading.gateways.polymarket.credentials import Credentials, read_credentials
from trading.gateways.polymarket.transport.budget import Bucket
from trading.gateways.polymarket.transport.transport import NotReady, Transport

__all__ = ["transport", "venue"]

TIMED_OUT: Final = Says({"error": "order timed out"}, 500)
DUPLICATED: Final = Says({"error": "order 0xabc is invalid. Duplicated."}, 400)


async def test_an_accepted_order_is_the_exact_bytes_once(venue: FakeVenue, transport: Transport) -> None:
    order = an_order()
    venue.does("/order", accepted(order))

    outcome = await transport.post(order)

    assert outcome == Accepted(order.order_id, PostStatus.LIVE, 0, 0)
    assert [heard.body for heard in venue.asked("/order")] == [order.body]


async def test_a_match_is_told_with_what_was_given_and_got(venue: FakeVenue, transport: Transport) -> None:
    order = an_order()
    venue.does("/order", accepted(order, "matched", makingAmount="5.2", takingAmount="10"))

    outcome = await transport.post(order)

    assert outcome == Accepted(order.order_id, PostStatus.MATCHED, 5_200_000, 10_000_000)


@pytest.mark.parametrize("deed", [HangsUp(), Silent(), Says({"error": "Internal server error"}, 500)])
async def test_an_order_nobody_answers_for_is_sent_once_and_unknown(
    venue: FakeVenue, deed: HangsUp | Silent | Says
) -> None:
    transport = a_transport(venue, order_within_s=0.2)
    await transport.start()
    venue.does("/order", deed)

    outcome = await transport.post(an_order())

    assert isinstance(outcome, Unanswered)
    assert len(venue.asked("/order")) == 1
    await transport.close()


async def test_an_order_that_found_no_connection_was_never_sent(venue: FakeVenue) -> None:
    venue.url = "http://127.0.0.1:9"  # nobody listens on the discard port
    transport = a_transport(venue)

    outcome = await transport.post(an_order())

    assert isinstance(outcome, Refused)
    assert outcome.code is RejectCode.NOT_SENT
    await transport.close()


async def test_a_documented_time_out_gets_the_same_bytes_again(
    venue: FakeVenue, transport: Transport
) -> None:
    order = an_order()
    venue.does("/order", TIMED_OUT, accepted(order))

    outcome = await transport.post(order)

    assert isinstance(outcome, Accepted)
    assert [heard.body for heard in venue.asked("/order")] == [order.body, order.body]


async def test_a_duplicate_says_that_the_first_time_landed(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/order", TIMED_OUT, DUPLICATED)

    assert await transport.post(an_order()) == Duplicated("order 0xabc is invalid. Duplicated.")


async def test_a_refusal_after_a_time_out_proves_nothing(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/order", TIMED_OUT, Says({"error": "not enough balance / allowance"}, 400))

    outcome = await transport.post(an_order())

    assert isinstance(outcome, Unanswered)
    assert "not enough balance" in outcome.reason


async def test_a_halt_stops_the_second_sending(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/order", TIMED_OUT)

    outcome = await transport.post(an_order(), allowed=lambda: "halted")

    assert isinstance(outcome, Unanswered)
    assert len(venue.asked("/order")) == 1


async def test_time_outs_without_end_are_given_up(venue: FakeVenue, transport: Transport) -> None:
    venue.always["/order"] = TIMED_OUT

    outcome = await transport.post(an_order())

    assert isinstance(outcome, Unanswered)
    assert len(venue.asked("/order")) == 8


async def test_a_throttled_signer_sends_nothing_until_told(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/order", Says({"error": "Too Many Requests"}, 429, {"Retry-After": "30"}))

    first = await transport.post(an_order(1))
    second = await transport.post(an_order(2))

    assert first == Refused(RejectCode.RATE_LIMITED, "Too Many Requests", Ms(30_000))
    assert isinstance(second, Refused)
    assert second.code is RejectCode.NOT_SENT
    assert second.retry_after_ms is not None
    assert 29_000 < second.retry_after_ms <= 30_000
    assert len(venue.asked("/order")) == 1


async def test_our_count_follows_the_venues(venue: FakeVenue, transport: Transport) -> None:
    order = an_order()
    venue.does("/order", Says(accepted(order).body, headers={"Poly-RateLimit-Remaining": "-3"}))
    await transport.post(order)

    outcome = await transport.post(an_order(2))

    assert isinstance(outcome, Refused)
    assert outcome.code is RejectCode.NOT_SENT


async def test_post_only_mode_is_a_refusal_and_a_bare_503_is_not(
    venue: FakeVenue, transport: Transport
) -> None:
    words = "post-only mode: only post-only orders and cancels are allowed"
    said = {"error": words, "code": "post_only_mode", "retry_after_seconds": 90}
    venue.does("/order", Says(said, 503), Says(b"<html>Service Unavailable</html>", 503))

    first, second = await transport.post(an_order(1)), await transport.post(an_order(2))

    assert first == Refused(RejectCode.POST_ONLY_MODE, f"{words} (post_only_mode)", Ms(90_000))
    assert isinstance(second, Unanswered)


@pytest.mark.parametrize("ahead_s", [3_600, -3_600])
async def test_a_clock_that_is_off_is_corrected_and_the_same_bytes_go(
    venue: FakeVenue, transport: Transport, ahead_s: int
) -> None:
    order = an_order()
    venue.ahead_s = ahead_s  # since the start, when both agreed
    venue.does("/order", accepted(order))

    outcome = await transport.post(order)

    assert isinstance(outcome, Accepted)
    assert [heard.body for heard in venue.asked("/order")] == [order.body, order.body]


async def test_a_halt_while_the_time_is_asked_stops_the_same_bytes(
    venue: FakeVenue, transport: Transport
) -> None:
    order = an_order()
    venue.ahead_s = 3_600
    venue.does("/order", accepted(order))

    outcome = await transport.post(order, allowed=lambda: "halted meanwhile: manual_halt")

    assert outcome == Refused(RejectCode.UNAUTHORIZED, "Unauthorized/Invalid api key", None)
    assert len(venue.asked("/order")) == 1


HOSTILE: Final = ("\u00b2", "9" * 5_000, "-" + "9" * 400, "NaN", "1e9")


@pytest.mark.parametrize("figure", HOSTILE)
async def test_figures_beyond_reason_in_a_header_are_not_said(
    venue: FakeVenue, transport: Transport, figure: str
) -> None:
    headers = {"Poly-RateLimit-Remaining": figure, "Retry-After": figure}
    venue.does("/order", Says({"error": "too many requests"}, 429, headers))

    outcome = await transport.post(an_order())

    assert outcome == Refused(RejectCode.RATE_LIMITED, "too many requests", None)


async def test_a_time_beyond_reason_is_not_believed(venue: FakeVenue, transport: Transport) -> None:
    venue.does("/time", Says(b"9" * 5_000), Says(b"9" * 5_000))

    assert isinstance(await transport.time(), Unanswered)


async def test_a_debt_beyond_reason_lets_orders_leave_again() -> None:
    orders = Bucket(40, 60, monotonic=lambda: 0)

    orders.told(-1_000_000_000)

    assert orders.take() == Ms(1_525), "one burst of debt and one order, at 40 a second"


async def test_an_answer_nested_without_end_is_no_answer(venue: FakeVenue, transport: Transport) -> None:
    nested = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    venue.always["/auth/ban-status/closed-only"] = Says(nested)

    assert isinstance(await transport.closed_only(), Unanswered)
    assert read_credentials(nested) is None


@pytest.mark.parametrize("field", ["apiKey", "passphrase"])
@pytest.mark.parametrize("hostile", ["a\r\nX-Evil: 1", "a\nb", "a b", "\u00e9", ""])
def test_a_key_that_no_header_could_carry_is_none(field: str, hostile: str) -> None:
    assert read_credentials(msgspec.json.encode(KEY)) is not None
    assert read_credentials(msgspec.json.encode(KEY | {field: hostile})) is None


async def test_a_key_that_is_not_taken_is_a_refusal(venue: FakeVenue) -> None:
    transport = a_transport(venue, credentials=Credentials("another", KEY["secret"], "pass"))
    await transport.start()

    outcome = await transport.post(an_order())

    assert outcome == Refused(RejectCode.UNAUTHORIZED, "Unauthorized/Invalid api key", None)
    assert len(venue.asked("/order")) == 2
    await transport.close()


async def test_an_idle_connection_closed_by_the_venue_costs_no_order(
    venue: FakeVenue, transport: Transport
) -> None:
    orders = [an_order(number) for number in range(6)]
    venue.does("/order", *(Says(accepted(order).body, hangs_up=True) for order in orders))

    outcomes = []
    for order in orders:
        outcomes.append(await transport.post(order))
        await transport.time()  # something else in between: the loop hears of the hang-up

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 6


async def test_a_cancelled_caller_leaves_the_connections_usable(
    venue: FakeVenue, transport: Transport
) -> None:
    order = an_order()
    venue.does("/order", *[Silent()] * 40, accepted(order))
    posts = [asyncio.create_task(transport.post(an_order(number))) for number in range(40)]
    async with asyncio.timeout(5):
        for _ in range(32):  # as many as there are connections
            await venue.silenced.get()

    for post in posts:
        post.cancel()
    ended = await asyncio.gather(*posts, return_exceptions=True)
    venue.next["/order"].clear()
    venue.does("/order", accepted(order))

    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert isinstance(await transport.post(order), Accepted)


async def test_orders_over_our_budget_are_refused_and_not_queued(
    venue: FakeVenue, transport: Transport
) -> None:
    venue.always["/order"] = Says({"error": "Invalid order payload"}, 400)
    order = an_order()

    outcomes = await asyncio.gather(*(transport.post(order) for _ in range(90)))

    local = [each for each in outcomes if isinstance(each, Refused) and each.code is RejectCode.NOT_SENT]
    assert len(venue.asked("/order")) + len(local) == 90
    assert len(local) >= 20, "40 a second and 60 at once"


async def test_no_outcome_shows_a_secret(venue: FakeVenue, transport: Transport) -> None:
    order = an_order()
    venue.does("/order", accepted(order), HangsUp(), TIMED_OUT, DUPLICATED, Says(b"gone", 418))

    shown = "".join([repr(await transport.post(order)) for _ in range(4)] + [repr(transport.credentials)])

    signature = msgspec.json.decode(order.body)["order"]["signature"]
    assert [each for each in (KEY["secret"], KEY["passphrase"], signature[2:60]) if each in shown] == []


async def test_an_api_key_is_made_with_the_wallets_proof(venue: FakeVenue) -> None:
    transport = a_transport(venue, credentials=None)

    await transport.start()

    assert transport.credentials == Credentials(KEY["apiKey"], KEY["secret"], KEY["passphrase"])
    [asked] = venue.asked("/auth/api-key")
    assert asked.method == "POST"
    assert asked.headers["POLY_ADDRESS"] == a_signer().address
    await transport.close()


async def test_an_api_key_that_exists_is_derived(venue: FakeVenue) -> None:
    transport = a_transport(venue, credentials=None)
    venue.does("/auth/api-key", Says({"error": "Could not create api key"}, 400))
    venue.does("/auth/derive-api-key", Says(KEY))

    await transport.start()

    assert transport.credentials.api_key == KEY["apiKey"]
    await transport.close()


async def test_a_venue_that_answers_late_at_the_start_is_waited_for(venue: FakeVenue) -> None:
    transport = a_transport(venue, credentials=None)
    venue.does("/time", Says(b"busy", 503), HangsUp())
    venue.does("/auth/api-key", Says({}, 500))
    venue.does("/auth/derive-api-key", Says({}, 500))

    await transport.start()

    assert transport.credentials.api_key == KEY["apiKey"]
    await transport.close()


async def test_without_an_api_key_nothing_begins(venue: FakeVenue) -> None:
    transport = a_transport(venue, credentials=None)
    for path in ("/auth/api-key", "/auth/derive-api-key"):
        venue.always[path] = Says({"error": "Invalid L1 Request headers"}, 401)

    with pytest.raises(NotReady, match="401"):
        await transport.start()
    with pytest.raises(NotReady):
        _ = transport.credentials
    assert isinstance(await transport.post(an_order()), Refused)
    await transport.close()
