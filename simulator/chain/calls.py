"""What a contract call asks for: calldata to one of a few actions.

Only calls that a trading wallet makes are known; everything else reverts, as a call to a contract that has no
such function does. Sources: polymarket.md 9, and the public ABIs of ERC-20, ERC-1155, ConditionalTokens.
"""

from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from core.ids import MarketId, Outcome
from core.units import Shares
from simulator.chain import addresses
from simulator.chain.addresses import address

ROOT_COLLECTION: Final = bytes(32)
WHOLE_PARTITION: Final = (1, 2)  # index sets of the two outcomes of a binary condition


class Reverted(Exception):
    """The call fails on the chain and takes the whole transaction with it. The text is its reason."""


@dataclass(frozen=True, slots=True)
class RawCall:
    """One call as signed. ``value`` is wei."""

    target: str
    value: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Approve:
    token: str
    spender: str
    amount: int


@dataclass(frozen=True, slots=True)
class SetOperator:
    token: str
    operator: str
    approved: bool


@dataclass(frozen=True, slots=True)
class Split:
    """pUSD into as many YES and NO. ``via`` is the contract asked, which must be allowed to take the pUSD."""

    market_id: MarketId
    shares: Shares
    via: str


@dataclass(frozen=True, slots=True)
class Merge:
    """YES and NO into pUSD. ``via`` must be allowed to move the positions."""

    market_id: MarketId
    shares: Shares
    via: str


@dataclass(frozen=True, slots=True)
class Redeem:
    """Positions of a resolved market into pUSD: all of them, or ``amount`` of one outcome (Router)."""

    market_id: MarketId
    via: str
    part: tuple[Outcome, Shares] | None


Action = Approve | SetOperator | Split | Merge | Redeem


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


APPROVE: Final = selector("approve(address,uint256)")
SET_APPROVAL_FOR_ALL: Final = selector("setApprovalForAll(address,bool)")
SPLIT_POSITION: Final = selector("splitPosition(address,bytes32,bytes32,uint256[],uint256)")
MERGE_POSITIONS: Final = selector("mergePositions(address,bytes32,bytes32,uint256[],uint256)")
REDEEM_POSITIONS: Final = selector("redeemPositions(address,bytes32,bytes32,uint256[])")
ROUTER_SPLIT: Final = selector("split(bytes31,uint256)")
ROUTER_MERGE: Final = selector("merge(bytes31,uint256)")
ROUTER_REDEEM: Final = selector("redeem(bytes31,uint256,uint256)")

ADAPTERS: Final = frozenset({addresses.COLLATERAL_ADAPTER, addresses.NEG_RISK_COLLATERAL_ADAPTER})
POSITION_CONTRACTS: Final = frozenset({addresses.CONDITIONAL_TOKENS, addresses.POSITION_MANAGER})


def action(call: RawCall) -> Action:
    """Read a call. Raises ``Reverted`` for a function or an argument the contract does not take."""
    if call.value:
        raise Reverted("non-payable function was called with value")
    try:
        found = _action(call.target, call.data[:4], call.data[4:])
    except (DecodingError, ValueError) as error:
        raise Reverted(f"calldata of {call.target} does not decode") from error
    if found is None:
        raise Reverted(f"{call.target} has no function 0x{call.data[:4].hex()}")
    return found


def _action(target: str, function: bytes, data: bytes) -> Action | None:
    if target == addresses.PUSD and function == APPROVE:
        spender, amount = _values(data, "address", "uint256")
        return Approve(target, address(spender), amount)
    if target in POSITION_CONTRACTS and function == SET_APPROVAL_FOR_ALL:
        operator, approved = _values(data, "address", "bool")
        return SetOperator(target, address(operator), approved)
    if target in ADAPTERS:
        return _adapter_action(target, function, data)
    if target == addresses.ROUTER:
        return _router_action(target, function, data)
    return None


def _adapter_action(target: str, function: bytes, data: bytes) -> Action | None:
    if function in (SPLIT_POSITION, MERGE_POSITIONS):
        collateral, parent, condition, partition, amount = _values(
            data, "address", "bytes32", "bytes32", "uint256[]", "uint256"
        )
        _check_binary(collateral, parent, partition)
        made = Split if function == SPLIT_POSITION else Merge
        return made(_market(condition), Shares(amount), target)
    if function == REDEEM_POSITIONS:
        collateral, parent, condition, partition = _values(data, "address", "bytes32", "bytes32", "uint256[]")
        _check_binary(collateral, parent, partition)
        return Redeem(_market(condition), target, part=None)
    return None


def _router_action(target: str, function: bytes, data: bytes) -> Action | None:
    if function in (ROUTER_SPLIT, ROUTER_MERGE):
        condition, amount = _values(data, "bytes31", "uint256")
        made = Split if function == ROUTER_SPLIT else Merge
        return made(_market(condition + b"\x00"), Shares(amount), target)
    if function == ROUTER_REDEEM:
        condition, index, amount = _values(data, "bytes31", "uint256", "uint256")
        if index > 1:
            raise Reverted(f"outcome index {index} of a binary condition")
        outcome = Outcome.NO if index else Outcome.YES
        return Redeem(_market(condition + b"\x00"), target, part=(outcome, Shares(amount)))
    return None


def _check_binary(collateral: str, parent: bytes, partition: tuple[int, ...]) -> None:
    if address(collateral) != addresses.PUSD:
        raise Reverted(f"{collateral} is not the collateral")
    if parent != ROOT_COLLECTION:
        raise Reverted("nested conditions are not traded here")
    if tuple(partition) != WHOLE_PARTITION:
        raise Reverted("partition is not that of a binary condition")


def _market(condition: bytes) -> MarketId:
    return MarketId("0x" + condition.hex())


def _values(data: bytes, *types: str) -> tuple[Any, ...]:
    return tuple(abi_decode(types, data))
