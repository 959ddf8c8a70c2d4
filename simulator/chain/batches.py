"""The signed batch of a deposit wallet: who signed it, over exactly which calls (polymarket.md 2).

The digest is computed here from the EIP-712 rules, not by the library that clients sign with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coincurve import PublicKey
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from simulator.chain.addresses import CHAIN_ID, address
from simulator.chain.calls import RawCall

SIGNATURE_BYTES: Final = 65

CALL_TYPE: Final = "Call(address target,uint256 value,bytes data)"
BATCH_TYPE: Final = "Batch(address wallet,uint256 nonce,uint256 deadline,Call[] calls)" + CALL_TYPE
DOMAIN_TYPE: Final = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a deposit wallet is asked to do. ``deadline`` is in unix seconds."""

    wallet: str
    nonce: int
    deadline: int
    calls: tuple[RawCall, ...]


def digest(batch: Batch) -> bytes:
    """What the owner signs."""
    domain = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [
                keccak(text=DOMAIN_TYPE),
                keccak(text="DepositWallet"),
                keccak(text="1"),
                CHAIN_ID,
                batch.wallet,
            ],
        )
    )
    struct = keccak(
        encode(
            ["bytes32", "address", "uint256", "uint256", "bytes32"],
            [keccak(text=BATCH_TYPE), batch.wallet, batch.nonce, batch.deadline, _calls_hash(batch.calls)],
        )
    )
    return keccak(b"\x19\x01" + domain + struct)


def signer(signed: bytes, signature: bytes) -> str | None:
    """The address whose key made this signature of a 32-byte digest; ``None`` when it is none at all."""
    if len(signature) != SIGNATURE_BYTES or signature[64] not in (0, 1, 27, 28):
        return None
    recoverable = signature[:64] + bytes([signature[64] % 27])
    try:
        key = PublicKey.from_signature_and_message(recoverable, signed, hasher=None)
    except ValueError:  # coincurve: not a point of the curve
        return None
    return address("0x" + keccak(key.format(compressed=False)[1:])[12:].hex())


def _calls_hash(calls: Sequence[RawCall]) -> bytes:
    hashes = [
        keccak(
            encode(
                ["bytes32", "address", "uint256", "bytes32"],
                [keccak(text=CALL_TYPE), call.target, call.value, keccak(call.data)],
            )
        )
        for call in calls
    ]
    return keccak(b"".join(hashes))
