"""Where the deposit wallet of a signer lives: CREATE2 of the venue's factory, a beacon proxy with arguments.

The address follows from the signer alone (EIP-1014): ``keccak(0xff, factory, salt, keccak(init code))``.
The init code is the ERC-1967 beacon proxy with immutable arguments that the factory deploys.
"""

from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from simulator.chain.addresses import DEPOSIT_WALLET_BEACON, DEPOSIT_WALLET_FACTORY, address

# PUSH2 <runtime size>, RETURNDATASIZE, DUP2, PUSH1 0x23 ..., PUSH20: the size is of the code and its arguments.
RUNTIME_BYTES: Final = 0x52
CREATION: Final = bytes.fromhex("3d8160233d3973")
RUNTIME: Final = bytes.fromhex(
    "60195155f3363d3d373d3d363d602036600436635c60da"
    "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
    "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"
)


def deposit_wallet(signer: str) -> str:
    """The deposit wallet of an EOA, checksummed."""
    wallet_id = bytes.fromhex(address(signer)[2:]).rjust(32, b"\x00")
    arguments = encode(["address", "bytes32"], [DEPOSIT_WALLET_FACTORY, wallet_id])
    size = (RUNTIME_BYTES + len(arguments)).to_bytes(2, "big")
    beacon = bytes.fromhex(DEPOSIT_WALLET_BEACON[2:])
    init_code = b"\x61" + size + CREATION + beacon + RUNTIME + arguments
    factory = bytes.fromhex(DEPOSIT_WALLET_FACTORY[2:])
    return address("0x" + keccak(b"\xff" + factory + keccak(arguments) + keccak(init_code))[12:].hex())
