"""The few pieces of EIP-712 that everything we sign is made of."""

import sys
from typing import Final

DOMAIN_TYPE: Final = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
PADDING: Final = bytes(12)


if sys.platform == "linux":
    from sha3 import keccak_256

    def keccak(message: bytes) -> bytes:
        hashed: bytes = keccak_256(message).digest()
        return hashed

else:  # ``safe-pysha3`` has no wheel there: the same hash in three times the time
    from eth_utils.crypto import keccak


def word(number: int) -> bytes:
    """A number as 32 bytes. Raises ``OverflowError`` beyond uint256 and below zero."""
    return number.to_bytes(32)


def address_word(address: str) -> bytes:
    """A 0x address as 32 bytes. Raises ``ValueError``."""
    raw = bytes.fromhex(address[2:])
    if len(raw) != 20:
        raise ValueError(f"not an address: {address}")
    return PADDING + raw


def domain_separator(name: str, version: str, chain_id: int, contract: str) -> bytes:
    """What binds a signature to one contract on one chain."""
    return keccak(
        keccak(DOMAIN_TYPE)
        + keccak(name.encode())
        + keccak(version.encode())
        + word(chain_id)
        + address_word(contract)
    )
