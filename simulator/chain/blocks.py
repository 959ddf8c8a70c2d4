"""Blocks and receipts: what proves that a transaction happened, and when.

A block every two seconds of the world's time, as on Polygon. Numbers and hashes follow from the time alone,
so they are the same in every run of the same evening.
"""

from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from core.units import Ms

BLOCK_MS: Final = 2_000
BYTES_OF_ZERO: Final = "0x" + "00" * 256


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that was mined. ``ok`` is false when it reverted: it did nothing but cost gas."""

    tx_hash: str
    sender: str
    target: str
    mined_ms: Ms
    gas_used: int
    gas_price: int
    ok: bool


def block_number(now_ms: Ms) -> int:
    return now_ms // BLOCK_MS


def block_hash(number: int) -> str:
    return "0x" + keccak(b"block" + number.to_bytes(32, "big")).hex()


def block_json(number: int) -> dict[str, object]:
    """A block's header as JSON-RPC tells it. Its transactions are not listed: nobody here reads them."""
    return {
        "number": hex(number),
        "hash": block_hash(number),
        "parentHash": block_hash(number - 1),
        "timestamp": hex(number * BLOCK_MS // 1_000),
        "transactions": [],
        "gasLimit": hex(30_000_000),
        "gasUsed": "0x0",
        "baseFeePerGas": hex(25 * 10**9),
    }


def receipt_json(receipt: Receipt) -> dict[str, object]:
    number = block_number(receipt.mined_ms)
    return {
        "transactionHash": receipt.tx_hash,
        "transactionIndex": "0x0",
        "blockNumber": hex(number),
        "blockHash": block_hash(number),
        "from": receipt.sender,
        "to": receipt.target,
        "contractAddress": None,
        "cumulativeGasUsed": hex(receipt.gas_used),
        "gasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(receipt.gas_price),
        "logs": [],
        "logsBloom": BYTES_OF_ZERO,
        "status": "0x1" if receipt.ok else "0x0",
        "type": "0x0",
    }
