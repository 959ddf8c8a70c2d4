"""When orders are taken and how fast: restarts, post-only and cancel-only windows, token buckets."""

from typing import Any

import pytest

from core.units import Ms
from simulator.clob.budgets import Budgets
from simulator.clob.refusals import Refused
from simulator.clob.windows import WINDOWS, Mode, Windows
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Reply, Trader

TEN_AT_48 = "buy yes 10000000 for 4800000"
POST_ONLY = "post-only mode: only post-only orders and cancels are allowed"
CANCEL_ONLY = "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
DISABLED = "Trading is currently disabled. Check polymarket.com for updates"


async def every_cancel(trader: Trader) -> set[tuple[int, str]]:
    replies = [
        await trader.send("DELETE", "/order", {"orderID": "0x" + "00" * 32}),
        await trader.send("DELETE", "/orders", ["0x" + "00" * 32]),
        await trader.send("DELETE", "/cancel-all"),
        await trader.send("DELETE", "/cancel-market-orders", {"market": "0x00"}),
    ]
    return {(reply.status, reply.body.get("error", "")) for reply in replies}


async def test_a_restart_is_425_then_two_minutes_of_post_only(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    plain, passive = ann.order(sheet, TEN_AT_48), ann.order(sheet, TEN_AT_48, post_only=True)
    venue.app[WINDOWS].restart(venue.now_ms, down_ms=Ms(3_000))

    away = await ann.post(plain)
    cancels_away = await every_cancel(ann)
    reads_away = await ann.get("/data/orders")
    venue.pass_ms(3_000)
    restricted = await ann.post(plain)
    taken = await ann.post(passive)
    cancels_back = await every_cancel(ann)
    venue.pass_ms(119_999)
    ann.now_s = venue.now_ms // 1_000
    still = await ann.post(plain)
    venue.pass_ms(1)
    open_again = await ann.post(plain)

    assert (away.status, away.body, away.headers["Retry-After"]) == (425, {"error": "Too Early"}, "1")
    assert cancels_away == {(425, "Too Early")}
    assert reads_away.status == 200
    assert restricted.status == 503
    assert restricted.body == {"error": POST_ONLY, "code": "post_only_mode", "retry_after_seconds": 120}
    assert restricted.headers["Retry-After"] == "120"
    assert taken.body["status"] == "live"
    assert cancels_back == {(200, "")}
    assert (still.status, still.body["retry_after_seconds"]) == (503, 1)
    assert open_again.body["status"] == "live"


async def test_a_batch_in_the_post_only_window_says_success_and_has_no_order_id(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    venue.app[WINDOWS].hold(Mode.POST_ONLY, Ms(venue.now_ms + 1_000))
    batch = [ann.order(sheet, TEN_AT_48), ann.order(sheet, TEN_AT_48, post_only=True)]

    reply = await ann.send("POST", "/orders", batch)

    refused, taken = reply.body
    assert reply.status == 200
    assert refused == {
        "errorMsg": POST_ONLY,
        "orderID": "",
        "takingAmount": "",
        "makingAmount": "",
        "status": "",
        "success": True,
    }
    assert taken["status"] == "live"


@pytest.mark.parametrize(
    ("mode", "words", "cancels"),
    [(Mode.CANCEL_ONLY, CANCEL_ONLY, {(200, "")}), (Mode.DISABLED, DISABLED, {(503, DISABLED)})],
)
async def test_other_windows_take_no_orders(
    venue: Venue, mode: Mode, words: str, cancels: set[tuple[int, str]]
) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    venue.app[WINDOWS].hold(mode, Ms(venue.now_ms + 1_000))

    one = await ann.post(ann.order(sheet, TEN_AT_48))
    several = await ann.send("POST", "/orders", [ann.order(sheet, TEN_AT_48)])

    assert (one.status, one.body) == (several.status, several.body) == (503, {"error": words})
    assert await every_cancel(ann) == cancels
    venue.app[WINDOWS].reopen()
    assert (await ann.post(ann.order(sheet, TEN_AT_48))).body["status"] == "live"


def test_the_first_window_that_is_not_over_counts() -> None:
    windows = Windows()
    windows.restart(Ms(0), down_ms=Ms(10), post_only_ms=Ms(20))

    modes = [windows.current(Ms(at)).mode for at in (0, 9, 10, 29, 30)]

    assert modes == [Mode.RESTARTING, Mode.RESTARTING, Mode.POST_ONLY, Mode.POST_ONLY, Mode.OPEN]


def spent(budgets: Budgets, tokens: int, now_ms: int) -> dict[str, str] | None:
    """The headers, or ``None`` when the bucket has not enough."""
    try:
        return budgets.spend_orders("0xann", tokens, Ms(now_ms))
    except Refused:
        return None


def test_a_burst_of_sixty_then_forty_a_second() -> None:
    budgets = Budgets()

    at_once = sum(spent(budgets, 1, 0) is not None for _ in range(100))
    over_time = sum(spent(budgets, 1, at) is not None for at in range(1, 5_001))

    assert at_once == 60
    assert over_time == 200


def test_a_batch_is_paid_whole_or_not_at_all() -> None:
    budgets = Budgets()

    paid = [spent(budgets, 50, 0), spent(budgets, 15, 0), spent(budgets, 10, 0)]

    assert [found is not None for found in paid] == [True, False, True]


def test_signers_do_not_share_a_bucket() -> None:
    budgets = Budgets()
    budgets.spend_orders("0xann", 60, Ms(0))

    headers = budgets.spend_orders("0xbob", 1, Ms(0))

    assert headers["Poly-RateLimit-Remaining"] == "59"


def test_the_wait_is_told_unless_waiting_does_not_help() -> None:
    budgets = Budgets()
    budgets.spend_cancels("0xann", 120, Ms(10_000))

    with pytest.raises(Refused) as soon:
        budgets.spend_cancels("0xann", 100, Ms(10_000))
    with pytest.raises(Refused) as never:
        budgets.spend_cancels("0xann", 121, Ms(10_000))

    assert soon.value.headers == {
        "Poly-RateLimit-Remaining": "0",
        "Poly-RateLimit-Reset": "12",
        "Poly-RateLimit-Tier": "standard",
        "Retry-After": "2",
    }
    assert "Retry-After" not in never.value.headers


def remaining(reply: Reply) -> int:
    assert reply.headers["Poly-RateLimit-Tier"] == "standard"
    return int(reply.headers["Poly-RateLimit-Remaining"])


async def test_each_call_costs_what_the_venue_charges(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    orders = [ann.order(sheet, "buy yes 5000000 for 50000") for _ in range(9)]

    one = await ann.post(orders[0])
    batch = await ann.send("POST", "/orders", orders[1:])
    by_id = await ann.send("DELETE", "/order", {"orderID": one.body["orderID"]})
    ids = [entry["orderID"] for entry in batch.body]
    by_ids = await ann.send("DELETE", "/orders", ids[:3])
    everything = await ann.send("DELETE", "/cancel-all")
    refused = await ann.post({**orders[0]})

    assert [remaining(reply) for reply in (one, batch)] == [59, 51]
    assert [remaining(reply) for reply in (by_id, by_ids, everything)] == [119, 116, 110]
    assert (refused.status, remaining(refused)) == (400, 50)


async def test_who_is_too_fast_waits(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, "buy yes 1000000 for 10000")
    replies: list[Any] = [await ann.send("POST", "/orders", [order] * 15) for _ in range(4)]

    too_fast = await ann.post(order)
    venue.pass_ms(25)
    in_time = await ann.post(order)

    assert [reply.status for reply in replies] == [200] * 4
    assert (too_fast.status, too_fast.body) == (429, {"error": "Too Many Requests"})
    assert (remaining(too_fast), too_fast.headers["Retry-After"]) == (0, "1")
    assert in_time.status == 400, "it got as far as its size"


async def test_a_cancel_all_may_leave_a_debt(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order_ids = []
    for _ in range(2):
        orders = [ann.order(sheet, "buy yes 5000000 for 50000") for _ in range(15)]
        order_ids += (await ann.send("POST", "/orders", orders)).body
    await ann.send("DELETE", "/orders", [f"0x{number:064x}" for number in range(115)])

    swept = await ann.send("DELETE", "/cancel-all")
    blocked = await ann.send("DELETE", "/cancel-all")

    assert len(swept.body["canceled"]) == 30
    assert remaining(swept) == -26
    assert blocked.status == 429
