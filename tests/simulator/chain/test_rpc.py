"""JSON-RPC as wallets ask it: reads, estimates, an EOA's own transactions, and a node's words for what is wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from eth_typing import HexStr
from polymarket.calls import TransactionCall, ctf_split_position_call, erc20_approval_call
from polymarket.types import EvmAddress

from core.units import SHARE
from simulator.chain import addresses
from simulator.chain.accounts import START_POL
from simulator.exchange.orders import Version
from tests.simulator.chain.venues import Signing, Venue, somebody

Ask = Callable[..., Awaitable[dict[str, Any]]]
GWEI = 10**9


@pytest.fixture
async def ask(venue: Venue) -> AsyncIterator[Ask]:
    async with ClientSession() as session:

        async def asked(method: str, *params: object) -> dict[str, Any]:
            envelope = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
            async with session.post(venue.rpc, json=envelope) as answer:
                said: dict[str, Any] = await answer.json()
                assert (answer.status, said["id"], said["jsonrpc"]) == (200, 7, "2.0")
                return said

        yield asked


def allowing(amount: int = 9 * SHARE) -> TransactionCall:
    return erc20_approval_call(
        token_address=EvmAddress(addresses.PUSD),
        spender=EvmAddress(addresses.COLLATERAL_ADAPTER),
        amount=amount,
    )


def signed(who: Signing, call: TransactionCall, *, nonce: int, **other: int) -> str:
    fields = {"to": call.to, "value": 0, "data": call.data, "gas": 180_000, "nonce": nonce, "chainId": 137}
    transaction = who.account.sign_transaction(fields | (other or {"gasPrice": 30 * GWEI}))  # type: ignore[arg-type]
    return "0x" + transaction.raw_transaction.hex()


async def test_chain_block_and_fees_are_polygons(venue: Venue, ask: Ask) -> None:
    number = int((await ask("eth_blockNumber"))["result"], 16)
    block = (await ask("eth_getBlockByNumber", "latest", False))["result"]

    assert (await ask("eth_chainId"))["result"] == "0x89"
    assert abs(int(block["timestamp"], 16) - venue.world.now_ms // 1_000) <= 2
    assert int(block["number"], 16) in (number, number + 1)
    assert (await ask("eth_getBlockByNumber", hex(number + 99), False))["result"] is None


async def test_an_unknown_method_and_an_unknown_function_are_errors(ask: Ask) -> None:
    no_method = await ask("eth_mine")
    no_function = await ask("eth_call", {"to": addresses.PUSD, "data": "0xdeadbeef"}, "latest")
    nonsense = await ask("eth_call", {"to": "nowhere"}, "latest")

    assert no_method["error"]["code"] == -32_601
    assert no_function["error"]["code"] == 3
    assert no_function["error"]["message"].startswith("execution reverted")
    assert nonsense["error"]["code"] == -32_602


async def test_a_batch_is_answered_in_its_order(venue: Venue) -> None:
    envelopes: list[dict[str, object]] = [
        {"jsonrpc": "2.0", "id": n, "method": "eth_chainId", "params": []} for n in (3, 1, 2)
    ]
    async with ClientSession() as session, session.post(venue.rpc, json=envelopes) as answer:
        assert [one["id"] for one in await answer.json()] == [3, 1, 2]


async def test_code_stands_where_something_is_deployed(venue: Venue, ask: Ask) -> None:
    who = somebody()
    venue.chain.fund(who.eoa)
    places = (addresses.ROUTER, venue.chain.wallet_of(who.eoa, 3), who.eoa, somebody().eoa)

    found = [(await ask("eth_getCode", place, "latest"))["result"] for place in places]

    assert [code != "0x" for code in found] == [True, True, False, False]


@pytest.mark.parametrize(
    "fees", [{"gasPrice": 30 * GWEI}, {"maxFeePerGas": 30 * GWEI, "maxPriorityFeePerGas": GWEI}]
)
async def test_an_eoa_sends_and_gets_a_receipt(venue: Venue, ask: Ask, fees: dict[str, int]) -> None:
    who = somebody()
    venue.chain.fund(who.eoa)

    tx_hash = (await ask("eth_sendRawTransaction", signed(who, allowing(), nonce=0, **fees)))["result"]
    pending = [
        (await ask("eth_getTransactionCount", who.eoa, tag))["result"] for tag in ("latest", "pending")
    ]
    early = (await ask("eth_getTransactionReceipt", tx_hash))["result"]
    venue.pass_ms(3_000)
    receipt = (await ask("eth_getTransactionReceipt", tx_hash))["result"]

    assert (pending, early) == (["0x0", "0x1"], None)
    assert (receipt["status"], receipt["from"], receipt["to"]) == ("0x1", who.eoa, addresses.PUSD)
    assert venue.chain.allowance(who.eoa, addresses.COLLATERAL_ADAPTER) == 9 * SHARE
    spent = START_POL - int((await ask("eth_getBalance", who.eoa, "latest"))["result"], 16)
    assert spent == int(receipt["gasUsed"], 16) * 30 * GWEI


async def test_transactions_wait_for_the_nonce_before_them(venue: Venue, ask: Ask) -> None:
    who = somebody()
    venue.chain.fund(who.eoa)

    later = (await ask("eth_sendRawTransaction", signed(who, allowing(2), nonce=1)))["result"]
    venue.pass_ms(5_000)
    alone = (await ask("eth_getTransactionReceipt", later))["result"]
    await ask("eth_sendRawTransaction", signed(who, allowing(1), nonce=0))
    venue.pass_ms(5_000)

    assert alone is None
    assert (await ask("eth_getTransactionReceipt", later))["result"]["status"] == "0x1"
    assert venue.chain.allowance(who.eoa, addresses.COLLATERAL_ADAPTER) == 2


async def test_a_transaction_that_reverts_uses_its_nonce_and_its_gas(venue: Venue, ask: Ask) -> None:
    who, sheet = somebody(), venue.sheet(Version.V1)
    venue.chain.fund(who.eoa)
    split = ctf_split_position_call(
        target=EvmAddress(addresses.COLLATERAL_ADAPTER),
        collateral=EvmAddress(addresses.PUSD),
        condition_id=sheet.terms.market_id,
        amount=SHARE,
    )
    envelope = {"from": who.eoa, "to": split.to, "data": split.data}

    estimate = await ask("eth_estimateGas", envelope)
    tx_hash = (await ask("eth_sendRawTransaction", signed(who, split, nonce=0)))["result"]
    venue.pass_ms(3_000)

    assert estimate["error"]["message"] == "execution reverted: ERC20: insufficient allowance"
    assert (await ask("eth_getTransactionReceipt", tx_hash))["result"]["status"] == "0x0"
    assert (await ask("eth_getTransactionCount", who.eoa, "latest"))["result"] == "0x1"
    assert venue.held(who.eoa, sheet) == (0, 0)


async def test_the_pool_says_what_it_does_not_take(venue: Venue, ask: Ask) -> None:
    who, poor = somebody(), somebody()
    venue.chain.fund(who.eoa)
    venue.chain.wallets[who.eoa].nonce = 4
    foreign = who.account.sign_transaction(
        {"to": HexStr(addresses.PUSD), "value": 0, "gas": 50_000, "gasPrice": GWEI, "nonce": 4, "chainId": 1}
    )
    refused = {
        "nonce too low": signed(who, allowing(), nonce=3),
        "nonce too high": signed(who, allowing(), nonce=40),
        "insufficient funds": signed(poor, allowing(), nonce=0),
        "invalid chain id": "0x" + foreign.raw_transaction.hex(),
        "rlp": "0xc0ffee",
    }

    for words, raw in refused.items():
        error = (await ask("eth_sendRawTransaction", raw))["error"]
        assert (error["code"], error["message"].startswith(words)) == (-32_000, True), error


async def test_one_transaction_waits_for_each_nonce(venue: Venue, ask: Ask) -> None:
    who = somebody()
    venue.chain.fund(who.eoa)
    first = signed(who, allowing(1), nonce=5)
    await ask("eth_sendRawTransaction", first)

    again = await ask("eth_sendRawTransaction", first)
    cheaper = await ask("eth_sendRawTransaction", signed(who, allowing(2), nonce=5, gasPrice=32 * GWEI))
    dearer = await ask("eth_sendRawTransaction", signed(who, allowing(2), nonce=5, gasPrice=33 * GWEI))

    assert again["error"]["message"] == "already known"
    assert cheaper["error"]["message"] == "replacement transaction underpriced"
    assert dearer["result"].startswith("0x")
