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
    assert config.collateral_token == addresses.PUSD
    assert config.conditional_tokens == addresses.CONDITIONAL_TOKENS
    assert config.position_manager == addresses.POSITION_MANAGER
    assert config.neg_risk_adapter == addresses.NEG_RISK_ADAPTER
    assert config.collateral_adapter == addresses.COLLATERAL_ADAPTER
    assert config.neg_risk_collateral_adapter == addresses.NEG_RISK_COLLATERAL_ADAPTER
    assert config.protocol_v2_router == addresses.ROUTER
    assert config.standard_exchange == addresses.EXCHANGE
    assert config.neg_risk_exchange == addresses.NEG_RISK_EXCHANGE
    assert config.exchange_v3 == addresses.EXCHANGE_V3
    assert config.wallet_derivation.deposit_wallet_factory == addresses.DEPOSIT_WALLET_FACTORY
    assert config.wallet_derivation.deposit_wallet_beacon == addresses.DEPOSIT_WALLET_BEACON
