"""``/ws/user``: what happens to a signer's orders and trades, told at once and never again (polymarket.md 6).

A client shows its API key first. It then hears of every wallet of that key's EOA; whoever was not connected
has to ask REST. Nothing here logs or shows what a client authenticates with.
"""

import hmac
from collections.abc import Iterator

import msgspec
from aiohttp import web

from core.ids import MarketId
from simulator.chain.accounts import CHAIN
from simulator.channels import WORLD, serve
from simulator.clob.keys import KEYS
from simulator.clob.reading import party
from simulator.exchange.accounts import Account
from simulator.exchange.happenings import Happening, OrderEnded, OrderPlaced, OrderUpdated
from simulator.sheets import Sheet
from simulator.user_events import Party, order_event, trade_event
from simulator.users import USER_HUB, Hearing, UserClient, UserHub
from simulator.world import World


class Auth(msgspec.Struct, rename="camel"):
    """Credentials as sent. Shows none of them."""

    api_key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return "Auth()"


class Request(msgspec.Struct):
    """The first message with ``type`` and ``auth``, or a later one with ``operation``."""

    type: str | None = None
    operation: str | None = None
    auth: Auth | None = None
    markets: list[MarketId] = msgspec.field(default_factory=list)


_requests = msgspec.json.Decoder(Request)


def install(app: web.Application) -> None:
    hub = UserHub(lambda happening: hearings(app, happening))
    app[USER_HUB] = hub
    app.add_routes([web.get("/ws/user", user_channel)])


async def user_channel(connection: web.Request) -> web.WebSocketResponse:
    """Authenticate with the first message, change ``markets`` with ``operation``, ``PING`` every 10 s."""
    client, hub = UserClient(connection), connection.app[USER_HUB]

    def answer(text: str) -> bool:
        try:
            request = _requests.decode(text)
        except msgspec.DecodeError:
            return False
        if request.operation is not None:
            return _change_markets(client, request)
        client.eoa = _authenticated(connection.app, request)
        client.markets = {market.lower() for market in request.markets}
        return client.eoa is not None

    return await serve(connection, client, hub, answer_to=answer)


def hearings(app: web.Application, said: Happening) -> Iterator[Hearing]:
    """Who hears what of a happening. A wallet on both sides of a trade hears of it as its taker."""
    world, chain = app[WORLD], app[CHAIN]

    def party_of(account: Account) -> Party:
        return party(app, account)

    if isinstance(said, OrderPlaced | OrderUpdated | OrderEnded):
        owner = chain.owner_of(said.order.owner.name)
        if owner is not None:
            yield owner, order_event(said, _sheet(world, said.order.market_id), party_of)
        return
    taker, heard = said.trade.taker.owner, set[str]()
    for account in (taker, *(part.order.owner for part in said.trade.makers)):
        owner = chain.owner_of(account.name) if account.wallet else None
        if owner is not None and owner not in heard:
            heard.add(owner)
            sheet = _sheet(world, said.trade.market_id)
            yield owner, trade_event(said, sheet, party_of, for_taker=account is taker)


def _sheet(world: World, market_id: MarketId) -> Sheet:
    sheet = world.sheet(market_id)
    assert sheet is not None, f"something happened in {market_id}, which was never listed"
    return sheet


def _authenticated(app: web.Application, request: Request) -> str | None:
    """The EOA whose key was shown in full."""
    auth = request.auth
    if (request.type or "").lower() != "user" or auth is None:
        return None
    key = app[KEYS].by_api_key(auth.api_key)
    if key is None:
        return None
    same = hmac.compare_digest(key.secret.encode(), auth.secret.encode())
    same &= hmac.compare_digest(key.passphrase.encode(), auth.passphrase.encode())
    return key.eoa if same else None


def _change_markets(client: UserClient, request: Request) -> bool:
    """Widen or narrow the filter. Before authentication there is nothing to change."""
    markets = {market.lower() for market in request.markets}
    if client.eoa is None or request.operation not in ("subscribe", "unsubscribe"):
        return False
    if request.operation == "subscribe":
        client.markets |= markets
    else:
        client.markets -= markets
    return True
