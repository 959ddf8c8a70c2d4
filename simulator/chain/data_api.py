"""The Data API v2: positions, trades, activity, value, approvals, resolutions (polymarket.md 8).

It tells what the indexer knows, a few seconds behind the chain, and hides positions under a tenth of a share.
"""

from typing import Final

from aiohttp import web

from core.ids import MarketId
from core.units import SHARE, Shares
from simulator.chain import data_rows, trading_approvals
from simulator.chain.accounts import CHAIN, Wallet
from simulator.chain.addresses import CHAIN_ID
from simulator.chain.data_queries import (
    BadParameter,
    amount,
    answer,
    choice,
    conditions,
    door,
    flag,
    number,
    page,
    user,
)
from simulator.chain.indexer import Indexer, Kind, Position, Row
from simulator.channels import WORLD

DUST: Final = Shares(SHARE // 10)
STATUSES: Final = frozenset({"OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "MERGEABLE", "CLOSED"})
SIDES: Final = frozenset({"BUY", "SELL"})

INDEXER: Final = web.AppKey("indexer", Indexer)


@door
async def positions(request: web.Request) -> web.Response:
    """``/v2/positions``: what is held, the largest first; with ``status=CLOSED`` what is not held any more."""
    where, wallet = user(request)
    markets, wanted = conditions(request), choice(request, "status", STATUSES)
    least = amount(request, "filter_amount", DUST)
    by_cash = choice(request, "filter_type", frozenset({"CASH", "TOKENS"})) == "CASH"
    indexer, world = request.app[INDEXER], request.app[WORLD]
    held = _positions(indexer, wallet, markets)
    rows: list[tuple[int, dict[str, object]]] = []
    for one in held:
        mergeable = data_rows.is_mergeable(one, held, world)
        size = data_rows.worth(indexer, one) if by_cash else one.size
        enough = size >= least or wanted == "CLOSED"
        if enough and _stands(indexer, one, wanted, mergeable=mergeable):
            rows.append((one.size, data_rows.position(indexer, world, where, one, mergeable=mergeable)))
    return page(request, [row for _, row in sorted(rows, key=lambda row: -row[0])])


@door
async def trades(request: web.Request) -> web.Response:
    """``/v2/trades``: a wallet's trades, the newest first; as taker only unless ``taker_only=false``."""
    where, wallet = user(request)
    markets, side = conditions(request), choice(request, "side", SIDES)
    taker_only = flag(request, "taker_only", default=True)
    rows = [
        data_rows.trade(request.app[WORLD], where, row)
        for row in reversed(_rows(request, wallet, markets))
        if row.kind is Kind.TRADE
        and (row.is_taker or not taker_only)
        and (side is None or row.side == side.lower())
    ]
    return page(request, rows)


@door
async def activity(request: web.Request) -> web.Response:
    """``/v2/activity``: everything that happened to a wallet, the newest first."""
    where, wallet = user(request)
    markets = conditions(request)
    kinds = request.query.get("type", "").split(",") if "type" in request.query else list(Kind)
    rows = [
        data_rows.activity(request.app[WORLD], where, row)
        for row in reversed(_rows(request, wallet, markets))
        if row.kind in kinds
    ]
    if choice(request, "sort_direction", frozenset({"ASC", "DESC"})) == "ASC":
        rows.reverse()
    return page(request, rows)


@door
async def value(request: web.Request) -> web.Response:
    """``/v2/value``: what a wallet's positions are worth together, without its cash."""
    where, wallet = user(request)
    indexer = request.app[INDEXER]
    held = _positions(indexer, wallet, conditions(request))
    worth = sum(data_rows.worth(indexer, one) for one in held)
    return answer({"proxy_wallet": where, "value": number(worth)})


@door
async def resolutions(request: web.Request) -> web.Response:
    """``/v2/resolutions?condition=``: where each market that is known stands."""
    markets = conditions(request)
    if markets is None:
        raise BadParameter("condition", "required parameter 'condition' not provided")
    world, indexer = request.app[WORLD], request.app[INDEXER]
    known = sorted(market_id for market_id in markets if world.sheet(market_id) is not None)
    return answer([data_rows.resolution(indexer, world, market_id, world.now_ms) for market_id in known])


@door
async def approvals(request: web.Request) -> web.Response:
    """``/v2/approvals``: every approval trading needs, granted or not."""
    where, _ = user(request)
    return answer(
        {
            "address": where,
            "chain_id": CHAIN_ID,
            "checked_at": data_rows.stamp(request.app[WORLD].now_ms),
            "contracts": trading_approvals.rows(request.app[CHAIN], where),
        }
    )


async def geoblock(request: web.Request) -> web.Response:
    """``/api/geoblock``: loopback is nowhere the venue blocks."""
    body = {"blocked": False, "ip": request.remote or "127.0.0.1", "country": "ZZ", "region": ""}
    return web.json_response(body)


def _positions(
    indexer: Indexer, wallet: Wallet | None, markets: frozenset[MarketId] | None
) -> list[Position]:
    if wallet is None:
        return []
    return [one for one in indexer.positions(wallet) if markets is None or one.market_id in markets]


def _rows(request: web.Request, wallet: Wallet | None, markets: frozenset[MarketId] | None) -> list[Row]:
    if wallet is None:
        return []
    rows = request.app[INDEXER].rows(wallet)
    return [row for row in rows if markets is None or row.market_id in markets]


def _stands(indexer: Indexer, held: Position, wanted: str | None, *, mergeable: bool) -> bool:
    resolved = held.market_id in indexer.resolved_ms
    stands = data_rows.status(held, resolved=resolved)
    match wanted:
        case None:
            return stands != "CLOSED"
        case "MERGEABLE":
            return mergeable
        case "REDEEMABLE_LOST":
            return stands == "REDEEMABLE" and not indexer.price(held.market_id, held.outcome)
        case _:
            return stands == wanted
