"""``/auth/builder-api-key``: make, list and revoke the keys that open the relayer (CLOB OpenAPI)."""

import msgspec
from aiohttp import web

from simulator.chain.builder_keys import RELAYER_DOOR
from simulator.clob.auth import key_of
from simulator.clob.refusals import BAD_KEY, Refused, answer, door


@door
async def create(request: web.Request) -> web.Response:
    key = await key_of(request)
    made = request.app[RELAYER_DOOR].create_builder(key.eoa)
    if made is None:
        raise Refused(500, "Could not create builder api key")
    return answer({"key": made.name, "secret": made.secret, "passphrase": made.passphrase})


@door
async def listed(request: web.Request) -> web.Response:
    key = await key_of(request)
    return answer([one.name for one in request.app[RELAYER_DOOR].builders_of(key.eoa)])


@door
async def revoke(request: web.Request) -> web.Response:
    """Revoke the key that signed this request, or with L2 headers the one the body names."""
    entrance = request.app[RELAYER_DOOR]
    by_itself = await entrance.builder(request)
    if by_itself is not None:
        entrance.revoke(by_itself)
        return answer("OK")
    key = await key_of(request)
    wanted = _named(await request.read())
    found = next((one for one in entrance.builders_of(key.eoa) if one.name == wanted), None)
    if found is None:
        raise Refused(400, "Invalid revoke builder api key body")
    entrance.revoke(found)
    return answer("OK")


def _named(body: bytes) -> str | None:
    """The key a revocation names. Raises ``Refused`` 401 without a body: then nothing proves anything."""
    if not body:
        raise Refused(401, BAD_KEY)
    try:
        named = msgspec.json.decode(body, type=dict[str, str])
    except msgspec.DecodeError:
        return None
    return named.get("key") or named.get("apiKey")
