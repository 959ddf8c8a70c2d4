"""py-clob-client-v2, unmodified but for the host, against the simulated order book. It blocks, so it has a thread."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest
from eth_account import Account
from py_clob_client_v2.client import ClobClient
from py_clob_client_v2.clob_types import (
    BalanceAllowanceParams,
    CreateOrderOptions,
    MarketOrderArgsV2,
    OpenOrderParams,
    OrderArgsV2,
    OrderMarketCancelParams,
    OrderPayload,
    OrderType,
    PostOrdersV2Args,
    TradeParams,
)
from py_clob_client_v2.exceptions import PolyApiException

from core.ids import Outcome
from core.units import Price, text
from simulator.sheets import Sheet
from simulator.world import World
from tests.simulator.clob.sdk import KIND_NAMES, KINDS, Venue, running
from tests.simulator.clob.signers import KEYS
from tests.simulator.evenings import START

CENT = 100
SETTLED_MS = 14_000
SIGNATURE_TYPES = pytest.mark.parametrize("signature_type", [0, 3], ids=["EOA", "deposit wallet"])
T = TypeVar("T")


@pytest.fixture(scope="module")
def moving_world() -> World:
    return World(23, START)


@pytest.fixture
async def venue(moving_world: World) -> AsyncIterator[Venue]:
    async with running(moving_world) as found:
        yield found


async def call(method: Callable[..., T], *args: object, **named: object) -> T:
    """Let the client block a thread while the venue answers on the loop."""
    async with asyncio.timeout(20):
        return await asyncio.to_thread(method, *args, **named)


async def trading(venue: Venue, *, signature_type: int = 3) -> ClobClient:
    """A newcomer with credentials, 10,000 pUSD and every approval."""
    key = next(KEYS)
    eoa = Account.from_key(key).address
    wallet = venue.fund(eoa)
    funder = eoa if signature_type == 0 else wallet
    client = ClobClient(venue.base, 137, key=key, signature_type=signature_type, funder=funder)
    client.set_api_creds(await call(client.create_or_derive_api_key))
    return client


def order_args(sheet: Sheet, outcome: Outcome, **terms: Any) -> OrderArgsV2:
    """A v2 market's tokens are position ids; the SDK then signs for the third exchange."""
    token = sheet.token(outcome)
    named = {"position_id": token} if sheet.terms.version == "v2" else {"token_id": token}
    return OrderArgsV2(**named, **terms)


def market_args(sheet: Sheet, outcome: Outcome, **terms: Any) -> MarketOrderArgsV2:
    token = sheet.token(outcome)
    named = {"position_id": token} if sheet.terms.version == "v2" else {"token_id": token}
    return MarketOrderArgsV2(**named, **terms)


@SIGNATURE_TYPES
async def test_credentials_are_created_then_derived(venue: Venue, signature_type: int) -> None:
    client = await trading(venue, signature_type=signature_type)

    derived = await call(client.derive_api_key)
    listed = await call(client.get_api_keys)
    closed_only = await call(client.get_closed_only_mode)

    assert derived == client.creds
    assert listed == {"apiKeys": [derived.api_key]}
    assert closed_only == {"closed_only": False}


async def test_the_venue_is_asked_for_its_health_time_and_books(venue: Venue) -> None:
    client, sheet = await trading(venue), venue.market("v1", neg_risk=True)
    token = sheet.token(Outcome.YES)

    book = await call(client.get_order_book, token)
    info = await call(client.get_clob_market_info, sheet.terms.market_id)

    assert await call(client.get_ok) == "OK"
    assert await call(client.get_version) == 2
    assert await call(client.get_server_time) == venue.world.now_ms // 1_000
    assert book["hash"] == client.get_order_book_hash(dict(book))
    assert await call(client.get_tick_size, token) == str(info["mts"]) == "0.01"
    assert await call(client.get_neg_risk, token) is True
    assert await call(client.get_fee_exponent, token) == 1
    assert (await call(client.get_midpoint, token)).keys() == {"mid"}
    assert (await call(client.get_price, token, "BUY"))["price"] == book["bids"][-1]["price"]


@pytest.mark.parametrize(("version", "neg_risk"), KINDS, ids=KIND_NAMES)
@SIGNATURE_TYPES
async def test_an_order_is_made_posted_listed_and_cancelled(
    venue: Venue, version: str, neg_risk: bool, signature_type: int
) -> None:
    client = await trading(venue, signature_type=signature_type)
    sheet = venue.market(version, neg_risk=neg_risk)

    posted = await call(
        client.create_and_post_order, order_args(sheet, Outcome.NO, price=0.05, size=20.5, side="BUY")
    )
    listed = await call(client.get_open_orders, OpenOrderParams(market=sheet.terms.market_id))
    read = await call(client.get_order, posted["orderID"])
    cancelled = await call(client.cancel_order, OrderPayload(orderID=posted["orderID"]))

    assert (posted["success"], posted["status"], posted["errorMsg"]) == (True, "live", "")
    assert listed == [read]
    assert (read["price"], read["original_size"], read["size_matched"]) == ("0.05", "20.5", "0")
    assert read["asset_id"] == sheet.token(Outcome.NO)
    assert cancelled == {"canceled": [posted["orderID"]], "not_canceled": {}}


