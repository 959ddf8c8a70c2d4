"""The venue's own SDK, unmodified but for the addresses, against the chain, the relayer and the Data API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from polymarket import AsyncSecureClient
from polymarket.auth import RelayerApiKey
from polymarket.errors import RequestRejectedError, TransactionFailedError, UserInputError

from core.units import ONE, SHARE, Price, Shares
from simulator.chain.addresses import PUSD, ROUTER
from simulator.exchange.orders import Version
from tests.simulator.chain.venues import Signing, Venue, somebody

KINDS = [(Version.V1, False), (Version.V1, True), (Version.V2, False)]


@asynccontextmanager
async def trading(venue: Venue, who: Signing, *, signature_type: int = 3) -> AsyncIterator[AsyncSecureClient]:
    """A client that may use the relayer and has given every approval."""
    venue.chain.fund(who.eoa)
    key = venue.issue_relayer_key(who.eoa).get_secret_value()
    async with await AsyncSecureClient.create(
        private_key=who.key.get_secret_value(),
        wallet=venue.chain.wallet_of(who.eoa, signature_type),
        environment=venue.environment,
        api_key=RelayerApiKey(key=key, address=who.eoa),
    ) as client:
        await client.setup_trading_approvals()
        yield client


async def test_a_builder_key_opens_the_relayer_until_it_is_revoked(venue: Venue) -> None:
    key = somebody().key.get_secret_value()
    async with await AsyncSecureClient.create(private_key=key, environment=venue.environment) as first:
        builder = await first.create_builder_api_key()
        listed = await first.fetch_builder_api_keys()
    async with await AsyncSecureClient.create(
        private_key=key, environment=venue.environment, api_key=builder
    ) as client:
        await client.setup_trading_approvals()
        await client.revoke_builder_api_key()

        with pytest.raises(RequestRejectedError, match="invalid authorization"):
            await client.approve_erc20(token_address=PUSD, spender_address=ROUTER, amount="max")

    assert [one.key for one in listed] == [builder.key]


async def test_the_sdk_finds_the_wallet_we_derive_and_need_not_deploy_it(venue: Venue) -> None:
    who = somebody()

    async with await AsyncSecureClient.create(
        private_key=who.key.get_secret_value(), environment=venue.environment
    ) as client:
        assert client.wallet == venue.chain.wallet_of(who.eoa, 3)
        assert client.wallet_type == "DEPOSIT_WALLET"

    assert not venue.transactions.relayed


async def test_approvals_are_given_once_and_told_by_chain_and_indexer(venue: Venue) -> None:
    async with trading(venue, somebody()) as client:
        assert (await client.get_trading_approvals_state()).is_fully_approved
        taken = len(venue.transactions.relayed)
        await client.setup_trading_approvals()

    assert len(venue.transactions.relayed) == taken == 1


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
async def test_split_then_merge_brings_the_cash_back(venue: Venue, version: Version, neg_risk: bool) -> None:
    sheet = venue.sheet(version, neg_risk=neg_risk)
    async with trading(venue, somebody()) as client:
        before = venue.chain.cash(client.wallet)

        split = await client.split_position(condition_id=sheet.terms.market_id, amount=20 * SHARE)
        await split.wait()
        after_split = (venue.held(client.wallet, sheet), venue.chain.cash(client.wallet))
        merge = await client.merge_positions(condition_id=sheet.terms.market_id, amount="max")
        outcome = await merge.wait()

    assert after_split == ((20 * SHARE, 20 * SHARE), before - 20 * SHARE)
    assert venue.held(client.wallet, sheet) == (0, 0)
    assert venue.chain.cash(client.wallet) == before
    assert venue.transactions.receipts[outcome.transaction_hash].ok
    venue.world.exchange.check()


async def test_several_markets_are_merged_in_one_transaction(venue: Venue) -> None:
    sheets = [venue.sheet(Version.V1), venue.sheet(Version.V2)]
    async with trading(venue, somebody()) as client:
        for sheet in sheets:
            venue.give_pairs(client.wallet, sheet, 6 * SHARE)
        positions = [{"condition_id": sheet.terms.market_id, "amount": 5 * SHARE} for sheet in sheets]

        merge = await client.merge_multiple_positions(positions=positions)  # type: ignore[arg-type]
        await merge.wait()

    assert [venue.held(client.wallet, sheet) for sheet in sheets] == [(SHARE, SHARE)] * 2


async def test_a_batch_of_which_one_call_fails_does_nothing(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with trading(venue, somebody()) as client:
        venue.give_pairs(client.wallet, sheet, 6 * SHARE)
        call = {"condition_id": sheet.terms.market_id, "amount": 4 * SHARE}
        merge = await client.merge_multiple_positions(positions=[call])  # type: ignore[list-item]
        # Gone before it is mined: the SDK had looked, the chain looks again.
        account = venue.chain.account(client.wallet)
        assert account is not None
        assert venue.world.exchange.merge(account, sheet.terms.market_id, Shares(3 * SHARE))

        with pytest.raises(TransactionFailedError, match="execution reverted"):
            await merge.wait()

    assert venue.held(client.wallet, sheet) == (3 * SHARE, 3 * SHARE)
    assert venue.chain.wallets[client.wallet].nonce == 1  # of the approvals; a revert leaves it alone


@pytest.mark.parametrize(
    ("version", "neg_risk", "payout_yes"),
    [(Version.V1, False, ONE), (Version.V1, True, Price(0)), (Version.V2, False, Price(ONE // 2))],
)
async def test_redeeming_pays_what_each_share_was_resolved_to(
    venue: Venue, version: Version, neg_risk: bool, payout_yes: Price
) -> None:
    sheet = venue.sheet(version, neg_risk=neg_risk)
    async with trading(venue, somebody()) as client:
        venue.give_pairs(client.wallet, sheet, 7 * SHARE)
        before = venue.chain.cash(client.wallet)
        venue.resolve(sheet, payout_yes)

        redeem = await client.redeem_positions(condition_id=sheet.terms.market_id)
        await redeem.wait()
        resolutions = await client.get_resolutions(condition_ids=sheet.terms.market_id)

    assert venue.held(client.wallet, sheet) == (0, 0)
    assert venue.chain.cash(client.wallet) == before + 7 * SHARE
    assert [row.status for row in resolutions] == ["resolved"]
    assert resolutions[0].payouts == (Decimal(payout_yes) / ONE, 1 - Decimal(payout_yes) / ONE)
    venue.world.exchange.check()


async def test_positions_trades_and_value_are_told_as_the_sdk_reads_them(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with trading(venue, somebody()) as client:
        split = await client.split_position(condition_id=sheet.terms.market_id, amount=3 * SHARE)
        await split.wait()

        positions = (await client.list_positions().first_page()).items
        mergeable = (await client.list_positions(status="MERGEABLE").first_page()).items
        closed = (await client.list_positions(status="CLOSED").first_page()).items
        activity = (await client.list_activity().first_page()).items
        trades = (await client.list_trades(taker_only=False).first_page()).items
        value = await client.get_portfolio_value()

    assert {(str(row.asset_id), int(row.current_size)) for row in positions} == {
        (str(sheet.terms.yes_token), 3),
        (str(sheet.terms.no_token), 3),
    }
    assert [row.mergeable for row in mergeable] == [True, True]
    assert (closed, trades) == ((), ())
    assert [(row.type, row.amount) for row in activity] == [("SPLIT", 3)]  # type: ignore[union-attr]
    assert value.value == 3  # a pair is worth one, whatever the price


async def test_an_eoa_pays_for_its_own_approvals_split_and_merge(venue: Venue) -> None:
    who, sheet = somebody(), venue.sheet(Version.V1)
    async with trading(venue, who, signature_type=0) as client:
        split = await client.split_position(condition_id=sheet.terms.market_id, amount=2 * SHARE)
        await split.wait()
        merge = await client.merge_positions(condition_id=sheet.terms.market_id, amount=SHARE)
        await merge.wait()

    wallet = venue.chain.wallets[who.eoa]
    assert venue.held(who.eoa, sheet) == (SHARE, SHARE)
    assert wallet.nonce == 19  # 17 approvals, a split, a merge
    assert wallet.pol < 100 * 10**18


async def test_the_sdk_refuses_to_merge_what_the_chain_does_not_show(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with trading(venue, somebody()) as client:
        with pytest.raises(UserInputError, match="no complementary positions"):
            await client.merge_positions(condition_id=sheet.terms.market_id, amount=SHARE)
