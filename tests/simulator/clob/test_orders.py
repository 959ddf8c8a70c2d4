"""What becomes of orders that are taken: resting, delayed, matched, cancelled; and how they are read back."""

from typing import Any

import pytest

from core.ids import Outcome
from core.units import Price
from simulator.sheets import Sheet
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Trader

DELAY_MS = 1_000
SETTLED_MS = 12_000
TEN_AT_48 = "buy yes 10000000 for 4800000"
TEN_NO_AT_52 = "buy no 10000000 for 5200000"  # the other side of the same price


async def both_sides(venue: Venue, sheet: Sheet) -> tuple[Trader, Trader, dict[str, Any], dict[str, Any]]:
    """Ann rests with NO at 0.52, Bob takes with YES at 0.48 and the delay is over."""
    ann, bob = await venue.trader(), await venue.trader()
    maker = (await ann.post(ann.order(sheet, TEN_NO_AT_52))).body
    taker = (await bob.post(bob.order(sheet, TEN_AT_48))).body
    venue.pass_ms(DELAY_MS)
    return ann, bob, maker, taker


@pytest.mark.parametrize(
    ("version", "neg_risk"), [("v1", False), ("v1", True), ("v2", False)], ids=["v1", "neg-risk", "v2"]
)
@pytest.mark.parametrize("with_wallet", [False, True], ids=["EOA", "deposit wallet"])
async def test_an_order_rests_under_its_own_digest(
    venue: Venue, version: str, neg_risk: bool, *, with_wallet: bool
) -> None:
    sheet, ann = venue.empty_market(version, neg_risk=neg_risk), await venue.trader()
    wallet = venue.wallet(ann) if with_wallet else None

    reply = await ann.post(ann.order(sheet, TEN_AT_48, wallet=wallet))

    order_id = reply.body.pop("orderID")
    assert reply.body == {
        "success": True,
        "errorMsg": "",
        "status": "live",
        "makingAmount": "",
        "takingAmount": "",
    }
    shown = (await ann.get(f"/data/order/{order_id}")).body
    assert shown["id"] == order_id
    assert shown["maker_address"] == (wallet or ann.eoa)
    assert shown["owner"] == ann.credentials["apiKey"]
    assert (shown["market"], shown["asset_id"]) == (sheet.terms.market_id, sheet.token(Outcome.YES))
    assert (shown["side"], shown["price"], shown["original_size"]) == ("BUY", "0.48", "10")
    assert (shown["status"], shown["size_matched"], shown["order_type"]) == ("LIVE", "0", "GTC")
    assert (shown["expiration"], shown["outcome"]) == ("0", sheet.name(Outcome.YES))
    assert (await ann.get("/data/orders")).body["data"] == [shown]


