"""What clients send: orders and cancels, as the venue's OpenAPI describes them."""

from typing import Final, Literal

import msgspec

from simulator.clob.refusals import BAD_PAYLOAD, VERSION_MISMATCH, Refused

BATCH_MAX: Final = 15
CANCELS_MAX: Final = 1_000


class SignedOrder(msgspec.Struct, frozen=True):
    """The order itself. Amounts and times are decimal text, ``salt`` is a number. Does not show its signature."""

    salt: int
    maker: str
    signer: str
    tokenId: str  # noqa: N815 - the wire's names
    makerAmount: str  # noqa: N815
    takerAmount: str  # noqa: N815
    side: Literal["BUY", "SELL"]
    expiration: str
    signatureType: int  # noqa: N815
    timestamp: str
    builder: str
    signature: str
    metadata: str = ""

    def __repr__(self) -> str:
        return f"SignedOrder(salt={self.salt})"


class SendOrder(msgspec.Struct, frozen=True):
    order: SignedOrder
    owner: str
    orderType: Literal["GTC", "GTD", "FOK", "FAK"] = "GTC"  # noqa: N815
    deferExec: bool = False  # noqa: N815
    postOnly: bool = False  # noqa: N815


class Cancel(msgspec.Struct, frozen=True):
    orderID: str  # noqa: N815


class CancelMarket(msgspec.Struct, frozen=True):
    market: str = ""
    asset_id: str = ""


class Beat(msgspec.Struct, frozen=True):
    heartbeat_id: str | None = None


class OldOrder(msgspec.Struct, frozen=True):
    """An order of the retired exchange: it has a nonce and no timestamp."""

    nonce: str
    feeRateBps: str  # noqa: N815


class OldSendOrder(msgspec.Struct, frozen=True):
    order: OldOrder


_order = msgspec.json.Decoder(SendOrder)
_orders = msgspec.json.Decoder(list[SendOrder])
_old_order = msgspec.json.Decoder(OldSendOrder)
_old_orders = msgspec.json.Decoder(list[OldSendOrder])
_cancel = msgspec.json.Decoder(Cancel)
_cancels = msgspec.json.Decoder(list[str])
_cancel_market = msgspec.json.Decoder(CancelMarket)
_beat = msgspec.json.Decoder(Beat)


def order(body: bytes) -> SendOrder:
    """Raises ``Refused``, as all here."""
    try:
        return _order.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, VERSION_MISMATCH if _is(_old_order, body) else BAD_PAYLOAD) from None


def orders(body: bytes) -> list[SendOrder]:
    try:
        found = _orders.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, VERSION_MISMATCH if _is(_old_orders, body) else BAD_PAYLOAD) from None
    if not found:
        raise Refused(400, BAD_PAYLOAD)
    if len(found) > BATCH_MAX:
        raise Refused(400, f"Too many orders in payload: {len(found)}, max allowed: {BATCH_MAX}")
    return found


def cancel(body: bytes) -> str:
    try:
        return order_id(_cancel.decode(body).orderID)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, BAD_PAYLOAD) from None


def cancels(body: bytes) -> list[str]:
    """Each id once, in the order of the request."""
    try:
        found = _cancels.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, BAD_PAYLOAD) from None
    if not found:
        raise Refused(400, BAD_PAYLOAD)
    if len(found) > CANCELS_MAX:
        raise Refused(400, f"Too many orders in payload, max allowed: {CANCELS_MAX}")
    return [order_id(text) for text in dict.fromkeys(found)]


def cancel_market(body: bytes) -> CancelMarket:
    try:
        found = _cancel_market.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, BAD_PAYLOAD) from None
    if not found.market and not found.asset_id:
        raise Refused(400, BAD_PAYLOAD)
    return found


def beat(body: bytes) -> str:
    """The heartbeat id that was sent, empty for a first beat."""
    try:
        return _beat.decode(body).heartbeat_id or ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, "Invalid payload") from None


def order_id(text: str) -> str:
    """Raises ``Refused`` unless it is 32 bytes in hex."""
    try:
        whole = len(bytes.fromhex(text.removeprefix("0x"))) == 32 and text.startswith("0x")
    except ValueError:
        whole = False
    if not whole:
        raise Refused(400, "Invalid orderID")
    return text.lower()


def _is(
    old: msgspec.json.Decoder[OldSendOrder] | msgspec.json.Decoder[list[OldSendOrder]], body: bytes
) -> bool:
    try:
        old.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