@pytest.mark.parametrize(("version", "neg_risk"), KINDS, ids=KIND_NAMES)
async def test_a_market_order_is_delayed_then_traded(venue: Venue, version: str, neg_risk: bool) -> None:
    client, sheet = await trading(venue), venue.market(version, neg_risk=neg_risk)
    worst = Price(venue.ask(sheet, Outcome.YES) + 5 * CENT)
    args = market_args(sheet, Outcome.YES, amount=6, side="BUY", price=float(text(worst, 4)))

    posted = await call(client.create_and_post_market_order, args, order_type=OrderType.FAK)
    venue.advance(1_200)
    traded = await call(client.get_trades, TradeParams(market=sheet.terms.market_id))
    venue.advance(SETTLED_MS)
    settled = await call(client.get_trades, TradeParams(maker_address=client.builder.funder))
    asset = "CONDITIONAL-V2" if version == "v2" else "CONDITIONAL"
    params = BalanceAllowanceParams(asset_type=asset, token_id=sheet.token(Outcome.YES))
    held = await call(client.get_balance_allowance, params)

    assert (posted["status"], posted["makingAmount"]) == ("delayed", "0")
    assert {trade["taker_order_id"] for trade in traded} == {posted["orderID"]}
    assert [trade["status"] for trade in settled] == ["TRADE_STATUS_CONFIRMED"] * len(traded)
    assert int(held["balance"]) > 0
    assert set(held["allowances"].values()) <= {"0", str(2**256 - 1)}


async def test_a_batch_answers_each_order(venue: Venue) -> None:
    client, sheet = await trading(venue), venue.market("v1", neg_risk=False)
    args = [order_args(sheet, Outcome.NO, price=0.03, size=size, side="BUY") for size in (10, 1)]
    orders = [PostOrdersV2Args(order=await call(client.create_order, each)) for each in args]

    taken, small = await call(client.post_orders, orders)
    cancelled = await call(client.cancel_orders, [taken["orderID"]])
    nothing = await call(client.cancel_all)

    assert (taken["status"], taken["errorMsg"]) == ("live", "")
    assert (small["success"], small["orderID"]) == (True, "")
    assert small["errorMsg"].endswith("Size (1) lower than the minimum: 5")
    assert cancelled["canceled"] == [taken["orderID"]]
    assert nothing == {"canceled": [], "not_canceled": {}}


async def test_orders_of_a_market_are_cancelled_together(venue: Venue) -> None:
    client, sheet = await trading(venue, signature_type=0), venue.market("v1", neg_risk=False)
    posted = await call(
        client.create_and_post_order, order_args(sheet, Outcome.YES, price=0.03, size=10, side="BUY")
    )

    params = OrderMarketCancelParams(market=sheet.terms.market_id, asset_id=sheet.token(Outcome.YES))
    cancelled = await call(client.cancel_market_orders, params)

    assert cancelled["canceled"] == [posted["orderID"]]


async def test_heartbeats_chain(venue: Venue) -> None:
    client = await trading(venue)

    first = await call(client.post_heartbeat)
    second = await call(client.post_heartbeat, first["heartbeat_id"])
    with pytest.raises(PolyApiException) as wrong:
        await call(client.post_heartbeat, first["heartbeat_id"])

    assert wrong.value.status_code == 400
    assert wrong.value.error_msg["heartbeat_id"] == second["heartbeat_id"]


async def test_a_balance_is_read_and_refreshed(venue: Venue) -> None:
    client = await trading(venue)
    params = BalanceAllowanceParams(asset_type="COLLATERAL")

    read = await call(client.get_balance_allowance, params)
    refreshed = await call(client.update_balance_allowance, params)

    assert read == refreshed
    assert read["balance"] == "10000000000"


async def test_an_order_of_the_retired_exchange_is_a_version_mismatch(venue: Venue) -> None:
    client, sheet = await trading(venue, signature_type=0), venue.market("v1", neg_risk=False)
    args = order_args(sheet, Outcome.YES, price=0.03, size=10, side="BUY")
    old = await call(
        client.builder.build_order,
        args,
        CreateOrderOptions(tick_size="0.01", neg_risk=False),
        version=1,
        fee_rate_bps=0,
    )

    with pytest.raises(PolyApiException) as refused:
        await call(client.post_order, old)

    assert (refused.value.status_code, refused.value.error_msg) == (400, {"error": "order_version_mismatch"})
