"""Wallet addresses follow from the signer alone, as the venue's factory makes them."""

from eth_account import Account
from polymarket._internal.environment import PRODUCTION_CONFIG
from polymarket._internal.wallet import derive_beacon_deposit_wallet_address

from simulator.chain import addresses
from simulator.chain.derivation import deposit_wallet


def test_deposit_wallets_are_where_the_sdk_finds_them() -> None:
    signers = [str(Account.from_key(bytes([number]) * 32).address) for number in range(1, 30)]

    ours = [deposit_wallet(signer) for signer in signers]

    config = PRODUCTION_CONFIG.wallet_derivation
    assert ours == [derive_beacon_deposit_wallet_address(signer, config) for signer in signers]
    assert ours == [deposit_wallet(signer.lower()) for signer in signers]


def test_the_contracts_are_productions() -> None:
    config = PRODUCTION_CONFIG
    assert addresses.PUSD == config.collateral_token
    assert addresses.CONDITIONAL_TOKENS == config.conditional_tokens
    assert addresses.POSITION_MANAGER == config.position_manager
    assert addresses.NEG_RISK_ADAPTER == config.neg_risk_adapter
    assert addresses.COLLATERAL_ADAPTER == config.collateral_adapter
    assert addresses.NEG_RISK_COLLATERAL_ADAPTER == config.neg_risk_collateral_adapter
    assert addresses.ROUTER == config.protocol_v2_router
    assert addresses.EXCHANGE == config.standard_exchange
    assert addresses.NEG_RISK_EXCHANGE == config.neg_risk_exchange
    assert addresses.EXCHANGE_V3 == config.exchange_v3
    assert addresses.DEPOSIT_WALLET_FACTORY == config.wallet_derivation.deposit_wallet_factory
    assert addresses.DEPOSIT_WALLET_BEACON == config.wallet_derivation.deposit_wallet_beacon
