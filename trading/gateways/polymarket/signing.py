"""Signs orders: EIP-712 over the venue's Order struct, ERC-7739 around it for deposit wallets.

Sources: polymarket.md 2, 3.1-3.5.
Deterministic: an ``Unsigned`` gives the same bytes whenever the same key signs it (RFC 6979), so what is kept of an
order is the ``Unsigned`` and never a signature. Addresses and the type string come from the pinned official SDK;
hashing and signing are done here, because the SDK takes a millisecond and more for one order.
"""

import hashlib
from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec
from coincurve import PrivateKey
from eth_utils.address import to_checksum_address
from msgspec import Struct
from polymarket._internal.actions.orders.typed_data import _ORDER_TYPE_STRING
from polymarket._internal.environment import PRODUCTION_CONFIG
from polymarket._internal.protocol import is_v2_position_id
from pydantic import SecretStr

from core import units
from core.answers import RejectCode
from core.ids import IntentKey, OrderId, Side, TokenId
from core.intents import Place
from core.units import ONE, Ms, Price, Shares, cost, floor_to
from trading.gateways.polymarket.eip712 import address_word, domain_separator, keccak, word

POLYGON: Final = 137
SALT_BITS: Final = 53  # the body carries the salt as a JSON number
UINT256_MAX: Final = (1 << 256) - 1
# Smallest price steps an order may be made for: 0.1, 0.01, 0.005, 0.0025, 0.001, 0.0001 (polymarket.md 3.5). Price
# times size is exact in millionths on each of them, so an amount is never rounded.
TICKS: Final = frozenset({Price(1_000), Price(100), Price(50), Price(25), Price(10), Price(1)})

EOA: Final = 0
PROXY: Final = 1
SAFE: Final = 2
DEPOSIT_WALLET: Final = 3
SIGNATURE_TYPES: Final = frozenset({EOA, PROXY, SAFE, DEPOSIT_WALLET})

ORDER_TYPE: Final = _ORDER_TYPE_STRING.encode()
ORDER_TYPE_HASH: Final = keccak(ORDER_TYPE)
# The deposit wallet signs the order together with its own domain (ERC-7739, TypedDataSign).
WALLET_TYPE_HASH: Final = keccak(
    b"TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    + ORDER_TYPE
)
WALLET_NAMES: Final = keccak(b"DepositWallet") + keccak(b"1")
NOTHING: Final = bytes(32)
NOTHING_HEX: Final = "0x" + NOTHING.hex()

OrderType = Literal["GTC", "FAK", "FOK"]


class Exchange(StrEnum):
    """Which of the venue's contracts an order is for."""

    STANDARD = "standard"
    NEG_RISK = "neg_risk"
    V3 = "v3"


CONTRACTS: Final = {
    Exchange.STANDARD: ("2", PRODUCTION_CONFIG.standard_exchange),
    Exchange.NEG_RISK: ("2", PRODUCTION_CONFIG.neg_risk_exchange),
    Exchange.V3: ("3", PRODUCTION_CONFIG.exchange_v3),
}
DOMAIN_NAME: Final = "Polymarket CTF Exchange"


