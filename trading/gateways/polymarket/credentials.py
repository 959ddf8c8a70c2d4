"""Who we are to the venue: L1 by the wallet's key, L2 by an API key's secret (polymarket.md 2)."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from trading.gateways.polymarket.eip712 import address_word, keccak, word
from trading.gateways.polymarket.signing import Signer

ATTESTS: Final = keccak(b"This message attests that I control the given wallet")
AUTH_TYPE_HASH: Final = keccak(b"ClobAuth(address address,string timestamp,uint256 nonce,string message)")
AUTH_DOMAIN: Final = (
    keccak(b"EIP712Domain(string name,string version,uint256 chainId)")
    + keccak(b"ClobAuthDomain")
    + keccak(b"1")
)
SENDABLE: Final = re.compile("[!-~]+")  # what a header may say without ending its line
NONCE: Final = 0  # another nonce would be another API key; one is enough


class Credentials(Struct, frozen=True, rename={"api_key": "apiKey"}):
    """An API key of the venue. Shown without its secrets."""

    api_key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return f"Credentials({self.api_key})"

    __str__ = __repr__

    def signature(self, message: bytes) -> str:
        """HMAC-SHA256 with the secret, as the venue spells it. Raises ``ValueError`` for a secret not in base64."""
        digest = hmac.digest(_secret_bytes(self.secret), message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class Keyless:
    """Who acts by an API key alone: the signer's address, and no key to sign with."""

    address: str
    signature_type: int


def read_credentials(body: bytes) -> Credentials | None:
    """The venue's answer to create and derive; ``None`` when it holds no usable key."""
    try:
        found = msgspec.json.decode(body, type=Credentials)
        _secret_bytes(found.secret)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    sendable = SENDABLE.fullmatch(found.api_key) and SENDABLE.fullmatch(found.passphrase)
    return found if sendable else None


def l1_headers(signer: Signer, at_s: int) -> dict[str, str]:
    """What proves at ``at_s`` (venue's seconds) that we hold the wallet's key."""
    domain = keccak(AUTH_DOMAIN + word(signer.chain_id))
    contents = keccak(
        AUTH_TYPE_HASH + address_word(signer.address) + keccak(str(at_s).encode()) + word(NONCE) + ATTESTS
    )
    return {
        "POLY_ADDRESS": signer.address,
        "POLY_SIGNATURE": "0x" + signer.sign_digest(keccak(b"\x19\x01" + domain + contents)).hex(),
        "POLY_TIMESTAMP": str(at_s),
        "POLY_NONCE": str(NONCE),
    }


def l2_headers(
    address: str, credentials: Credentials, *, at_s: int, method: str, path: str, body: bytes = b""
) -> dict[str, str]:
    """What every private request carries. ``path`` without its query; ``body`` the exact bytes that leave."""
    return {
        "POLY_ADDRESS": address,
        "POLY_SIGNATURE": credentials.signature(f"{at_s}{method}{path}".encode() + body),
        "POLY_TIMESTAMP": str(at_s),
        "POLY_API_KEY": credentials.api_key,
        "POLY_PASSPHRASE": credentials.passphrase,
    }


def _secret_bytes(secret: str) -> bytes:
    try:
        return base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("the API secret is not base64") from None
