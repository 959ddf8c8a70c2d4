"""``/balance-allowance``: what a wallet has on the chain and who may move it (polymarket.md 8)."""

from typing import Final

from aiohttp import web

from core.ids import TokenId
from simulator.chain.accounts import CHAIN, UNLIMITED
from simulator.chain.addresses import EXCHANGE, EXCHANGE_V3, NEG_RISK_ADAPTER, NEG_RISK_EXCHANGE
from simulator.clob.auth import key_of
from simulator.clob.keys import ApiKey
from simulator.clob.refusals import Refused, answer, door

COLLATERAL: Final = "COLLATERAL"
SPENDERS: Final = {
    COLLATERAL: (EXCHANGE, NEG_RISK_EXCHANGE, EXCHANGE_V3),
    "CONDITIONAL": (EXCHANGE, NEG_RISK_EXCHANGE, NEG_RISK_ADAPTER),
    "CONDITIONAL-V2": (EXCHANGE_V3,),
}


@door
async def balance_allowance(request: web.Request) -> web.Response:
    """Also of ``/update``: nothing is cached here, so there is nothing to refresh."""
    key = await key_of(request)
    kind = request.query.get("asset_type", "")
    if kind not in SPENDERS:
        raise Refused(400, "Invalid asset type")
    wallet, chain = _wallet(request, key), request.app[CHAIN]
    if kind == COLLATERAL:
        balance = int(chain.cash(wallet))
        allowances = {spender: chain.allowance(wallet, spender) for spender in SPENDERS[kind]}
    else:
        token = request.query.get("token_id", "")
        if not token.isdecimal():
            raise Refused(400, "Invalid token id")
        balance = int(chain.held(wallet, TokenId(token)))
        allowances = {
            spender: UNLIMITED if chain.approved_for_all(wallet, spender) else 0 for spender in SPENDERS[kind]
        }
    return answer(
        {"balance": str(balance), "allowances": {spender: str(most) for spender, most in allowances.items()}}
    )


def _wallet(request: web.Request, key: ApiKey) -> str:
    """The wallet of the key's EOA for a signature type. Raises ``Refused``."""
    signature_type = request.query.get("signature_type", "0")
    try:
        return request.app[CHAIN].wallet_of(key.eoa, int(signature_type))
    except ValueError:
        raise Refused(400, "Invalid signature_type") from None
