"""Polygon JSON-RPC as far as wallets need it: ``POST /rpc``, single calls and batches.

Errors carry the code and the words of a node (go-ethereum's): 3 for a call that reverts, -32000 for a
transaction the pool does not take, -32601 for a method that is not served.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from simulator.chain import raw_transactions, reads
from simulator.chain.addresses import CHAIN_ID, Kind, address, is_contract
from simulator.chain.blocks import block_json, block_number, receipt_json
from simulator.chain.calls import RawCall, Reverted
from simulator.chain.execution import check
from simulator.chain.raw_transactions import NotTaken
from simulator.chain.submissions import DESK, Desk
from simulator.chain.transactions import CALL_GAS, GAS_PRICE

BATCH_MAX: Final = 100
CODE: Final = "0x60806040"  # a contract stands there; what it does is not told

Method = Callable[[Desk, list[Any]], object]


class RpcError(Exception):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


async def rpc(request: web.Request) -> web.Response:
    """Answer one envelope, or each of a batch in its order."""
    desk = request.app[DESK]
    try:
        asked = msgspec.json.decode(await request.read())
    except msgspec.DecodeError:
        return _json(_failed(None, RpcError(-32700, "parse error")))
    if isinstance(asked, list):
        if not 1 <= len(asked) <= BATCH_MAX:
            return _json(_failed(None, RpcError(-32600, f"a batch holds 1 to {BATCH_MAX} requests")))
        return _json([_answer(desk, one) for one in asked])
    return _json(_answer(desk, asked))


def _answer(desk: Desk, asked: object) -> dict[str, object]:
    if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
        return _failed(None, RpcError(-32600, "invalid request"))
    number, params = asked.get("id"), asked.get("params") or []
    method = METHODS.get(asked["method"])
    if method is None:
        return _failed(number, RpcError(-32601, f"the method {asked['method']} does not exist"))
    try:
        return {"jsonrpc": "2.0", "id": number, "result": method(desk, params)}
    except RpcError as error:
        return _failed(number, error)
    except Reverted as reverted:
        return _failed(number, RpcError(3, f"execution reverted: {reverted}"))
    except NotTaken as refused:
        return _failed(number, RpcError(-32000, str(refused)))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        return _failed(number, RpcError(-32602, f"invalid argument: {type(error).__name__}"))


def _call(desk: Desk, params: list[Any]) -> str:
    data = params[0].get("data", params[0].get("input", "0x"))
    return "0x" + reads.answer(desk.chain, address(params[0]["to"]), _bytes(data)).hex()


def _block(desk: Desk, params: list[Any]) -> dict[str, object] | None:
    latest = block_number(desk.now_ms)
    number = int(params[0], 16) if params[0].startswith("0x") else latest
    return block_json(number) if number <= latest else None


def _receipt(desk: Desk, params: list[Any]) -> dict[str, object] | None:
    found = desk.transactions.receipts.get(params[0].lower())
    return None if found is None else receipt_json(found)


def _transaction(desk: Desk, params: list[Any]) -> dict[str, object] | None:
    """An EOA's transaction as it was sent, waiting or mined. Relayed ones are the relayer's, and not told."""
    sent = desk.transactions.sent.get(params[0].lower())
    if sent is None:
        return None
    receipt = desk.transactions.receipts.get(sent.tx_hash)
    return {
        "hash": sent.tx_hash,
        "from": sent.sender,
        "to": sent.call.target,
        "nonce": hex(sent.nonce),
        "input": "0x" + sent.call.data.hex(),
        "value": hex(sent.call.value),
        "gas": hex(sent.gas),
        "gasPrice": hex(sent.gas_price),
        "blockNumber": None if receipt is None else hex(block_number(receipt.mined_ms)),
    }


def _count(desk: Desk, params: list[Any]) -> str:
    wallet = desk.chain.wallet(address(params[0]))
    if wallet is None or wallet.kind is not Kind.EOA:
        return "0x0"
    pending = len(params) > 1 and params[1] == "pending"
    return hex(desk.transactions.pending_nonce(wallet) if pending else wallet.nonce)


def _balance(desk: Desk, params: list[Any]) -> str:
    wallet = desk.chain.wallet(address(params[0]))
    return hex(0 if wallet is None else wallet.pol)


def _code(desk: Desk, params: list[Any]) -> str:
    where = address(params[0])
    wallet = desk.chain.wallet(where)
    return CODE if is_contract(where) or (wallet is not None and wallet.deployed) else "0x"


def _estimate(desk: Desk, params: list[Any]) -> str:
    """Gas of a call by an EOA, after trying it on the chain as it is. Raises ``Reverted``."""
    asked = params[0]
    sender = desk.chain.wallet(address(asked["from"]))
    if sender is None:
        raise Reverted("the sender holds nothing on this chain")
    value = int(asked.get("value", "0x0"), 16)
    check(desk.chain, sender, RawCall(address(asked["to"]), value, _bytes(asked.get("data", "0x"))))
    return hex(CALL_GAS)


def _send(desk: Desk, params: list[Any]) -> str:
    sent = raw_transactions.read(_bytes(params[0]), desk.now_ms)
    waiting = desk.transactions.pooled(sent.sender, sent.nonce)
    desk.transactions.send(raw_transactions.checked(desk.chain, sent, waiting))
    return sent.tx_hash


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _failed(number: object, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": error.words}}


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


METHODS: Final[dict[str, Method]] = {
    "eth_chainId": lambda _, __: hex(CHAIN_ID),
    "net_version": lambda _, __: str(CHAIN_ID),
    "eth_blockNumber": lambda desk, _: hex(block_number(desk.now_ms)),
    "eth_getBlockByNumber": _block,
    "eth_call": _call,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionReceipt": _receipt,
    "eth_getTransactionCount": _count,
    "eth_getBalance": _balance,
    "eth_getCode": _code,
    "eth_gasPrice": lambda _, __: hex(GAS_PRICE),
    "eth_maxPriorityFeePerGas": lambda _, __: hex(GAS_PRICE),
    "eth_estimateGas": _estimate,
    "eth_sendRawTransaction": _send,
}
