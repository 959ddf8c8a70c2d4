"""Typed-data hashes and the keys behind signatures: orders, and the sign-in of a wallet (polymarket.md 2, 3.1, 3.3).

By hand rather than through a typed-data library: an order must cost the simulator well under a millisecond,
and both parts of every hash that never change, domain separators and type hashes, are kept.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from coincurve import PublicKey
from eth_utils.crypto import keccak

from simulator.chain.addresses import CHAIN_ID, EXCHANGE, EXCHANGE_V3, NEG_RISK_EXCHANGE, address

ORDER_TYPE: Final = (
    b"Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    b"uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
WALLET_TYPE: Final = (
    b"TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,"
    b"bytes32 salt)" + ORDER_TYPE
)
SIGN_IN_TYPE: Final = b"ClobAuth(address address,string timestamp,uint256 nonce,string message)"
SIGN_IN_MESSAGE: Final = b"This message attests that I control the given wallet"

ORDER_HASH: Final = keccak(ORDER_TYPE)
WALLET_HASH: Final = keccak(WALLET_TYPE)
SIGN_IN_HASH: Final = keccak(SIGN_IN_TYPE)
SIGN_IN_MESSAGE_HASH: Final = keccak(SIGN_IN_MESSAGE)
EXCHANGE_NAME: Final = b"Polymarket CTF Exchange"
SIGN_IN_DOMAIN: Final = keccak(
    keccak(b"EIP712Domain(string name,string version,uint256 chainId)")
    + keccak(b"ClobAuthDomain")
    + keccak(b"1")
    + CHAIN_ID.to_bytes(32, "big")
)
WALLET_NAME_HASH: Final = keccak(b"DepositWallet")
WALLET_VERSION_HASH: Final = keccak(b"1")
NO_SALT: Final = bytes(32)

PLAIN_BYTES: Final = 65
# ERC-7739: the inner signature, the app's domain separator, the hash of the contents, their type, its length.
TRAILER_AT: Final = PLAIN_BYTES
WRAPPED_BYTES: Final = PLAIN_BYTES + 32 + 32 + len(ORDER_TYPE) + 2
V_OF_RECOVERY: Final = (27, 28)


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order's signature covers. Amounts in base units, ``timestamp`` as signed."""

    salt: int
    maker: bytes
    signer: bytes
    token_id: int
    maker_amount: int
    taker_amount: int
    side: int
    signature_type: int
    timestamp: int
    metadata: bytes
    builder: bytes


@cache
def exchange_domain(*, version: str, neg_risk: bool) -> bytes:
    """The domain separator of the contract that settles a market: "v1" standard, "v1" neg-risk or "v2"."""
    contract = EXCHANGE_V3 if version == "v2" else NEG_RISK_EXCHANGE if neg_risk else EXCHANGE
    return keccak(
        keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        + keccak(EXCHANGE_NAME)
        + keccak(b"3" if version == "v2" else b"2")
        + CHAIN_ID.to_bytes(32, "big")
        + _word(bytes.fromhex(contract[2:]))
    )


def order_hash(terms: Terms) -> bytes:
    """The struct hash: what the order says, under whichever domain."""
    return keccak(
        ORDER_HASH
        + terms.salt.to_bytes(32, "big")
        + _word(terms.maker)
        + _word(terms.signer)
        + terms.token_id.to_bytes(32, "big")
        + terms.maker_amount.to_bytes(32, "big")
        + terms.taker_amount.to_bytes(32, "big")
        + terms.side.to_bytes(32, "big")
        + terms.signature_type.to_bytes(32, "big")
        + terms.timestamp.to_bytes(32, "big")
        + terms.metadata
        + terms.builder
    )


def digest(domain: bytes, struct_hash: bytes) -> bytes:
    """What is signed; of an order also its id (polymarket.md 3.3)."""
    return keccak(b"\x19\x01" + domain + struct_hash)


def signed_by(terms: Terms, domain: bytes, signature: bytes) -> str | None:
    """The address whose key signed the order itself, for types 0 to 2."""
    return recovered(digest(domain, order_hash(terms)), signature)


def wallet_signed_by(terms: Terms, domain: bytes, signature: bytes) -> str | None:
    """The address whose key signed the order for its deposit wallet (type 3, ERC-7739).

    ``None`` also when the signature carries another domain, other contents or another type than the order's.
    """
    contents = order_hash(terms)
    trailer = domain + contents + ORDER_TYPE + len(ORDER_TYPE).to_bytes(2, "big")
    if len(signature) != WRAPPED_BYTES or signature[TRAILER_AT:] != trailer:
        return None
    nested = keccak(
        WALLET_HASH
        + contents
        + WALLET_NAME_HASH
        + WALLET_VERSION_HASH
        + CHAIN_ID.to_bytes(32, "big")
        + _word(terms.signer)
        + NO_SALT
    )
    return recovered(digest(domain, nested), signature[:PLAIN_BYTES])


def signed_in(wallet: str, timestamp: str, nonce: int, signature: bytes) -> str | None:
    """The address whose key signed this sign-in. Raises ``ValueError`` when ``wallet`` is no address."""
    struct_hash = keccak(
        SIGN_IN_HASH
        + _word(bytes.fromhex(address(wallet)[2:]))
        + keccak(timestamp.encode())
        + nonce.to_bytes(32, "big")
        + SIGN_IN_MESSAGE_HASH
    )
    return recovered(digest(SIGN_IN_DOMAIN, struct_hash), signature)


def recovered(signed: bytes, signature: bytes) -> str | None:
    """The address of the key that made a 65-byte signature of a digest; ``None`` when it is no signature."""
    if len(signature) != PLAIN_BYTES or signature[-1] not in V_OF_RECOVERY:
        return None
    compact = signature[:-1] + bytes([signature[-1] - V_OF_RECOVERY[0]])
    try:
        key = PublicKey.from_signature_and_message(compact, signed, hasher=None)
    except ValueError:
        return None
    return address("0x" + keccak(key.format(compressed=False)[1:])[12:].hex())


def _word(twenty: bytes) -> bytes:
    return twenty.rjust(32, b"\x00")
