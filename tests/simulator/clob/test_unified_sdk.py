"""polymarket-client, unmodified but for the addresses, against the simulated order book."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from eth_account import Account
from polymarket import AsyncSecureClient
from polymarket.errors import OrderHeartbeatMismatchError, RateLimitError, RequestRejectedError
from polymarket.models.clob import AssetType
from polymarket.models.clob.order_response import AcceptedOrder, RejectedOrder
from polymarket.rate_limit import RateLimitUpdate

from core.ids import Outcome
from core.units import SHARE, Ms, Price, Usdc, text
from simulator.clob.windows import WINDOWS, Mode
from simulator.world import World
from tests.simulator.clob.sdk import KIND_NAMES, KINDS, Venue, running
from tests.simulator.clob.signers import KEYS
from tests.simulator.evenings import START

CENT = 100
SETTLED_MS = 14_000
SIGNATURE_TYPES = pytest.mark.parametrize("signature_type", [0, 3], ids=["EOA", "deposit wallet"])


@pytest.fixture(scope="module")
def moving_world() -> World:
    return World(23, START)


@pytest.fixture
async def venue(moving_world: World) -> AsyncIterator[Venue]:
    async with running(moving_world) as found:
        yield found


@asynccontextmanager
async def trading(
    venue: Venue, *, signature_type: int = 3, told: list[RateLimitUpdate] | None = None
) -> AsyncIterator[AsyncSecureClient]:
    """A newcomer with 10,000 pUSD and every approval."""
    key = next(KEYS)
    eoa = Account.from_key(key).address
    wallet = venue.fund(eoa)
    async with await AsyncSecureClient.create(
        private_key=key,
        wallet=eoa if signature_type == 0 else wallet,
        environment=venue.environment,
        on_rate_limit_update=None if told is None else told.append,
    ) as client:
        yield client


def decimal(price: int) -> Decimal:
    return Decimal(text(price, 4))


@SIGNATURE_TYPES
async def test_credentials_are_made_once_and_found_again(venue: Venue, signature_type: int) -> None:
    async with trading(venue, signature_type=signature_type) as client:
        key = client.credentials.key

        assert await client.fetch_api_keys() == (key,)
        assert await client.get_closed_only_mode() is False
        await client.delete_api_key()
        with pytest.raises(RequestRejectedError, match="Unauthorized/Invalid api key") as refused:
            await client.fetch_api_keys()

    assert refused.value.status == 401


@pytest.mark.parametrize(("version", "neg_risk"), KINDS, ids=KIND_NAMES)
async def test_books_and_prices_are_read(venue: Venue, version: str, neg_risk: bool) -> None:
    sheet = venue.market(version, neg_risk=neg_risk)
    tokens = [sheet.token(outcome) for outcome in Outcome]
    async with trading(venue) as client:
        book = await client.get_order_book(asset_id=tokens[0])
        both = await client.get_order_books(asset_ids=tokens)
        bid = await client.get_price(asset_id=tokens[0], side="BUY")
        ask = await client.get_price(asset_id=tokens[0], side="SELL")

        assert both[0] == book
        assert str(book.condition_id) == sheet.terms.market_id
        assert book.neg_risk is neg_risk
        assert (book.bids[-1].price, book.asks[-1].price) == (bid, ask)
        assert await client.get_midpoint(asset_id=tokens[0]) == (bid + ask) / 2
        assert await client.get_spread(asset_id=tokens[0]) == ask - bid


@pytest.mark.parametrize(("version", "neg_risk"), KINDS, ids=KIND_NAMES)
@SIGNATURE_TYPES
async def test_an_order_is_made_posted_read_and_cancelled(
    venue: Venue, version: str, neg_risk: bool, signature_type: int
) -> None:
    sheet = venue.market(version, neg_risk=neg_risk)
    async with trading(venue, signature_type=signature_type) as client:
        signed = await client.create_limit_order(
            asset_id=sheet.token(Outcome.NO), price="0.05", size="20.5", side="BUY", post_only=True
        )
        posted = await client.post_order(signed)
        assert isinstance(posted, AcceptedOrder)
        [listed] = [
            order async for order in client.list_open_orders(market=sheet.terms.market_id).iter_items()
        ]
        read = await client.get_order(order_id=posted.order_id)
        cancelled = await client.cancel_order(order_id=posted.order_id)
        again = await client.cancel_order(order_id=posted.order_id)

    assert posted.status == "live"
    assert listed == read
    assert str(read.asset_id) == sheet.token(Outcome.NO)
    assert (read.price, read.original_size) == (Decimal("0.05"), Decimal("20.5"))
    assert read.maker_address == client.wallet
    assert cancelled.canceled == (posted.order_id,)
    assert again.not_canceled == {posted.order_id: "Order not found or already canceled"}


@pytest.mark.parametrize(("version", "neg_risk"), KINDS, ids=KIND_NAMES)
async def test_a_market_order_is_delayed_then_traded_then_settled(
    venue: Venue, version: str, neg_risk: bool
) -> None:
    sheet = venue.market(version, neg_risk=neg_risk)
    worst = Price(venue.ask(sheet, Outcome.YES) + 5 * CENT)
    asset: AssetType = "CONDITIONAL-V2" if version == "v2" else "CONDITIONAL"
    async with trading(venue) as client:
        before = (await client.get_balance_allowance(asset_type="COLLATERAL")).balance
        posted = await client.post_order(
            await client.create_market_order(
                asset_id=sheet.token(Outcome.YES), side="BUY", amount="6", max_price=decimal(worst)
            )
        )
        venue.advance(1_200)
        traded = [trade async for trade in client.list_account_trades().iter_items()]
        venue.advance(SETTLED_MS)
        settled = [trade async for trade in client.list_account_trades().iter_items()]
        after = (await client.get_balance_allowance(asset_type="COLLATERAL")).balance
        held = (
            await client.get_balance_allowance(asset_type=asset, asset_id=sheet.token(Outcome.YES))
        ).balance

    assert isinstance(posted, AcceptedOrder)
    assert posted.status == "delayed"
    assert not posted.making_amount
    assert not posted.trade_ids
    assert {trade.taker_order_id for trade in traded} == {posted.order_id}
    assert {trade.trader_side for trade in traded} == {"TAKER"}
    assert {trade.status for trade in settled} == {"CONFIRMED"}
    assert all(trade.transaction_hash for trade in settled)
    bought = sum(trade.size for trade in settled)
    assert held == bought * SHARE
    fee = sum(_fee(trade.price, trade.size) for trade in settled)
    spent, stated = before - after - fee, sum(trade.size * trade.price * SHARE for trade in settled)
    legs = sum(len(trade.maker_orders) for trade in settled)
    assert stated <= spent < stated + legs, "each leg is rounded up to a millionth"


async def test_a_resting_order_is_filled_as_a_maker(venue: Venue) -> None:
    sheet = venue.market("v1", neg_risk=False)
    venue.world.exchange.wipe(sheet.terms.market_id)
    async with trading(venue) as ann, trading(venue, signature_type=0) as bob:
        rested = await ann.post_order(
            await ann.create_limit_order(
                asset_id=sheet.token(Outcome.NO), price="0.52", size=8, side="BUY", post_only=True
            )
        )
        took = await bob.post_order(
            await bob.create_limit_order(asset_id=sheet.token(Outcome.YES), price="0.5", size=8, side="BUY")
        )
        venue.let_match(1_000)
        assert isinstance(rested, AcceptedOrder)
        assert isinstance(took, AcceptedOrder)
        [as_maker] = [trade async for trade in ann.list_account_trades().iter_items()]
        [as_taker] = [trade async for trade in bob.list_account_trades().iter_items()]
        filled = [await ann.get_order(order_id=rested.order_id), await bob.get_order(order_id=took.order_id)]

    assert (as_maker.trader_side, as_taker.trader_side) == ("MAKER", "TAKER")
    assert as_maker.id == as_taker.id
    assert (as_taker.price, as_taker.size) == (Decimal("0.48"), Decimal(8))
    [leg] = as_maker.maker_orders
    assert (leg.order_id, str(leg.asset_id)) == (str(rested.order_id), sheet.token(Outcome.NO))
    assert (leg.price, leg.matched_amount) == (Decimal("0.52"), Decimal(8))
    assert leg.maker_address == str(ann.wallet)
    assert [(order.status, order.size_matched) for order in filled] == [("MATCHED", Decimal(8))] * 2


async def test_a_batch_answers_each_order(venue: Venue) -> None:
    sheet = venue.market("v1", neg_risk=False)
    async with trading(venue) as client:
        orders = [
            await client.create_limit_order(
                asset_id=sheet.token(Outcome.NO), price="0.03", size=size, side="BUY"
            )
            for size in (10, 1, 12)
        ]
        first, small, third = await client.post_orders(orders)
        cancelled = await client.cancel_all()

    assert isinstance(first, AcceptedOrder)
    assert isinstance(small, RejectedOrder)
    assert isinstance(third, AcceptedOrder)
    assert small.message.endswith("Size (1) lower than the minimum: 5")
    assert set(cancelled.canceled) == {first.order_id, third.order_id}


async def test_orders_of_a_market_are_cancelled_together(venue: Venue) -> None:
    sheet = venue.market("v1", neg_risk=True)
    async with trading(venue) as client:
        posted = await client.post_order(
            await client.create_limit_order(
                asset_id=sheet.token(Outcome.YES), price="0.03", size=10, side="BUY"
            )
        )
        cancelled = await client.cancel_market_orders(
            market=sheet.terms.market_id, asset_id=sheet.token(Outcome.YES)
        )

    assert isinstance(posted, AcceptedOrder)
    assert cancelled.canceled == (posted.order_id,)


async def test_heartbeats_chain_and_a_wrong_one_names_the_expected(venue: Venue) -> None:
    async with trading(venue) as client:
        first = await client.send_order_heartbeat()
        second = await client.send_order_heartbeat(heartbeat_id=first.heartbeat_id)
        with pytest.raises(OrderHeartbeatMismatchError) as mismatch:
            await client.send_order_heartbeat(heartbeat_id=first.heartbeat_id)

    assert mismatch.value.heartbeat_id == second.heartbeat_id


async def test_refusals_arrive_as_the_sdk_names_them(venue: Venue) -> None:
    sheet = venue.market("v1", neg_risk=False)
    async with trading(venue) as client:
        token = sheet.token(Outcome.YES)
        plain = await client.create_limit_order(asset_id=token, price="0.03", size=10, side="BUY")
        windows, now_ms = venue.app[WINDOWS], venue.world.now_ms
        seen = {}
        for mode in (Mode.RESTARTING, Mode.POST_ONLY, Mode.CANCEL_ONLY):
            windows.hold(mode, Ms(now_ms + 79_000))
            with pytest.raises(RequestRejectedError) as refused:
                await client.post_order(plain)
            seen[mode] = (refused.value.restriction, refused.value.retry_after)
        windows.hold(Mode.POST_ONLY, Ms(now_ms + 79_000))
        [batched] = await client.post_orders([plain])
        windows.reopen()
        taken = await client.post_order(plain)
        with pytest.raises(RequestRejectedError, match=r"is invalid\. Duplicated\."):
            await client.post_order(plain)

    assert seen == {
        Mode.RESTARTING: ("restarting", 1),
        Mode.POST_ONLY: ("post_only", 79),
        Mode.CANCEL_ONLY: ("cancel_only", None),
    }
    assert isinstance(batched, RejectedOrder)
    assert batched.code == "post_only_mode"
    assert isinstance(taken, AcceptedOrder)


async def test_the_sdk_hears_of_its_rate_limit(venue: Venue) -> None:
    sheet, told = venue.market("v1", neg_risk=False), list[RateLimitUpdate]()
    async with trading(venue, told=told) as client:
        small = await client.create_limit_order(
            asset_id=sheet.token(Outcome.YES), price="0.03", size=1, side="BUY"
        )
        for _ in range(4):
            await client.post_orders([small] * 15)
        with pytest.raises(RateLimitError) as limited:
            await client.post_orders([small] * 15)

    assert [update.remaining for update in told] == [45, 30, 15, 0, 0]
    assert {update.tier for update in told} == {"standard"}
    assert limited.value.retry_after == 1


def _fee(price: Decimal, size: Decimal) -> Usdc:
    """polymarket.md 4: C r p (1 - p), half up to five decimals; in millionths."""
    raw = size * Decimal("0.05") * price * (1 - price)
    return Usdc(int((raw * 100_000 + Decimal("0.5")) // 1) * 10)
