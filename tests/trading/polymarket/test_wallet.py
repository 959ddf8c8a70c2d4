"""The wallet against the simulated chain and relayer over loopback: every kind of market, both kinds of wallet."""

import pytest

from core.units import ONE, SHARE, Price
from simulator.exchange.orders import Version
from tests.simulator.chain.venues import Venue, somebody
from tests.trading.polymarket.wallets import KINDS, TEN, a_wallet, merge, noted_nonce, settled
from trading.gateways.polymarket.wallet.answers import (
    Confirmed,
    Failed,
    Pending,
    Refused,
    Submitted,
    Unanswered,
)
from trading.gateways.polymarket.wallet.sdk import config_for
from trading.gateways.polymarket.wallet.wallet import Wallet, WalletUnusable


async def test_cash_and_shares_are_the_chains(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)

        assert await wallet.cash() == venue.chain.cash(wallet.address) == 9_990_000_000
        assert await wallet.shares(sheet.terms.yes_token) == TEN
        assert await wallet.shares(venue.sheet(Version.V2).terms.no_token) == 0


async def test_only_what_trading_needs_is_approved(venue: Venue) -> None:
    owner = somebody()
    address = venue.chain.wallet_of(owner.eoa, 3)
    wallet = await Wallet.open(private_key=owner.key, wallet=address, signature_type=3, urls=venue)

    missing = await wallet.missing_approvals()
    await settled(wallet, await wallet.approve())

    assert isinstance(missing, tuple)
    assert len(missing) == 12
    assert await wallet.missing_approvals() == ()
    assert await wallet.approve() is None
    config = config_for(venue)
    assert not venue.chain.allowed(address, config.perps_deposit_contract)
    assert not venue.chain.approved_for_all(address, config.auto_redeem_operator)
    await wallet.close()


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
async def test_pairs_of_every_kind_of_market_become_cash(
    venue: Venue, version: Version, neg_risk: bool
) -> None:
    sheet = venue.sheet(version, neg_risk=neg_risk)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        before = venue.chain.cash(wallet.address)

        outcome = await settled(wallet, await merge(wallet, sheet))

    assert isinstance(outcome, Confirmed)
    assert venue.transactions.receipts[outcome.tx_hash].ok
    assert venue.held(wallet.address, sheet) == (0, 0)
    assert venue.chain.cash(wallet.address) == before + TEN


@pytest.mark.parametrize(
    ("version", "payout_yes"), [(Version.V1, ONE), (Version.V2, Price(0)), (Version.V2, Price(ONE // 2))]
)
async def test_a_resolved_market_is_redeemed_whole(venue: Venue, version: Version, payout_yes: Price) -> None:
    sheet = venue.sheet(version)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        before = venue.chain.cash(wallet.address)
        venue.resolve(sheet, payout_yes)

        answer = await wallet.redeem(sheet.terms.market_id, neg_risk=False, version=version)
        outcome = await settled(wallet, answer)

    assert isinstance(outcome, Confirmed)
    assert venue.chain.cash(wallet.address) == before + TEN
    assert venue.held(wallet.address, sheet) == (0, 0)


async def test_a_merge_of_what_is_not_there_fails_and_uses_no_nonce(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, SHARE)
        nonce = await noted_nonce(wallet)

        outcome = await settled(wallet, await merge(wallet, sheet, nonce=nonce))

        assert isinstance(outcome, Failed)
        assert "reverted" in outcome.reason
        assert await wallet.nonce() == nonce
        assert await wallet.landed_since(nonce, sheet.terms.market_id, TEN) is None


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
async def test_an_eoa_merges_by_itself(venue: Venue, version: Version, neg_risk: bool) -> None:
    owner, sheet = somebody(), venue.sheet(version, neg_risk=neg_risk)
    venue.chain.fund(owner.eoa)
    async with a_wallet(venue, owner, signature_type=0) as wallet:
        venue.give_pairs(owner.eoa, sheet, TEN)
        nonce = await noted_nonce(wallet)

        absent = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        answer = await merge(wallet, sheet, nonce=nonce)
        outcome = await settled(wallet, answer)
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        again = await merge(wallet, sheet, nonce=nonce)

    assert absent is None
    assert isinstance(outcome, Confirmed)
    assert found == outcome.tx_hash
    assert isinstance(again, Refused | Unanswered)
    assert venue.held(owner.eoa, sheet) == (0, 0)


async def test_an_eoa_redeems_one_transaction_after_the_other(venue: Venue) -> None:
    owner, sheet = somebody(), venue.sheet(Version.V2)
    venue.chain.fund(owner.eoa)
    async with a_wallet(venue, owner, signature_type=0) as wallet:
        venue.give_pairs(owner.eoa, sheet, TEN)
        before = venue.chain.cash(owner.eoa)
        venue.resolve(sheet, Price(ONE // 2))

        answer = await wallet.redeem(sheet.terms.market_id, neg_risk=False, version=Version.V2)
        outcome = await settled(wallet, answer)

    assert isinstance(outcome, Confirmed)
    assert venue.held(owner.eoa, sheet) == (0, 0)
    assert venue.chain.cash(owner.eoa) == before + TEN


async def test_a_wallet_of_another_key_is_not_opened(venue: Venue) -> None:
    owner, stranger = somebody(), somebody()

    with pytest.raises(WalletUnusable, match="is not the deposit wallet of"):
        await Wallet.open(
            private_key=owner.key,
            wallet=venue.chain.wallet_of(stranger.eoa, 3),
            signature_type=3,
            urls=venue,
        )
    with pytest.raises(WalletUnusable, match="signature type 2"):
        await Wallet.open(private_key=owner.key, wallet=owner.eoa, signature_type=2, urls=venue)


async def test_a_wallet_that_is_not_deployed_is_not_deployed_by_surprise(venue: Venue) -> None:
    owner = somebody()
    venue.chain.fund(owner.eoa)
    address = venue.chain.wallet_of(owner.eoa, 3)
    venue.chain.wallets[address].deployed = False

    with pytest.raises(WalletUnusable, match="not deployed"):
        await Wallet.open(private_key=owner.key, wallet=address, signature_type=3, urls=venue)

    assert not venue.transactions.relayed


async def test_the_relayers_own_key_opens_it_as_well(venue: Venue) -> None:
    owner, sheet = somebody(), venue.sheet(Version.V1)
    venue.chain.fund(owner.eoa)
    shown = venue.issue_relayer_key(owner.eoa)
    wallet = await Wallet.open(
        private_key=owner.key,
        wallet=venue.chain.wallet_of(owner.eoa, 3),
        signature_type=3,
        urls=venue,
        relayer_key=shown,
    )

    assert isinstance(await settled(wallet, await wallet.approve()), Confirmed)
    venue.give_pairs(wallet.address, sheet, TEN)
    assert isinstance(await settled(wallet, await merge(wallet, sheet)), Confirmed)
    await wallet.close()


async def test_closing_leaves_no_key_behind(venue: Venue) -> None:
    owner = somebody()
    async with a_wallet(venue, owner):
        during = venue.builder_keys(owner.eoa)

    assert (during, venue.builder_keys(owner.eoa)) == (1, 0)


async def test_the_hash_is_known_before_the_end(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        taken = await merge(wallet, sheet)
        assert isinstance(taken, Submitted)

        seen = [await wallet.outcome(taken.transaction_id) for _ in range(12)]

    assert isinstance(seen[0], Pending)
    assert seen[0].tx_hash is not None
    assert {one.tx_hash for one in seen if isinstance(one, Pending | Confirmed)} == {seen[0].tx_hash}
    assert isinstance(seen[-1], Confirmed)
