"""``/auth/...``: API keys are made and derived by a wallet's signature, listed and deleted by themselves."""

from aiohttp import web

from simulator.chain.accounts import CHAIN
from simulator.clob.auth import key_of, wallet_of
from simulator.clob.keys import KEYS, ApiKey
from simulator.clob.refusals import Refused, answer, door
from simulator.clob.windows import STANDINGS


@door
async def create(request: web.Request) -> web.Response:
    """Make an API key. The first time an EOA comes by, its wallets get their money."""
    eoa, nonce = wallet_of(request)
    request.app[CHAIN].fund(eoa)
    key = request.app[KEYS].create(eoa, nonce)
    if key is None:
        raise Refused(400, "Could not create api key")
    return answer(_shown(key))


@door
async def derive(request: web.Request) -> web.Response:
    eoa, nonce = wallet_of(request)
    request.app[CHAIN].fund(eoa)
    key = request.app[KEYS].derive(eoa, nonce)
    if key is None:
        raise Refused(400, "Could not derive api key!")
    return answer(_shown(key))


@door
async def listed(request: web.Request) -> web.Response:
    """The names of an EOA's keys. The specification asks for a wallet's signature, both SDKs send an HMAC."""
    eoa = (await key_of(request)).eoa if "POLY_API_KEY" in request.headers else wallet_of(request)[0]
    return answer({"apiKeys": [key.name for key in request.app[KEYS].of(eoa)]})


@door
async def delete(request: web.Request) -> web.Response:
    request.app[KEYS].delete(await key_of(request))
    return answer("OK")


@door
async def closed_only(request: web.Request) -> web.Response:
    key = await key_of(request)
    return answer({"closed_only": key.eoa in request.app[STANDINGS].closed_only})


def _shown(key: ApiKey) -> dict[str, str]:
    return {"apiKey": key.name, "secret": key.secret, "passphrase": key.passphrase}
