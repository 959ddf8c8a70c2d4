"""Contracts of the chain that a wallet meets, as they are on Polygon (polymarket.md 3.1 and 9).

Addresses are checksummed; ``address`` makes them so. The simulator knows them by itself: whoever trades
against it with other addresses is refused, as on the real chain.
"""

from enum import StrEnum
from typing import Final

from eth_utils.address import to_checksum_address

CHAIN_ID: Final = 137

PUSD: Final = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB"
CONDITIONAL_TOKENS: Final = "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045"
POSITION_MANAGER: Final = "0x006F54F7f9A22e0000CC2AB60031000000ae9fEF"
NEG_RISK_ADAPTER: Final = "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"  # old; still answers for balances

EXCHANGE: Final = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE: Final = "0xe2222d279d744050d28e00520010520000310F59"
EXCHANGE_V3: Final = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"

COLLATERAL_ADAPTER: Final = "0xAdA100Db00Ca00073811820692005400218FcE1f"
NEG_RISK_COLLATERAL_ADAPTER: Final = "0xadA2005600Dec949baf300f4C6120000bDB6eAab"
ROUTER: Final = "0x12121212006e4CD160D18e3f00711DA5c3372600"
BINARY_MODULE: Final = "0x1000008dD9001B968442c1000017eaE6E0dA00Ba"
NEG_RISK_MODULE: Final = "0x200000900045e3B6259600682756002200028933"
AUTO_REDEEMER: Final = "0xa1200000d0002264C9a1698e001292D00E1b00af"
PERPS_DEPOSIT: Final = "0xDCa4af75705dbB50f62437045afF9921947917d2"

DEPOSIT_WALLET_FACTORY: Final = "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07"
DEPOSIT_WALLET_BEACON: Final = "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"

V2_OPERATORS: Final = frozenset({EXCHANGE_V3, ROUTER})  # they move positions of the PositionManager


class Kind(StrEnum):
    """What a wallet is; the venue calls the same thing its signature type, 0 and 3."""

    EOA = "eoa"
    DEPOSIT = "deposit"


def address(text: str) -> str:
    """The checksummed form. Raises ``ValueError`` for anything that is not an address."""
    return str(to_checksum_address(text))


def is_contract(text: str) -> bool:
    """Whether one of the venue's contracts lives there."""
    return text in CONTRACTS


CONTRACTS: Final = frozenset(
    {
        PUSD,
        CONDITIONAL_TOKENS,
        POSITION_MANAGER,
        NEG_RISK_ADAPTER,
        EXCHANGE,
        NEG_RISK_EXCHANGE,
        EXCHANGE_V3,
        COLLATERAL_ADAPTER,
        NEG_RISK_COLLATERAL_ADAPTER,
        ROUTER,
        BINARY_MODULE,
        NEG_RISK_MODULE,
        AUTO_REDEEMER,
        PERPS_DEPOSIT,
        DEPOSIT_WALLET_FACTORY,
        DEPOSIT_WALLET_BEACON,
    }
)