class Unsignable(Exception):
    """The venue would refuse this order for certain, so it is not made."""

    def __init__(self, code: RejectCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class OrderTerms(Struct, frozen=True):
    """What an order must know of its market. ``version`` is Gamma's, and decides for which contract it is signed."""

    token_id: TokenId
    tick: Price
    neg_risk: bool
    version: Literal["v1", "v2"]

    @property
    def exchange(self) -> Exchange:
        """Raises ``Unsignable`` when the id is not one of that version."""
        if is_v2_position_id(self.token_id) is not (self.version == "v2"):
            raise Unsignable(RejectCode.UNTRADABLE, f"{self.token_id} is no id of a {self.version} market")
        if self.version == "v2":
            return Exchange.V3
        return Exchange.NEG_RISK if self.neg_risk else Exchange.STANDARD


class Unsigned(Struct, frozen=True, forbid_unknown_fields=True):
    """One order as it is signed, without the signature: what the database keeps.

    Units:
        maker_amount, taker_amount: millionths given and wanted; USDC and shares for a buy, the reverse for a sale.
        timestamp: ms, part of what is signed.
    """

    exchange: Exchange
    salt: int
    maker: str
    signer: str
    token_id: TokenId
    maker_amount: int
    taker_amount: int
    side: Side
    signature_type: int
    timestamp: Ms

    def text(self) -> str:
        """JSON from which ``from_text`` makes the same order again."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> "Unsigned":
        """Raises ``ValueError`` for anything but what ``text`` wrote."""
        return msgspec.json.decode(text, type=cls)


class Hashed(NamedTuple):
    """An order's EIP-712 struct hash, its digest on the exchange, and that digest as the venue's id for it."""

    order_id: OrderId
    contents: bytes
    digest: bytes


class Signed(Struct, frozen=True):
    """The bytes of ``POST /order``, ready to leave. Carries the signature, so it is neither kept nor shown."""

    order_id: OrderId
    body: bytes
    maker_amount: int

    def __repr__(self) -> str:
        return f"Signed({self.order_id})"


def salt(key: IntentKey) -> int:
    """The first 53 bits of the key's SHA-256: one decision cannot become two orders at the venue."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7]) >> (7 * 8 - SALT_BITS)


class Signer:
    """Holds the key. Who signs what: polymarket.md 2. Raises ``ValueError`` where key, wallet and type do not fit."""

    __slots__ = (
        "_domains",
        "_identity",
        "_key",
        "_wallet_words",
        "address",
        "chain_id",
        "maker",
        "signature_type",
    )

    def __init__(
        self, private_key: SecretStr, *, wallet: str, signature_type: int, chain_id: int = POLYGON
    ) -> None:
        if signature_type not in SIGNATURE_TYPES:
            raise ValueError(f"no signature type {signature_type}")
        self._key = _private_key(private_key)
        public = self._key.public_key.format(compressed=False)
        self.address = to_checksum_address(keccak(public[1:])[-20:])
        self.maker = to_checksum_address(wallet)
        self.signature_type = signature_type
        self.chain_id = chain_id
        if (self.maker == self.address) is not (signature_type == EOA):
            raise ValueError(f"{self.maker} cannot be the wallet of {self.address} by type {signature_type}")
        signs_as = self.maker if signature_type == DEPOSIT_WALLET else self.address
        self._identity = (self.maker, signs_as, signature_type)
        self._domains = {
            exchange: domain_separator(DOMAIN_NAME, version, chain_id, contract)
            for exchange, (version, contract) in CONTRACTS.items()
        }
        self._wallet_words = WALLET_NAMES + word(chain_id) + address_word(self.maker) + NOTHING

    def __repr__(self) -> str:
        return f"Signer({self.address}, wallet {self.maker}, type {self.signature_type})"

    def draft(self, place: Place, terms: OrderTerms, now: Ms) -> Unsigned:
        """The order for an intent. Raises ``Unsignable`` for a price off the tick and for nothing to trade."""
        tick = terms.tick
        if tick not in TICKS:
            raise Unsignable(RejectCode.OFF_TICK, f"no order is known for a tick of {units.text(tick, 4)}")
        if not tick <= place.price <= ONE - tick or place.price % tick:
            detail = (
                f"Price ({units.text(place.price, 4)}) breaks minimum tick size rule: {units.text(tick, 4)}"
            )
            raise Unsignable(RejectCode.OFF_TICK, detail)
        size = floor_to(Shares(place.shares))
        if size <= 0:
            raise Unsignable(RejectCode.BELOW_MINIMUM, f"{place.shares} millionths of a share are no size")
        money = cost(place.price, size)
        gives, wants = (money, size) if place.side is Side.BUY else (size, money)
        return Unsigned(
            exchange=terms.exchange,
            salt=salt(place.key),
            maker=self.maker,
            signer=self._identity[1],
            token_id=terms.token_id,
            maker_amount=gives,
            taker_amount=wants,
            side=place.side,
            signature_type=self.signature_type,
            timestamp=now,
        )

    def order_id(self, unsigned: Unsigned) -> OrderId:
        """The id the venue will give it: the EIP-712 digest (polymarket.md 3.3)."""
        return self.hashed(unsigned).order_id

    def hashed(self, unsigned: Unsigned) -> "Hashed":
        """What the id and the signature are made of."""
        contents = contents_hash(unsigned)
        digest = keccak(b"\x19\x01" + self._domains[unsigned.exchange] + contents)
        return Hashed(OrderId("0x" + digest.hex()), contents, digest)

    def sign(
        self,
        unsigned: Unsigned,
        owner: str,
        *,
        post_only: bool,
        order_type: OrderType = "GTC",
        hashed: "Hashed | None" = None,
    ) -> Signed:
        """The body to post, for ``owner``, our API key. Raises ``ValueError`` for another wallet's order.

        hashed: what ``hashed`` gave for this very order, where it is at hand.
        """
        if unsigned.maker != self.maker or unsigned.signature_type != self.signature_type:
            raise ValueError(
                f"an order of {unsigned.maker}, type {unsigned.signature_type}, is not ours to sign"
            )
        if post_only and order_type != "GTC":
            raise ValueError(f"{order_type} cannot be post-only")
        known = hashed or self.hashed(unsigned)
        body = {
            "deferExec": False,
            "order": {
                "builder": NOTHING_HEX,
                "expiration": "0",
                "maker": unsigned.maker,
                "makerAmount": str(unsigned.maker_amount),
                "metadata": NOTHING_HEX,
                "salt": unsigned.salt,
                "side": unsigned.side.name,
                "signature": self._signature(unsigned, known),
                "signatureType": unsigned.signature_type,
                "signer": unsigned.signer,
                "takerAmount": str(unsigned.taker_amount),
                "timestamp": str(unsigned.timestamp),
                "tokenId": unsigned.token_id,
            },
            "orderType": order_type,
            "owner": owner,
        }
        if post_only:
            body["postOnly"] = True
        return Signed(
            order_id=known.order_id,
            body=msgspec.json.encode(body),
            maker_amount=unsigned.maker_amount,
        )

    def sign_digest(self, digest: bytes) -> bytes:
        """r, s and v of a digest: 65 bytes, the same for the same digest."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + 27,))

    def _signature(self, unsigned: Unsigned, hashed: "Hashed") -> str:
        if self.signature_type != DEPOSIT_WALLET:
            return "0x" + self.sign_digest(hashed.digest).hex()
        domain, contents = self._domains[unsigned.exchange], hashed.contents
        wrapped = keccak(WALLET_TYPE_HASH + contents + self._wallet_words)
        inner = self.sign_digest(keccak(b"\x19\x01" + domain + wrapped))
        return "0x" + (inner + domain + contents + ORDER_TYPE + len(ORDER_TYPE).to_bytes(2)).hex()


def contents_hash(unsigned: Unsigned) -> bytes:
    """The EIP-712 struct hash of an order."""
    return keccak(
        ORDER_TYPE_HASH
        + word(unsigned.salt)
        + address_word(unsigned.maker)
        + address_word(unsigned.signer)
        + word(int(unsigned.token_id))
        + word(unsigned.maker_amount)
        + word(unsigned.taker_amount)
        + word(0 if unsigned.side is Side.BUY else 1)
        + word(unsigned.signature_type)
        + word(unsigned.timestamp)
        + NOTHING  # metadata
        + NOTHING  # builder
    )


def _private_key(secret: SecretStr) -> PrivateKey:
    """Raises ``ValueError`` without any digit of the key in it."""
    text = secret.get_secret_value().strip().removeprefix("0x")
    if len(text) != 64:
        raise ValueError("the private key is not 64 hexadecimal digits")
    try:
        return PrivateKey(bytes.fromhex(text))
    except ValueError:
        raise ValueError("the private key is not one of secp256k1") from None
