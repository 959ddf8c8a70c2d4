"""What is no order at all, what is one of the retired exchange, and orders by the dozen."""

import json
from typing import Any

import pytest

from simulator.clob import payloads
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Reply

TEN_AT_48 = "buy yes 10000000 for 4800000"


def refusal(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body["error"]


@pytest.mark.parametrize(
    "change",
    [
        {"salt": "1"},
        {"salt": -1},
        {"side": "HOLD"},
        {"makerAmount": "1.5"},
        {"makerAmount": "0"},
        {"tokenId": "0xabc"},
        {"maker": "0x12"},
        {"signature": "nothing"},
        {"signatureType": 4},
        {"timestamp": "soon"},
        {"metadata": "0x12"},
        {"builder": "0x12"},
    ],
    ids=str,
)
async def test_a_malformed_field_spoils_the_order(venue: Venue, change: dict[str, Any]) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()

    assert refusal(await ann.post(ann.order(sheet, TEN_AT_48, **change))) == (400, "Invalid order payload")


@pytest.mark.parametrize("body", [None, [], {}, {"order": {}}, "order"], ids=str)
async def test_what_is_no_order_is_refused(venue: Venue, body: object) -> None:
    ann = await venue.trader()

    assert refusal(await ann.send("POST", "/order", body)) == (400, "Invalid order payload")


async def test_an_order_of_the_retired_exchange_is_told_apart(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48)
    del order["order"]["timestamp"]
    order["order"] |= {"nonce": "0", "feeRateBps": "0", "taker": "0x" + "00" * 20}

    assert refusal(await ann.post(order)) == (400, "order_version_mismatch")


async def test_a_batch_is_refused_whole_for_its_form_and_entry_by_entry_for_the_rest(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    good, small = ann.order(sheet, TEN_AT_48), ann.order(sheet, "buy yes 1000000 for 480000")
    strange = bob.order(sheet, TEN_AT_48)

    sixteen = await ann.send("POST", "/orders", [good] * 16)
    none = await ann.send("POST", "/orders", [])
    mixed_owners = await ann.send("POST", "/orders", [good, strange])
    mixed = await ann.send("POST", "/orders", [good, small, good])

    assert refusal(sixteen) == (400, "Too many orders in payload: 16, max allowed: 15")
    assert refusal(none) == (400, "Invalid order payload")
    assert refusal(mixed_owners) == (400, "the order owner has to be the owner of the API KEY")
    taken, refused, twice = mixed.body
    assert (taken["success"], taken["errorMsg"], taken["status"]) == (True, "", "live")
    assert (refused["success"], refused["orderID"]) == (True, "")
    assert refused["errorMsg"].endswith("Size (1) lower than the minimum: 5")
    assert (twice["success"], twice["orderID"]) == (True, "")
    assert twice["errorMsg"] == f"order {taken['orderID']} is invalid. Duplicated."


async def test_no_refusal_repeats_a_secret(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48, makerAmount="4700000")

    said = json.dumps((await ann.post(order)).body) + repr(payloads.order(json.dumps(order).encode()))

    hidden = (order["order"]["signature"], ann.credentials["secret"], ann.credentials["passphrase"], ann.key)
    assert not any(secret.removeprefix("0x") in said for secret in hidden)
