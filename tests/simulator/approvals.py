"""The approvals that trading at the simulated venue needs, given without the chain's ways."""

from typing import Final

from simulator.chain import addresses
from simulator.chain.accounts import UNLIMITED, Wallet

SPENDERS: Final = (addresses.EXCHANGE, addresses.NEG_RISK_EXCHANGE, addresses.EXCHANGE_V3)
OPERATORS: Final = (
    (addresses.CONDITIONAL_TOKENS, addresses.EXCHANGE),
    (addresses.CONDITIONAL_TOKENS, addresses.NEG_RISK_EXCHANGE),
    (addresses.POSITION_MANAGER, addresses.EXCHANGE_V3),
)


def approve(wallet: Wallet) -> None:
    """Let the exchanges move everything of a wallet, as of one that traded before."""
    wallet.allowances.update({(addresses.PUSD, spender): UNLIMITED for spender in SPENDERS})
    wallet.operators.update(OPERATORS)