async def test_a_marketable_order_is_delayed_and_cannot_be_cancelled_meanwhile(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    await ann.post(ann.order(sheet, TEN_NO_AT_52))

    delayed = (await bob.post(bob.order(sheet, TEN_AT_48))).body
    order_id = delayed["orderID"]
    shown = (await bob.get(f"/data/order/{order_id}")).body
    refused = (await bob.send("DELETE", "/order", {"orderID": order_id})).body

    assert (delayed["status"], delayed["makingAmount"], delayed["takingAmount"]) == ("delayed", "0", "0")
    assert "tradeIDs" not in delayed
    assert shown["status"] == "DELAYED"
    assert refused["canceled"] == []
    assert list(refused["not_canceled"]) == [order_id]


async def test_a_match_is_read_by_both_sides(venue: Venue) -> None:
    sheet = venue.empty_market()
    ann, bob, maker, taker = await both_sides(venue, sheet)

    [as_maker] = (await ann.get("/data/trades")).body["data"]
    [as_taker] = (await bob.get("/data/trades")).body["data"]

    assert (as_taker["trader_side"], as_maker["trader_side"]) == ("TAKER", "MAKER")
    assert {**as_taker, "trader_side": ""} == {**as_maker, "trader_side": ""}
    assert as_taker["taker_order_id"] == taker["orderID"]
    assert (as_taker["side"], as_taker["size"], as_taker["price"]) == ("BUY", "10", "0.48")
    assert (as_taker["status"], as_taker["transaction_hash"]) == ("TRADE_STATUS_MATCHED", "")
    assert (as_taker["owner"], as_taker["maker_address"]) == (bob.credentials["apiKey"], bob.eoa)
    [leg] = as_taker["maker_orders"]
    assert (leg["order_id"], leg["asset_id"]) == (maker["orderID"], sheet.token(Outcome.NO))
    assert (leg["side"], leg["price"], leg["matched_amount"]) == ("BUY", "0.52", "10")
    assert (leg["owner"], leg["maker_address"]) == (ann.credentials["apiKey"], ann.eoa)
    for trader, order in ((ann, maker), (bob, taker)):
        shown = (await trader.get(f"/data/order/{order['orderID']}")).body
        assert (shown["status"], shown["size_matched"]) == ("MATCHED", "10")
        assert shown["associate_trades"] == [as_taker["id"]]
        assert (await trader.get("/data/orders")).body["data"] == []


async def test_a_trade_gets_its_transaction_when_it_is_mined(venue: Venue) -> None:
    _, bob, _, _ = await both_sides(venue, venue.empty_market())

    venue.pass_ms(SETTLED_MS)
    [trade] = (await bob.get("/data/trades")).body["data"]

    assert trade["status"] == "TRADE_STATUS_CONFIRMED"
    assert len(trade["transaction_hash"]) == 66


async def test_a_match_at_once_tells_amounts_in_decimals_and_its_trades(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    listing = venue.exchange.listings[sheet.terms.market_id]
    undelayed = {name: getattr(listing.terms, name) for name in listing.terms.__slots__}
    listing.terms = type(listing.terms)(**{**undelayed, "delay_ms": 0})
    venue.give(bob.eoa, sheet.terms.market_id, 8_000_000)
    try:
        await ann.post(ann.order(sheet, "buy yes 10500000 for 5040000"))
        sold = (await bob.post(bob.order(sheet, "sell yes 8000000 for 3600000"))).body
        bought = (await bob.post(bob.order(sheet, "buy no 20000000 for 11000000"))).body
    finally:
        listing.terms = type(listing.terms)(**undelayed)

    assert (sold["status"], sold["makingAmount"], sold["takingAmount"]) == ("matched", "8", "3.84")
    assert sold["transactionsHashes"] == []
    assert len(sold["tradeIDs"]) == 1
    assert (bought["status"], bought["makingAmount"], bought["takingAmount"]) == ("matched", "1.3", "2.5")


async def test_a_fak_buy_turns_a_better_price_into_more_shares(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    await ann.post(ann.order(sheet, "buy no 30000000 for 18000000"))  # asks 0.40 for YES

    # 10 USDC at 0.52 at most, as the SDKs compute it.
    await bob.post(bob.order(sheet, "buy yes 19230700 for 10000000", kind="FAK"))
    venue.pass_ms(DELAY_MS)
    [trade] = (await bob.get("/data/trades")).body["data"]

    assert (trade["price"], trade["size"]) == ("0.4", "25")


async def test_a_fak_reaches_the_price_it_was_signed_for(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    await ann.post(ann.order(sheet, "buy no 30000000 for 14400000"))  # asks 0.52 for YES

    order = (await bob.post(bob.order(sheet, "buy yes 19230700 for 10000000", kind="FAK"))).body
    venue.pass_ms(DELAY_MS)
    shown = (await bob.get(f"/data/order/{order['orderID']}")).body

    assert (shown["order_type"], shown["price"], shown["status"]) == ("FAK", "0.52", "MATCHED")


async def test_gtd_ends_a_minute_before_its_expiration(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    expiration = str(venue.now_ms // 1_000 + 200)
    order = (await ann.post(ann.order(sheet, TEN_AT_48, kind="GTD", expiration=expiration))).body

    venue.pass_ms(135_000)
    ann.now_s = venue.now_ms // 1_000
    alive = (await ann.get("/data/orders")).body["count"]
    venue.pass_ms(6_000)
    ann.now_s = venue.now_ms // 1_000
    shown = (await ann.get(f"/data/order/{order['orderID']}")).body

    assert alive == 1
    assert (shown["status"], shown["expiration"]) == ("CANCELED", expiration)


async def test_cancels_say_what_was_withdrawn_and_why_the_rest_was_not(venue: Venue) -> None:
    sheet = venue.empty_market()
    _, bob, _, matched = await both_sides(venue, sheet)
    order_ids = [
        (await bob.post(bob.order(sheet, f"buy yes 5000000 for {money}"))).body["orderID"]
        for money in (50_000, 100_000, 150_000)
    ]
    unknown = "0x" + "ab" * 32

    one = (await bob.send("DELETE", "/order", {"orderID": order_ids[0]})).body
    several = (
        await bob.send("DELETE", "/orders", [*order_ids[:2], order_ids[1], matched["orderID"], unknown])
    ).body
    rest = (await bob.send("DELETE", "/cancel-all")).body

    assert one == {"canceled": [order_ids[0]], "not_canceled": {}}
    assert several == {
        "canceled": [order_ids[1]],
        "not_canceled": {
            order_ids[0]: "Order not found or already canceled",
            matched["orderID"]: "Order already matched",
            unknown: "Order not found or already canceled",
        },
    }
    assert rest == {"canceled": [order_ids[2]], "not_canceled": {}}
    assert (await bob.get(f"/data/order/{order_ids[0]}")).body["status"] == "CANCELED"


async def test_a_cancel_keeps_what_was_matched(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    await ann.post(ann.order(sheet, TEN_NO_AT_52))
    order = (await bob.post(bob.order(sheet, "buy yes 25000000 for 12000000"))).body
    venue.pass_ms(DELAY_MS)

    await bob.send("DELETE", "/order", {"orderID": order["orderID"]})
    shown = (await bob.get(f"/data/order/{order['orderID']}")).body

    assert (shown["status"], shown["original_size"], shown["size_matched"]) == ("CANCELED", "25", "10")
    assert venue.held(bob.eoa, sheet, Outcome.YES) == 10_000_000


async def test_nobody_cancels_or_reads_anothers_order(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    order_id = (await ann.post(ann.order(sheet, TEN_AT_48))).body["orderID"]

    cancelled = (await bob.send("DELETE", "/order", {"orderID": order_id})).body
    swept = (await bob.send("DELETE", "/cancel-all")).body
    read = await bob.get(f"/data/order/{order_id}")

    assert cancelled["not_canceled"] == {order_id: "Order not found or already canceled"}
    assert swept == {"canceled": [], "not_canceled": {}}
    assert (read.status, read.body) == (404, {"error": "Order not found"})
    assert (await ann.get("/data/orders")).body["count"] == 1


async def test_the_orders_of_a_market_or_a_token_are_cancelled_together(venue: Venue) -> None:
    first, other = venue.empty_market(), venue.empty_market("v2")
    ann = await venue.trader()
    said = [
        (first, TEN_AT_48),
        (first, "buy no 10000000 for 4800000"),
        (other, TEN_AT_48),
        (other, "buy no 10000000 for 4800000"),
    ]
    ids = [(await ann.post(ann.order(sheet, words))).body["orderID"] for sheet, words in said]

    nothing = await ann.send("DELETE", "/cancel-market-orders", {})
    by_market = await ann.send("DELETE", "/cancel-market-orders", {"market": first.terms.market_id})
    by_both = await ann.send(
        "DELETE",
        "/cancel-market-orders",
        {"market": other.terms.market_id, "asset_id": other.token(Outcome.NO)},
    )
    by_token = await ann.send("DELETE", "/cancel-market-orders", {"asset_id": other.token(Outcome.YES)})

    assert (nothing.status, nothing.body) == (400, {"error": "Invalid order payload"})
    assert by_market.body["canceled"] == ids[:2]
    assert by_both.body["canceled"] == [ids[3]]
    assert by_token.body["canceled"] == [ids[2]]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/order", {"orderID": "0x12"}, "Invalid orderID"),
        ("/order", {"order": 1}, "Invalid order payload"),
        ("/orders", ["nothing"], "Invalid orderID"),
        ("/orders", [], "Invalid order payload"),
        ("/orders", ["0x" + "00" * 32] * 1_001, "Too many orders in payload, max allowed: 1000"),
    ],
    ids=["short id", "no id", "no ids", "empty", "1001"],
)
async def test_a_cancel_that_names_no_order_is_refused(
    venue: Venue, path: str, body: object, words: str
) -> None:
    ann = await venue.trader()

    reply = await ann.send("DELETE", path, body)

    assert (reply.status, reply.body) == (400, {"error": words})


async def test_long_lists_come_in_pages(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    ids = []
    for batch in range(8):
        venue.now_ms += 1_000  # type: ignore[assignment]  # the order budget refills
        orders = [ann.order(sheet, "buy yes 5000000 for 50000") for _ in range(15)]
        entries = (await ann.send("POST", "/orders", orders)).body
        ids += [entry["orderID"] for entry in entries]
        assert all(ids), batch

    first = (await ann.get("/data/orders?next_cursor=MA==")).body
    second = (await ann.get(f"/data/orders?next_cursor={first['next_cursor']}")).body
    bad = await ann.get("/data/orders?next_cursor=x")

    assert (first["limit"], first["count"], second["count"]) == (100, 100, 20)
    assert second["next_cursor"] == "LTE="
    assert [order["id"] for order in (*first["data"], *second["data"])] == ids
    assert (bad.status, bad.body) == (400, {"error": "invalid order params payload"})


async def test_trades_are_filtered_by_what_they_are_and_when_they_were(venue: Venue) -> None:
    sheet = venue.empty_market()
    ann, bob, _, _ = await both_sides(venue, sheet)
    [trade] = (await bob.get("/data/trades")).body["data"]
    second = int(trade["match_time"])

    async def ids(query: str) -> list[str]:
        page = (await bob.get(f"/data/trades?{query}")).body
        return [found["id"] for found in page["data"]]

    assert await ids(f"id={trade['id']}") == [trade["id"]]
    assert await ids("id=another") == []
    assert await ids(f"market={sheet.terms.market_id}&asset_id={trade['asset_id']}") == [trade["id"]]
    assert await ids(f"asset_id={sheet.token(Outcome.NO)}") == []
    assert await ids(f"maker_address={bob.eoa}") == [trade["id"]]
    assert await ids(f"maker_address={ann.eoa}") == []
    assert await ids(f"after={second - 1}&before={second + 1}") == [trade["id"]]
    assert await ids(f"after={second}") == []
    assert await ids(f"before={second}") == []
    assert (await bob.get("/data/trades?after=soon")).status == 400


async def test_the_balance_is_the_chains_and_allowances_name_every_spender(venue: Venue) -> None:
    sheet = venue.empty_market("v2")
    _, bob, _, _ = await both_sides(venue, sheet)
    stranger = await venue.trader(approved=False)
    shares = f"/balance-allowance?asset_type=CONDITIONAL-V2&token_id={sheet.token(Outcome.YES)}"

    matched = (await bob.get("/balance-allowance?asset_type=COLLATERAL&signature_type=0")).body
    venue.pass_ms(SETTLED_MS)
    cash = (await bob.get("/balance-allowance/update?asset_type=COLLATERAL")).body
    held = (await bob.get(shares)).body
    none = (await stranger.get("/balance-allowance?asset_type=COLLATERAL&signature_type=3")).body
    wrong = await bob.get("/balance-allowance?asset_type=GOLD")
    typeless = await bob.get("/balance-allowance?asset_type=COLLATERAL&signature_type=7")

    assert matched["balance"] == "10000000000"
    assert cash["balance"] == "9995075200"  # less 4.80 and the fee of 0.1248
    assert held["balance"] == "10000000"
    assert set(cash["allowances"].values()) == {str(2**256 - 1)}
    assert (none["balance"], set(none["allowances"].values())) == ("10000000000", {"0"})
    assert (wrong.status, wrong.body) == (400, {"error": "Invalid asset type"})
    assert (typeless.status, typeless.body) == (400, {"error": "Invalid signature_type"})


async def test_the_truth_is_in_micro_units(venue: Venue) -> None:
    sheet = venue.empty_market()
    _, bob, _, taker = await both_sides(venue, sheet)

    truth = (await bob.call("GET", f"/simulator/truth/{bob.eoa.lower()}")).body

    assert (truth["cash"], truth["chain_cash"]) == (9_995_075_200, 10_000_000_000)
    assert (truth["tokens"], truth["chain_tokens"]) == ({sheet.token(Outcome.YES): 10_000_000}, {})
    [order], [trade] = truth["orders"], truth["trades"]
    assert (order["id"], order["status"], order["filled"]) == (taker["orderID"], "matched", 10_000_000)
    assert (trade["orders"], trade["shares"], trade["fee"]) == ([taker["orderID"]], 10_000_000, 124_800)
    assert trade["amount"] == 4_800_000
    assert (truth["posts"], truth["duplicates_refused"]) == (1, 0)


async def test_the_tick_of_the_market_is_the_one_of_now(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    listing = venue.exchange.listings[sheet.terms.market_id]
    tick, listing.tick = listing.tick, Price(10)
    try:
        fine = await ann.post(ann.order(sheet, "buy yes 10000000 for 4850000"))
    finally:
        listing.tick = tick

    assert fine.body["status"] == "live"
