"""Every order the venue refuses, and the words it does it in (polymarket.md 3.12)."""

import pytest

from core.units import Ms
from simulator.clob.windows import STANDINGS
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Reply, signed_order

TEN_AT_48 = "buy yes 10000000 for 4800000"


def refusal(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body["error"]


async def test_an_order_in_somebody_elses_name_is_refused(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    order = {**ann.order(sheet, TEN_AT_48), "owner": bob.credentials["apiKey"]}

    assert refusal(await ann.post(order)) == (400, "the order owner has to be the owner of the API KEY")


@pytest.mark.parametrize("with_wallet", [False, True], ids=["EOA", "deposit wallet"])
async def test_an_order_of_somebody_elses_signer_is_refused(venue: Venue, *, with_wallet: bool) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    order = bob.order(sheet, TEN_AT_48, wallet=venue.wallet(bob) if with_wallet else None)
    order["owner"] = ann.credentials["apiKey"]

    words = "the order signer address has to be the address of the API KEY"
    assert refusal(await ann.post(order)) == (400, words)


async def test_a_wallet_order_signed_by_another_than_the_wallet_is_refused(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48, wallet=venue.wallet(ann), signer=ann.eoa)

    words = "the order signer address has to be the address of the API KEY"
    assert refusal(await ann.post(order)) == (400, words)


@pytest.mark.parametrize(
    ("signature_type", "maker"), [(0, "another"), (1, "own"), (2, "own"), (3, "unknown")], ids=str
)
async def test_a_maker_that_is_not_the_signers_wallet_is_sent_to_the_deposit_wallet_flow(
    venue: Venue, signature_type: int, maker: str
) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    addresses = {"another": venue.wallet(ann), "own": ann.eoa, "unknown": "0x" + "33" * 20}
    order = ann.order(sheet, TEN_AT_48, signatureType=signature_type, maker=addresses[maker])
    if maker == "unknown":
        order["order"]["signer"] = addresses[maker]

    words = "maker address not allowed, please use the deposit wallet flow"
    assert refusal(await ann.post(order)) == (400, words)


@pytest.mark.parametrize(
    ("market", "signed_for"),
    [
        (("v1", False), ("v1", True)),
        (("v1", False), ("v2", False)),
        (("v1", True), ("v1", False)),
        (("v2", False), ("v1", False)),
    ],
    ids=str,
)
@pytest.mark.parametrize("with_wallet", [False, True], ids=["EOA", "deposit wallet"])
async def test_a_signature_for_another_exchange_is_refused(
    venue: Venue, market: tuple[str, bool], signed_for: tuple[str, bool], *, with_wallet: bool
) -> None:
    sheet, ann = venue.empty_market(market[0], neg_risk=market[1]), await venue.trader()
    wallet = venue.wallet(ann) if with_wallet else None

    reply = await ann.post(ann.order(sheet, TEN_AT_48, wallet=wallet, contract=signed_for))

    assert refusal(reply) == (400, "invalid signature")


async def test_an_order_changed_after_it_was_signed_is_refused(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    reply = await ann.post(ann.order(sheet, TEN_AT_48, makerAmount="4700000"))

    assert refusal(reply) == (400, "invalid signature")


async def test_the_same_order_twice_is_a_duplicate_whatever_became_of_it(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48)

    first = await ann.post(order)
    again = await ann.post(order)
    await ann.send("DELETE", "/cancel-all")
    after = await ann.post(order)

    words = f"order {first.body['orderID']} is invalid. Duplicated."
    assert refusal(again) == refusal(after) == (400, words)
    truth = await ann.call("GET", f"/simulator/truth/{ann.eoa}")
    assert (truth.body["posts"], truth.body["duplicates_refused"], len(truth.body["orders"])) == (3, 2, 1)


async def test_a_price_between_two_ticks_is_refused(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    reply = await ann.post(ann.order(sheet, "buy yes 10000000 for 4850000"))

    status, words = refusal(reply)
    assert status == 400
    assert words.startswith("order 0x")
    assert words.endswith(" is invalid. Price (0.485) breaks minimum tick size rule: 0.01")


async def test_a_price_of_a_whole_share_is_refused(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    reply = await ann.post(ann.order(sheet, "buy yes 10000000 for 10000000"))

    assert "Price (1) breaks minimum tick size rule: 0.01" in refusal(reply)[1]


async def test_an_order_below_the_minimum_is_refused(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    reply = await ann.post(ann.order(sheet, "buy yes 4990000 for 2395200"))

    status, words = refusal(reply)
    assert status == 400
    assert words.endswith("is invalid. Size (4.99) lower than the minimum: 5")


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (
            "buy yes 10000000 for 4800010",
            "GTC",
            (
                "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, "
                "taker amount a max of 2 decimals"
            ),
        ),
        (
            "buy yes 10001000 for 4800480",
            "GTC",
            (
                "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, "
                "taker amount a max of 2 decimals"
            ),
        ),
        (
            "sell yes 10001000 for 4800500",
            "GTC",
            (
                "invalid amounts, the sell orders maker amount supports a max accuracy of 2 decimals, "
                "taker amount a max of 4 decimals"
            ),
        ),
        (
            "buy yes 10010000 for 4804800",
            "FAK",
            (
                "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, "
                "taker amount a max of 4 decimals"
            ),
        ),
        (
            "buy yes 10000010 for 4800000",
            "FOK",
            (
                "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, "
                "taker amount a max of 4 decimals"
            ),
        ),
    ],
    ids=range(5),
)
async def test_amounts_finer_than_the_venue_counts_are_refused(
    venue: Venue, said: str, kind: str, words: str
) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    assert refusal(await ann.post(ann.order(sheet, said, kind=kind))) == (400, words)


async def test_a_buy_beyond_the_cash_names_all_three_amounts(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    await ann.post(ann.order(sheet, "buy yes 10000000000 for 4800000000"))

    reply = await ann.post(ann.order(sheet, "buy no 11000000000 for 5280000000"))

    words = (
        "not enough balance / allowance: the balance is not enough -> balance: 10000000000, "
        "sum of matched orders: 4800000000, order amount: 5280000000"
    )
    assert refusal(reply) == (400, words)


async def test_a_sell_beyond_the_shares_names_all_three_amounts(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    venue.give(ann.eoa, sheet.terms.market_id, 12_000_000)
    await ann.post(ann.order(sheet, "sell yes 7000000 for 3640000"))

    reply = await ann.post(ann.order(sheet, "sell yes 6000000 for 3120000"))

    words = (
        "not enough balance / allowance: the balance is not enough -> balance: 12000000, "
        "sum of matched orders: 7000000, order amount: 6000000"
    )
    assert refusal(reply) == (400, words)


@pytest.mark.parametrize(
    ("version", "neg_risk", "spender"),
    [
        ("v1", False, "0xE111180000d2663C0091e4f400237545B87B996B"),
        ("v1", True, "0xe2222d279d744050d28e00520010520000310F59"),
        ("v2", False, "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_without_an_approval_the_spender_is_named(
    venue: Venue, version: str, neg_risk: bool, spender: str, side: str
) -> None:
    sheet, ann = venue.empty_market(version, neg_risk=neg_risk), await venue.trader(approved=False)
    venue.give(ann.eoa, sheet.terms.market_id, 10_000_000)

    reply = await ann.post(ann.order(sheet, f"{side} yes 10000000 for 4800000"))

    amount = 4_800_000 if side == "buy" else 10_000_000
    words = (
        f"not enough balance / allowance: the allowance is not enough -> spender: {spender}, "
        f"allowance: 0, order amount: {amount}"
    )
    assert refusal(reply) == (400, words)


@pytest.mark.parametrize(
    ("kind", "ahead_s", "taken"),
    [
        ("GTC", None, True),
        ("GTC", 3_600, False),
        ("FAK", 3_600, False),
        ("GTD", None, False),
        ("GTD", 179, False),
        ("GTD", 180, True),
    ],
)
async def test_only_gtd_expires_and_not_before_three_minutes(
    venue: Venue, kind: str, ahead_s: int | None, taken: bool
) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    venue.now_ms = Ms(venue.now_ms // 1_000 * 1_000)
    expiration = "0" if ahead_s is None else str(venue.now_ms // 1_000 + ahead_s)

    reply = await ann.post(ann.order(sheet, TEN_AT_48, kind=kind, expiration=expiration))

    if taken:
        assert reply.body["status"] == "live"
    else:
        assert refusal(reply) == (400, "invalid expiration")


async def test_a_post_only_order_that_would_cross_is_refused(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    await ann.post(ann.order(sheet, "buy no 10000000 for 5200000"))

    reply = await bob.post(bob.order(sheet, TEN_AT_48, post_only=True))

    assert refusal(reply) == (400, "invalid post-only order: order crosses book")


async def test_a_fok_that_nobody_fills_is_killed(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    reply = await ann.post(ann.order(sheet, TEN_AT_48, kind="FOK"))

    assert refusal(reply) == (
        400,
        "order couldn't be fully filled. FOK orders are fully filled or killed.",
    )


async def test_a_fak_that_meets_nobody_is_killed(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    reply = await ann.post(ann.order(sheet, TEN_AT_48, kind="FAK"))

    assert refusal(reply) == (
        400,
        (
            "no orders found to match with FAK order. FAK orders are partially filled or killed if no match "
            "is found."
        ),
    )


async def test_a_token_without_a_book_is_not_found(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48)
    order["order"] = signed_order(
        ann.key,
        maker=ann.eoa,
        signature_type=0,
        token_id="12345",
        amounts=("4800000", "10000000"),
        side="buy",
        contract=("v1", False),
        timestamp="1",
    )

    reply = await ann.post(order)

    assert refusal(reply) == (404, "No orderbook exists for the requested token id")


async def test_a_market_that_is_over_takes_no_orders(venue: Venue) -> None:
    ann, sheet = await venue.trader(), venue.world.closed_sheets[0]

    reply = await ann.post(ann.order(sheet, TEN_AT_48))

    assert refusal(reply) == (400, "the market is not yet ready to process new orders")


async def test_banned_signers_trade_nothing_and_closed_only_ones_sell(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    venue.give(bob.eoa, sheet.terms.market_id, 10_000_000)
    venue.app[STANDINGS].banned.add(ann.eoa)
    venue.app[STANDINGS].closed_only.add(bob.eoa)

    banned = await ann.post(ann.order(sheet, TEN_AT_48))
    opening = await bob.post(bob.order(sheet, TEN_AT_48))
    closing = await bob.post(bob.order(sheet, "sell yes 10000000 for 5200000"))

    assert refusal(banned) == (400, f"'{ann.eoa}' address banned")
    assert refusal(opening) == (400, f"'{bob.eoa}' address in closed only mode")
    assert closing.body["status"] == "live"
    assert (await ann.get("/auth/ban-status/closed-only")).body == {"closed_only": False}
    assert (await bob.get("/auth/ban-status/closed-only")).body == {"closed_only": True}
