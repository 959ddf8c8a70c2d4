"""What an API key may read of its own: its orders and its trades (polymarket.md 3.10)."""

from typing import Final

from aiohttp import web

from core.ids import OrderId
from core.units import CERTAIN, Ms, text
from simulator.chain.accounts import CHAIN, KINDS
from simulator.chain.addresses import address
from simulator.channels import WORLD
from simulator.clob import paging, refusals
from simulator.clob.auth import key_of
from simulator.clob.keys import KEYS, ApiKey
from simulator.clob.posts import POSTS, Post
from simulator.clob.refusals import Refused, answer, door
from simulator.exchange.accounts import Account
from simulator.exchange.orders import CancelReason, Status
from simulator.exchange.trades import Trade, TradeStatus
from simulator.user_events import MakerOrder, Party, house_party

BAD_ORDER_QUERY: Final = "invalid order params payload"
BAD_TRADE_QUERY: Final = "Invalid trade params payload"
NS_IN_MS: Final = 1_000_000
# The venue's status has no word for an order in its delay; the user channel calls it DELAYED.
STATUS: Final = {
    Status.LIVE: "LIVE",
    Status.DELAYED: "DELAYED",
    Status.MATCHED: "MATCHED",
    Status.CANCELLED: "CANCELED",
    Status.EXPIRED: "CANCELED",
    Status.REJECTED: "INVALID",
}


@door
async def order(request: web.Request) -> web.Response:
    """One order, open or long closed."""
    key = await key_of(request)
    post = request.app[POSTS].by_id.get(OrderId(request.match_info["order_id"].lower()))
    if post is None or post.key.eoa != key.eoa:
        raise Refused(404, refusals.NO_ORDER)
    return answer(_order(post))


@door
async def open_orders(request: web.Request) -> web.Response:
    key, query = await key_of(request), request.query
    at = paging.offset(request, BAD_ORDER_QUERY)
    found = [
        _order(post)
        for post in request.app[POSTS].open_of(key.eoa)
        if query.get("id", post.order.order_id).lower() == post.order.order_id
        and query.get("market", post.order.market_id) == post.order.market_id
    ]
    if "asset_id" in query:
        found = [shown for shown in found if shown["asset_id"] == query["asset_id"]]
    return answer(paging.page(found, at))


@door
async def trades(request: web.Request) -> web.Response:
    """Trades as taker or maker, latest first. ``after`` and ``before`` are unix seconds and exclude their own."""
    key, query = await key_of(request), request.query
    at = paging.offset(request, BAD_TRADE_QUERY)
    after, before = _seconds(request, "after"), _seconds(request, "before")
    wanted = query.get("maker_address")
    found: dict[str, tuple[Trade, Account]] = {}
    for account in _accounts(request.app, key):
        if wanted is not None and account.name.lower() != wanted.lower():
            continue
        for trade in request.app[WORLD].exchange.trades_of(account):
            second = trade.match_ms // 1_000
            if (after is None or second > after) and (before is None or second < before):
                found.setdefault(trade.trade_id, (trade, account))
    latest = sorted(found.values(), key=lambda pair: pair[0].number, reverse=True)
    shown = [
        _trade(request.app, trade, account)
        for trade, account in latest
        if query.get("id", trade.trade_id) == trade.trade_id
        and query.get("market", trade.market_id) == trade.market_id
    ]
    if "asset_id" in query:
        shown = [each for each in shown if each["asset_id"] == query["asset_id"]]
    return answer(paging.page(shown, at))


def party(app: web.Application, account: Account) -> Party:
    """The API key and address behind an account: a wallet's own, a made-up one for the house."""
    eoa = app[CHAIN].owner_of(account.name) if account.wallet else None
    keys = app[KEYS].of(eoa) if eoa is not None else []
    return Party(keys[0].name, account.name) if keys else house_party(account)


def _accounts(app: web.Application, key: ApiKey) -> list[Account]:
    """Every wallet the key's EOA signs for."""
    wallets = [app[CHAIN].wallet_of(key.eoa, signature_type) for signature_type in KINDS]
    found = [app[CHAIN].account(wallet) for wallet in wallets]
    return [account for account in found if account is not None]


def _order(post: Post) -> dict[str, object]:
    made, sheet = post.order, post.sheet
    status = STATUS[made.status]
    if made.ended is CancelReason.RESOLVED:
        status = "CANCELED_MARKET_RESOLVED"
    size = made.size if made.budget is None else made.budget
    return {
        "id": made.order_id,
        "status": status,
        "owner": post.key.name,
        "maker_address": post.wallet,
        "market": made.market_id,
        "asset_id": sheet.token(made.outcome),
        "side": made.side.upper(),
        "original_size": text(size, 6),
        "size_matched": text(made.filled, 6),
        "price": text(made.price, 4),
        "outcome": sheet.name(made.outcome),
        "expiration": post.expiration,
        "order_type": made.tif,
        "associate_trades": list(made.trade_ids),
        "created_at": made.placed_ms // 1_000,
    }


def _trade(app: web.Application, trade: Trade, account: Account) -> dict[str, object]:
    """A trade as one wallet in it reads it; what stands at the top is the taker's."""
    sheet = app[WORLD].sheet(trade.market_id)
    assert sheet is not None, "markets in which a wallet traded are known for ever"
    taker = party(app, trade.taker.owner)
    on_chain = trade.tx_hash if trade.status is not TradeStatus.MATCHED else None
    makers = []
    for part in trade.makers:
        owner, token = party(app, part.order.owner), sheet.token(part.order.outcome)
        makers.append(
            MakerOrder(
                order_id=part.order.order_id,
                owner=owner.api_key,
                maker_address=owner.address,
                matched_amount=text(part.shares, 6),
                price=text(part.price, 4),
                fee_rate_bps="0",
                asset_id=token,
                outcome=sheet.name(part.order.outcome),
                outcome_index=int(token == sheet.terms.no_token),
                side=part.order.side.upper(),
            )
        )
    return {
        "id": trade.trade_id,
        "taker_order_id": trade.taker.order_id,
        "market": trade.market_id,
        "asset_id": sheet.token(trade.outcome),
        "side": trade.side.upper(),
        "size": text(trade.shares, 6),
        "fee_rate_bps": str(sheet.terms.fee_rate * 10_000 // CERTAIN),
        "price": text(trade.price, 4),
        "status": f"TRADE_STATUS_{trade.status.upper()}",
        "match_time": _second(trade.match_ms),
        "match_time_nano": str(trade.match_ms * NS_IN_MS),
        "last_update": _second(trade.moved_ms),
        "outcome": sheet.name(trade.outcome),
        "bucket_index": trade.bucket,
        "owner": taker.api_key,
        "maker_address": address(taker.address),
        "transaction_hash": on_chain or "",
        "err_msg": None,
        "maker_orders": makers,
        "trader_side": "TAKER" if trade.taker.owner is account else "MAKER",
    }


def _second(at_ms: Ms) -> str:
    return str(at_ms // 1_000)


def _seconds(request: web.Request, name: str) -> int | None:
    """A time of the query. Raises ``Refused``."""
    digits = request.query.get(name)
    if digits is None:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 20):
        raise Refused(400, BAD_TRADE_QUERY)
    return int(digits)
