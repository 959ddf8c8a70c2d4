"""Orders held inside the call: it answers when the delay is over, with what became of them."""

import asyncio

import pytest

from simulator import clob
from simulator.clob.holding import HOLDING
from simulator.sheets import Sheet
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Reply, Trader

TEN_AT_48 = "buy yes 10000000 for 4800000"
TEN_NO_AT_52 = "buy no 10000000 for 5200000"


async def held(venue: Venue, sheet: Sheet, maker: Trader, taker: Trader, *, withdraw: bool) -> Reply:
    """What the call answers when a second has passed since it came in; the maker may be gone by then."""
    venue.app[HOLDING].markets.add(sheet.terms.market_id)
    await maker.post(maker.order(sheet, TEN_NO_AT_52))
    calling = asyncio.create_task(taker.post(taker.order(sheet, TEN_AT_48)))
    async with asyncio.timeout(5):
        while (await taker.get("/data/orders")).body["count"] == 0:
            assert not calling.done(), "the call waits"
        if withdraw:
            await maker.send("DELETE", "/cancel-all")
        venue.pass_ms(1_000)
        clob.step(venue.app, venue.now_ms)
        return await calling


@pytest.mark.parametrize("withdraw", [False, True], ids=["matched", "unmatched"])
async def test_the_call_answers_with_what_became_of_the_order(venue: Venue, *, withdraw: bool) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()

    reply = await held(venue, sheet, ann, bob, withdraw=withdraw)

    shown = (await bob.get(f"/data/order/{reply.body['orderID']}")).body
    assert (reply.body["success"], reply.body["errorMsg"]) == (True, "")
    if withdraw:
        assert reply.body["status"] == "unmatched"
        assert "tradeIDs" not in reply.body
        assert (shown["status"], shown["size_matched"]) == ("LIVE", "0")
    else:
        assert reply.body["status"] == "matched"
        assert (reply.body["makingAmount"], reply.body["takingAmount"]) == ("4.8", "10")
        assert reply.body["tradeIDs"] == shown["associate_trades"]


async def test_an_allowance_gone_after_the_delay_refuses_the_call(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    venue.app[HOLDING].markets.add(sheet.terms.market_id)
    await ann.post(ann.order(sheet, TEN_NO_AT_52))
    calling = asyncio.create_task(bob.post(bob.order(sheet, TEN_AT_48)))
    async with asyncio.timeout(5):
        while (await bob.get("/data/orders")).body["count"] == 0:
            assert not calling.done(), "the call waits"
        venue.chain.wallets[bob.eoa].allowances.clear()
        venue.pass_ms(1_000)
        clob.step(venue.app, venue.now_ms)
        reply = await calling

    assert reply.status == 400
    assert reply.body["error"].startswith("not enough balance / allowance: the allowance is not enough")


async def test_only_markets_that_hold_say_so(venue: Venue) -> None:
    sheet, other = venue.empty_market(), venue.empty_market("v2")
    venue.app[HOLDING].markets.add(sheet.terms.market_id)

    async def told(market: Sheet) -> object:
        async with venue.http.get(f"/clob-markets/{market.terms.market_id}") as response:
            return (await response.json()).get("itode")

    assert await told(sheet) is True
    assert await told(other) is None
