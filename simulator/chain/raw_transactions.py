"""A signed transaction as an EOA sends it: read it, recover who signed, judge whether the pool takes it."""

from typing import Final

from eth_utils.crypto import keccak

from core.units import Ms
from simulator.chain import batches, rlp
from simulator.chain.accounts import Chain
from simulator.chain.addresses import CHAIN_ID, address
from simulator.chain.calls import RawCall
from simulator.chain.transactions import Sent

FEE_MARKET: Final = 2  # the type byte of EIP-1559
LEGACY_FIELDS: Final = 9
FEE_MARKET_FIELDS: Final = 12
REPLACEMENT_PERCENT: Final = 110  # of the gas price that one must pay to take another's place
POOL_AHEAD_MAX: Final = 16  # nonces ahead of the account's that the pool keeps


class NotTaken(Exception):
    """The node refuses the transaction, in its words. It will never be mined."""


def read(raw: bytes, now_ms: Ms) -> Sent:
    """Decode and recover the sender. Raises ``NotTaken``."""
    try:
        return _fee_market(raw, now_ms) if raw[:1] == bytes([FEE_MARKET]) else _legacy(raw, now_ms)
    except ValueError as error:
        raise NotTaken("rlp: the transaction does not decode") from error


def checked(chain: Chain, sent: Sent, waiting: Sent | None) -> Sent:
    """The same transaction, if the pool takes it in the place of the one ``waiting`` there. Raises ``NotTaken``."""
    wallet = chain.wallet(sent.sender)
    if wallet is None or wallet.pol < sent.gas * sent.gas_price + sent.call.value:
        raise NotTaken("insufficient funds for gas * price + value")
    if sent.nonce < wallet.nonce:
        raise NotTaken(f"nonce too low: next nonce {wallet.nonce}, tx nonce {sent.nonce}")
    if sent.nonce > wallet.nonce + POOL_AHEAD_MAX:
        raise NotTaken(f"nonce too high: next nonce {wallet.nonce}, tx nonce {sent.nonce}")
    if waiting is not None and waiting.tx_hash == sent.tx_hash:
        raise NotTaken("already known")
    if waiting is not None and sent.gas_price * 100 < waiting.gas_price * REPLACEMENT_PERCENT:
        raise NotTaken("replacement transaction underpriced")
    return sent


def _legacy(raw: bytes, now_ms: Ms) -> Sent:
    """EIP-155: the chain id is in ``v`` and, for signing, in the place of the signature."""
    items = rlp.items(raw)
    fields = [rlp.content(item) for item in items]
    if len(fields) != LEGACY_FIELDS:
        raise ValueError(f"{len(fields)} fields")
    nonce, gas_price, gas, to, value, data, v, r, s = fields
    recovery = _int(v) - 35 - 2 * CHAIN_ID
    if recovery not in (0, 1):
        raise NotTaken("invalid chain id for signer")
    without = [rlp.text(field) for field in (rlp.integer(CHAIN_ID), b"", b"")]
    signed = keccak(rlp.listed([*items[:6], *without]))
    return _sent(raw, signed, (r, s, recovery), (nonce, gas, gas_price, to, value, data), now_ms)


def _fee_market(raw: bytes, now_ms: Ms) -> Sent:
    """EIP-1559. What it pays at most for gas is what it pays here."""
    items = rlp.items(raw[1:])
    fields = [rlp.content(item) for item in items]
    if len(fields) != FEE_MARKET_FIELDS:
        raise ValueError(f"{len(fields)} fields")
    chain_id, nonce, _, gas_price, gas, to, value, data, _, parity, r, s = fields
    if _int(chain_id) != CHAIN_ID:
        raise NotTaken("invalid chain id for signer")
    signed = keccak(bytes([FEE_MARKET]) + rlp.listed(items[:9]))
    return _sent(raw, signed, (r, s, _int(parity)), (nonce, gas, gas_price, to, value, data), now_ms)


def _sent(
    raw: bytes,
    signed: bytes,
    signature: tuple[bytes, bytes, int],
    fields: tuple[bytes, bytes, bytes, bytes, bytes, bytes],
    now_ms: Ms,
) -> Sent:
    r, s, recovery = signature
    sender = batches.signer(signed, r.rjust(32, b"\x00") + s.rjust(32, b"\x00") + bytes([recovery]))
    if sender is None:
        raise NotTaken("invalid sender")
    nonce, gas, gas_price, to, value, data = fields
    return Sent(
        tx_hash="0x" + keccak(raw).hex(),
        sender=sender,
        nonce=_int(nonce),
        gas=_int(gas),
        gas_price=_int(gas_price),
        call=RawCall(address("0x" + to.hex()), _int(value), data),
        sent_ms=now_ms,
    )


def _int(value: bytes) -> int:
    return int.from_bytes(value, "big")
