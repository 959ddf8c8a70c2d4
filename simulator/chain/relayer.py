"""The relayer's HTTP doors: take a signed batch, say where it stands (polymarket.md 9, its OpenAPI).

It carries one transaction per wallet at a time and takes 25 a minute per caller. Two spellings are told: the
documented one, and the one under ``/v1/account`` that the venue's SDK asks.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Final

import msgspec
from aiohttp import web

from core.units import Ms
from simulator.chain.accounts import CHAIN
from simulator.chain.addresses import DEPOSIT_WALLET_FACTORY, Kind, address
from simulator.chain.builder_keys import RELAYER_DOOR
from simulator.chain.derivation import deposit_wallet
from simulator.chain.submissions import DESK, RelayerRefused, taken
from simulator.chain.transactions import Relayed

LIST_MAX: Final = 100
RELAY_ADDRESS: Final = "0x4Da9395388791C22684E03779c3de10934EB9CFB"

Door = Callable[[web.Request], Awaitable[web.Response]]


def door(handler: Door) -> Door:
    @wraps(handler)
    async def within(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except RelayerRefused as refused:
            headers = {} if refused.retry_after_s is None else {"Retry-After": str(refused.retry_after_s)}
            return _json({"error": refused.words}, status=refused.status, headers=headers)

    return within


@door
async def submit(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    caller = await _caller(request)
    wait_s = desk.quota.take(caller, desk.now_ms)
    if wait_s is not None:
        raise RelayerRefused(429, "quota exceeded", retry_after_s=wait_s)
    new = taken(desk, await request.read())
    desk.transactions.relay(new)
    return _json({"transactionID": new.transaction_id, "state": new.state})


@door
async def transaction(request: web.Request) -> web.Response:
    """``/transaction?id=``: a list of one, as the venue answers."""
    wanted = request.query.get("id")
    if not wanted:
        raise RelayerRefused(400, "invalid id")
    return _json([_listed(_found(request, wanted))])


@door
async def account_transaction(request: web.Request) -> web.Response:
    """The same for SDKs: one object, in snake case."""
    found = _found(request, request.match_info["id"])
    body: dict[str, object] = {
        "transaction_id": found.transaction_id,
        "transaction_hash": found.tx_hash or "",
        "state": found.state,
    }
    if found.error is not None:
        body["error_msg"] = found.error
    return _json(body)


@door
async def transactions(request: web.Request) -> web.Response:
    """The caller's latest transactions, newest first."""
    caller = await _caller(request)
    desk = request.app[DESK]
    mine = [one for one in reversed(desk.transactions.relayed.values()) if one.owner == caller]
    return _json([_listed(one) for one in mine[:LIST_MAX]])


@door
async def account_params(request: web.Request) -> web.Response:
    """Address and nonce for the next batch. ``type`` WALLET is the signer's deposit wallet."""
    owner = _address_of(request)
    kind = request.query.get("type", "")
    if kind != "WALLET":
        raise RelayerRefused(400, "invalid type")
    wallet = request.app[CHAIN].wallet(deposit_wallet(owner))
    return _json({"address": RELAY_ADDRESS, "nonce": str(0 if wallet is None else wallet.nonce)})


@door
async def nonce(request: web.Request) -> web.Response:
    """Of a proxy or safe. Nobody has one here: an address that never acted has nonce 0."""
    _address_of(request)
    if request.query.get("type") not in ("PROXY", "SAFE"):
        raise RelayerRefused(400, "invalid type")
    return _json({"nonce": "0"})


@door
async def deployed(request: web.Request) -> web.Response:
    """Whether a wallet stands at an address. ``type`` SAFE, the default, never does here."""
    where, kind = _address_of(request), request.query.get("type", "SAFE")
    if kind not in ("SAFE", "WALLET"):
        raise RelayerRefused(400, "invalid type")
    wallet = request.app[CHAIN].wallet(where)
    stands = kind == "WALLET" and wallet is not None and wallet.kind is Kind.DEPOSIT and wallet.deployed
    return _json({"deployed": stands})


@door
async def relayer_keys(request: web.Request) -> web.Response:
    """The caller's relayer API keys."""
    caller = await _caller(request)
    return _json(
        [
            {
                "apiKey": key.name,
                "address": key.eoa,
                "createdAt": _stamp(key.made_ms),
                "updatedAt": _stamp(key.made_ms),
            }
            for key in request.app[RELAYER_DOOR].relayer_keys_of(caller)
        ]
    )


async def _caller(request: web.Request) -> str:
    """Whose key this is. Raises ``RelayerRefused``."""
    caller = await request.app[RELAYER_DOOR].caller(request)
    if caller is None:
        raise RelayerRefused(401, "invalid authorization")
    return caller


def _found(request: web.Request, transaction_id: str) -> Relayed:
    found = request.app[DESK].transactions.relayed.get(transaction_id)
    if found is None:
        raise RelayerRefused(404, "transaction not found")
    return found


def _address_of(request: web.Request) -> str:
    try:
        return address(request.query.get("address", ""))
    except ValueError as error:
        raise RelayerRefused(400, "invalid address") from error


def _listed(one: Relayed) -> dict[str, object]:
    return {
        "transactionID": one.transaction_id,
        "transactionHash": one.tx_hash or "",
        "from": one.owner,
        "to": DEPOSIT_WALLET_FACTORY,
        "proxyAddress": one.wallet,
        "data": "0x" + b"".join(call.data for call in one.calls).hex(),
        "nonce": str(one.nonce),
        "value": "",
        "signature": one.signature,
        "state": one.state,
        "type": one.kind,
        "owner": one.owner,
        "metadata": one.metadata,
        "createdAt": _stamp(one.created_ms),
        "updatedAt": _stamp(one.moved_ms),
    }


def _stamp(at_ms: Ms) -> str:
    moment = datetime.fromtimestamp(at_ms // 1_000, tz=UTC).replace(microsecond=at_ms % 1_000 * 1_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    encoded = msgspec.json.encode(body)
    return web.Response(body=encoded, status=status, headers=headers, content_type="application/json")
