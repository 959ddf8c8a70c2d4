"""What anybody may ask about a market, without a key."""

from decimal import Decimal
from typing import Any

import pytest

from core.ids import Outcome
from simulator.sheets import Sheet
from tests.simulator.clob.conftest import Venue

NO_BOOK = {"error": "No orderbook exists for the requested token id"}
NO_MARKET = {"error": "market not found"}


async def ask(venue: Venue, path: str, status: int = 200) -> Any:
    async with venue.http.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def send(venue: Venue, path: str, body: object) -> Any:
    async with venue.http.post(path, json=body) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def quoted(venue: Venue) -> Sheet:
    """A market with 0.45 bid and 0.48 asked for YES."""
    sheet, ann = venue.empty_market(), await venue.trader()
    await ann.post(ann.order(sheet, "buy yes 10000000 for 4500000"))
    await ann.post(ann.order(sheet, "buy no 20000000 for 10400000"))
    return sheet


async def test_both_tokens_tell_the_same_prices_mirrored(venue: Venue) -> None:
    sheet = await quoted(venue)
    yes, no = sheet.token(Outcome.YES), sheet.token(Outcome.NO)

    assert await ask(venue, f"/price?token_id={yes}&side=BUY") == {"price": "0.45"}
    assert await ask(venue, f"/price?token_id={yes}&side=SELL") == {"price": "0.48"}
    assert await ask(venue, f"/price?token_id={no}&side=BUY") == {"price": "0.52"}
    assert await ask(venue, f"/price?token_id={no}&side=SELL") == {"price": "0.55"}
    assert await ask(venue, f"/midpoint?token_id={yes}") == {"mid": "0.465"}
    assert await ask(venue, f"/midpoint?token_id={no}") == {"mid": "0.535"}
    assert await ask(venue, f"/spread?token_id={yes}") == {"spread": "0.03"}


async def test_several_tokens_are_asked_for_at_once(venue: Venue) -> None:
    sheet = await quoted(venue)
    yes, no = sheet.token(Outcome.YES), sheet.token(Outcome.NO)
    both = [{"token_id": yes}, {"token_id": no}, {"token_id": "12"}]
    sided = [{"token_id": yes, "side": "BUY"}, {"token_id": yes, "side": "SELL"}]

    books = await send(venue, "/books", both)

    assert [book["asset_id"] for book in books] == [yes, no]
    assert await ask(venue, f"/books?token_ids={yes},{no}") == books
    assert await send(venue, "/midpoints", both) == {yes: "0.465", no: "0.535"}
    assert await send(venue, "/spreads", both) == {yes: "0.03", no: "0.03"}
    assert await send(venue, "/prices", sided) == {yes: {"BUY": "0.45", "SELL": "0.48"}}


async def test_the_book_lists_best_prices_last_and_knows_its_terms(venue: Venue) -> None:
    sheet = await quoted(venue)

    book = await ask(venue, f"/book?token_id={sheet.token(Outcome.NO)}")

    assert book["bids"] == [{"price": "0.52", "size": "20"}]
    assert book["asks"] == [{"price": "0.55", "size": "10"}]
    assert (book["min_order_size"], book["tick_size"], book["neg_risk"]) == ("5", "0.01", False)


@pytest.mark.parametrize(
    ("version", "neg_risk"), [("v1", False), ("v1", True), ("v2", False)], ids=["v1", "neg-risk", "v2"]
)
async def test_a_markets_parameters_come_in_one_call(venue: Venue, version: str, neg_risk: bool) -> None:
    sheet = venue.empty_market(version, neg_risk=neg_risk)

    market = await ask(venue, f"/clob-markets/{sheet.terms.market_id}")

    assert market["t"] == [{"t": sheet.token(side), "o": sheet.name(side)} for side in Outcome]
    assert (market["mos"], Decimal(str(market["mts"])), market["nr"]) == (5, Decimal("0.01"), neg_risk)
    assert market["fd"] == {"r": 0.05, "e": 1, "to": True}
    assert (market["sd"], market["cbos"], market["tbf"]) == (1, True, 1_000)
    assert "itode" not in market
    for outcome in Outcome:
        token = sheet.token(outcome)
        assert await ask(venue, f"/tick-size?token_id={token}") == {"minimum_tick_size": 0.01}
        assert await ask(venue, f"/tick-size/{token}") == {"minimum_tick_size": 0.01}
        assert await ask(venue, f"/neg-risk/{token}") == {"neg_risk": neg_risk}
        assert await ask(venue, f"/fee-rate?token_id={token}") == {"base_fee": 1_000}
        parent = await ask(venue, f"/markets-by-token/{token}")
        assert parent["condition_id"] == sheet.terms.market_id
        assert int(parent["primary_token_id"]) < int(parent["secondary_token_id"])


async def test_a_condition_id_of_31_bytes_is_not_found(venue: Venue) -> None:
    sheet = venue.empty_market("v2")

    assert len(sheet.condition_id) == 64
    assert await ask(venue, f"/clob-markets/{sheet.condition_id}", 404) == NO_MARKET


@pytest.mark.parametrize(
    "path", ["/book", "/price", "/midpoint", "/spread", "/tick-size", "/neg-risk", "/fee-rate"]
)
async def test_a_token_that_is_none_is_told_apart_from_one_nobody_knows(venue: Venue, path: str) -> None:
    unknown = NO_BOOK if path in ("/book", "/price", "/midpoint", "/spread") else NO_MARKET

    assert await ask(venue, f"{path}?token_id=abc&side=BUY", 400) == {"error": "Invalid token id"}
    assert await ask(venue, f"{path}?side=BUY", 400) == {"error": "Invalid token id"}
    assert await ask(venue, f"{path}?token_id=12&side=BUY", 404) == unknown


async def test_an_empty_side_has_no_price(venue: Venue) -> None:
    sheet = venue.empty_market()
    token = sheet.token(Outcome.YES)

    assert await ask(venue, f"/price?token_id={token}&side=BUY", 404) == NO_BOOK
    assert await ask(venue, f"/midpoint?token_id={token}", 404) == NO_BOOK
    assert await ask(venue, f"/price?token_id={token}&side=UP", 400) == {"error": "Invalid side"}


async def test_the_version_and_the_time_are_told_to_anybody(venue: Venue) -> None:
    assert await ask(venue, "/ok") == "OK"
    assert await ask(venue, "/version") == {"version": 2}
    assert await ask(venue, "/time") == venue.now_ms // 1_000
