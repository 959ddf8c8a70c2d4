"""Who may ask: signatures of wallets, HMACs of API keys, and what must not be shown."""

import pytest

from core.units import Ms
from simulator.clob.clock import CLOCK
from simulator.clob.keys import Keys
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Trader

BAD_KEY = {"error": "Unauthorized/Invalid api key"}
BAD_SIGN_IN = {"error": "Invalid L1 Request headers"}


def newcomer(venue: Venue) -> Trader:
    return Trader(venue.http, venue.now_ms // 1_000)


async def test_a_wallet_makes_its_key_once_and_derives_it_ever_after(venue: Venue) -> None:
    trader = newcomer(venue)

    underivable = await trader.sign_in(method="GET")
    made = await trader.sign_in()
    again = await trader.sign_in()
    derived = await trader.sign_in(method="GET")

    assert (underivable.status, underivable.body) == (400, {"error": "Could not derive api key!"})
    assert made.status == derived.status == 200
    assert made.body == derived.body
    assert (again.status, again.body) == (400, {"error": "Could not create api key"})


async def test_each_nonce_has_a_key_of_its_own(venue: Venue) -> None:
    trader = newcomer(venue)

    keys = [(await trader.sign_in(nonce=nonce)).body["apiKey"] for nonce in (0, 1)]
    listed = await trader.get("/auth/api-keys")

    assert len(set(keys)) == 2
    assert listed.body == {"apiKeys": keys}


async def test_signing_in_funds_both_wallets_of_a_signer_once(venue: Venue) -> None:
    trader = await venue.trader(approved=False)
    await trader.sign_in(method="GET")

    cash = [venue.account(venue.chain.wallet_of(trader.eoa, kind)).cash for kind in (0, 3)]

    assert cash == [10_000_000_000, 10_000_000_000]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"POLY_NONCE": "1"},
        {"POLY_NONCE": "-1"},
        {"POLY_SIGNATURE": "0x"},
        {"POLY_SIGNATURE": "0xzz"},
        {"POLY_ADDRESS": "0x" + "11" * 20},
        {"POLY_ADDRESS": "nobody"},
        {"POLY_TIMESTAMP": "0"},
        {"POLY_TIMESTAMP": ""},
    ],
    ids=str,
)
async def test_a_sign_in_that_does_not_match_its_headers_is_refused(
    venue: Venue, spoilt: dict[str, str]
) -> None:
    headers = {**newcomer(venue).l1_headers(), **spoilt}

    reply = await newcomer(venue).call("POST", "/auth/api-key", headers=headers)

    assert (reply.status, reply.body) == (401, BAD_SIGN_IN)


@pytest.mark.parametrize(("off_s", "status"), [(-61, 401), (-60, 200), (60, 200), (61, 401)])
async def test_a_sign_in_is_good_for_a_minute(venue: Venue, off_s: int, status: int) -> None:
    trader = newcomer(venue)
    venue.now_ms = Ms(trader.now_s * 1_000)

    headers = trader.l1_headers(signed_s=trader.now_s + off_s)
    reply = await trader.call("POST", "/auth/api-key", headers=headers)

    assert reply.status == status


async def test_in_a_hurried_evening_the_time_of_the_machine_is_right_too(venue: Venue) -> None:
    trader, hours_ahead = newcomer(venue), 7_200
    venue.now_ms = Ms((trader.now_s + hours_ahead) * 1_000)
    by_machine = trader.l1_headers()

    refused = await trader.call("POST", "/auth/api-key", headers=by_machine)
    venue.app[CLOCK].machine = lambda: Ms(trader.now_s * 1_000)
    taken = await trader.call("POST", "/auth/api-key", headers=by_machine)
    by_venue = trader.l1_headers(signed_s=trader.now_s + hours_ahead)
    also = await trader.call("GET", "/auth/derive-api-key", headers=by_venue)

    assert (refused.status, taken.status, also.status) == (401, 200, 200)


async def test_the_hmac_leaves_the_query_out(venue: Venue) -> None:
    trader = await venue.trader()

    with_query = await trader.get("/data/orders?next_cursor=MA==")
    signed_with = trader.l2_headers("GET", "/data/orders?next_cursor=MA==")
    over_query = await trader.call("GET", "/data/orders?next_cursor=MA==", headers=signed_with)

    assert with_query.status == 200
    assert (over_query.status, over_query.body) == (401, BAD_KEY)


@pytest.mark.parametrize(
    "instead",
    [
        {"POLY_API_KEY": "00000000-0000-4000-8000-000000000000"},
        {"POLY_PASSPHRASE": "wrong"},
        {"POLY_SIGNATURE": "wrong="},
        {"POLY_ADDRESS": "0x" + "11" * 20},
        {"POLY_TIMESTAMP": "1"},
    ],
    ids=str,
)
async def test_one_wrong_header_is_enough_to_be_refused(venue: Venue, instead: dict[str, str]) -> None:
    trader = await venue.trader()

    reply = await trader.call(
        "GET", "/data/orders", headers=trader.l2_headers("GET", "/data/orders", **instead)
    )

    assert (reply.status, reply.body) == (401, BAD_KEY)


async def test_the_hmac_covers_every_byte_of_the_body(venue: Venue) -> None:
    trader = await venue.trader()
    body = '{"orderID": "0x' + "00" * 32 + '"}'

    signed = trader.l2_headers("DELETE", "/order", body.replace(" ", ""))
    reply = await trader.call("DELETE", "/order", body=body, headers=signed)

    assert (reply.status, reply.body) == (401, BAD_KEY)


async def test_a_deleted_key_opens_nothing(venue: Venue) -> None:
    trader = await venue.trader()

    deleted = await trader.send("DELETE", "/auth/api-key")
    after = await trader.get("/auth/api-keys")

    assert (deleted.status, deleted.body) == (200, "OK")
    assert after.status == 401


def test_a_key_shows_neither_secret_nor_passphrase() -> None:
    key = Keys(b"seed").create("0x" + "22" * 20, 0)
    assert key is not None

    assert key.secret not in repr(key)
    assert key.passphrase not in repr(key)
