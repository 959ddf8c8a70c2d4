"""``eth_call``: what the contracts answer about a wallet. Nothing here changes anything."""

from collections.abc import Callable
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from core.ids import MarketId, Outcome, TokenId
from core.units import ONE
from simulator.chain import addresses
from simulator.chain.accounts import Chain
from simulator.chain.addresses import Kind, address
from simulator.chain.calls import Reverted, selector
from simulator.exchange.orders import Version

Read = Callable[[Chain, str, tuple[Any, ...]], bytes]

CTF_LIKE: Final = frozenset({addresses.CONDITIONAL_TOKENS, addresses.NEG_RISK_ADAPTER})
POSITIONS: Final = CTF_LIKE | {addresses.POSITION_MANAGER}
BEACON_OF_FACTORY: Final = bytes.fromhex("49493a4d")  # what SDKs ask to tell beacon proxies from older ones


def answer(chain: Chain, target: str, data: bytes) -> bytes:
    """The return data of one call. Raises ``Reverted``."""
    found = READS.get((_family(chain, target), data[:4]))
    if found is None:
        raise Reverted(f"{target} has no function 0x{data[:4].hex()}")
    types, read = found
    try:
        arguments = decode(types, data[4:])
    except DecodingError as error:
        raise Reverted("calldata does not decode") from error
    return read(chain, target, arguments)


def _family(chain: Chain, target: str) -> str:
    if target == addresses.PUSD:
        return "erc20"
    if target in POSITIONS:
        return "positions"
    if target == addresses.DEPOSIT_WALLET_FACTORY:
        return "factory"
    wallet = chain.wallet(target)
    return "wallet" if wallet is not None and wallet.kind is Kind.DEPOSIT and wallet.deployed else "nothing"


def _cash(chain: Chain, _: str, arguments: tuple[Any, ...]) -> bytes:
    return _uint(chain.cash(arguments[0]))


def _allowance(chain: Chain, target: str, arguments: tuple[Any, ...]) -> bytes:
    owner, spender = arguments
    return _uint(chain.allowance(owner, address(spender), target))


def _decimals(_: Chain, __: str, ___: tuple[Any, ...]) -> bytes:
    return _uint(6)


def _position(chain: Chain, target: str, arguments: tuple[Any, ...]) -> bytes:
    owner, token = arguments
    return _uint(_held(chain, target, owner, token))


def _positions(chain: Chain, target: str, arguments: tuple[Any, ...]) -> bytes:
    owners, tokens = arguments
    if len(owners) != len(tokens):
        raise Reverted("ERC1155: accounts and ids length mismatch")
    held = [_held(chain, target, *pair) for pair in zip(owners, tokens, strict=True)]
    return encode(["uint256[]"], [held])


def _is_operator(chain: Chain, target: str, arguments: tuple[Any, ...]) -> bytes:
    owner, operator = arguments
    return encode(["bool"], [chain.approved_for_all(owner, operator, _book_of(target))])


def _payout_denominator(chain: Chain, _: str, arguments: tuple[Any, ...]) -> bytes:
    resolved = MarketId("0x" + arguments[0].hex()) in chain.world.exchange.resolved
    return _uint(ONE if resolved else 0)


def _payout_numerator(chain: Chain, _: str, arguments: tuple[Any, ...]) -> bytes:
    condition, index = arguments
    yes = chain.world.exchange.resolved.get(MarketId("0x" + condition.hex()))
    if yes is None or index > 1:
        return _uint(0)
    return _uint(yes if tuple(Outcome)[index] is Outcome.YES else ONE - yes)


def _beacon(_: Chain, __: str, ___: tuple[Any, ...]) -> bytes:
    return encode(["address"], [addresses.DEPOSIT_WALLET_BEACON])


def _nonce(chain: Chain, target: str, _: tuple[Any, ...]) -> bytes:
    return _uint(chain.wallets[target].nonce)


def _owner(chain: Chain, target: str, _: tuple[Any, ...]) -> bytes:
    return encode(["address"], [chain.wallets[target].owner])


def _held(chain: Chain, target: str, owner: str, token: int) -> int:
    """Shares of a position, as far as this contract keeps it: v2 markets are the PositionManager's."""
    token_id = TokenId(str(token))
    place = chain.world.sheet_of_token(token_id)
    if place is None or (place[0].terms.version is Version.V2) != (target == addresses.POSITION_MANAGER):
        return 0
    return chain.held(owner, token_id)


def _book_of(target: str) -> str:
    """The contract whose operators count. The old neg-risk adapter only passes questions on."""
    return addresses.CONDITIONAL_TOKENS if target in CTF_LIKE else target


def _uint(value: int) -> bytes:
    return encode(["uint256"], [value])


READS: Final[dict[tuple[str, bytes], tuple[tuple[str, ...], Read]]] = {
    ("erc20", selector("balanceOf(address)")): (("address",), _cash),
    ("erc20", selector("allowance(address,address)")): (("address", "address"), _allowance),
    ("erc20", selector("decimals()")): ((), _decimals),
    ("positions", selector("balanceOf(address,uint256)")): (("address", "uint256"), _position),
    ("positions", selector("balanceOfBatch(address[],uint256[])")): (("address[]", "uint256[]"), _positions),
    ("positions", selector("isApprovedForAll(address,address)")): (("address", "address"), _is_operator),
    ("positions", selector("payoutDenominator(bytes32)")): (("bytes32",), _payout_denominator),
    ("positions", selector("payoutNumerators(bytes32,uint256)")): (("bytes32", "uint256"), _payout_numerator),
    ("factory", BEACON_OF_FACTORY): ((), _beacon),
    ("wallet", selector("nonce()")): ((), _nonce),
    ("wallet", selector("owner()")): ((), _owner),
}
