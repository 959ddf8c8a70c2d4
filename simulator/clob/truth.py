"""``GET /simulator/truth/{wallet}``: what the venue knows of a wallet, in micro units. For provers and tests."""

from aiohttp import web

from core.ids import TokenId
from core.units import Shares
from simulator.chain.accounts import CHAIN
from simulator.channels import WORLD
from simulator.clob.posts import POSTS
from simulator.clob.refusals import Refused, answer, door
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.trades import Trade
from simulator.world import World


@door
async def truth(request: web.Request) -> web.Response:
    """Cash and tokens are the order book's; ``chain_...`` is what is settled."""
    app, world = request.app, request.app[WORLD]
    account = app[CHAIN].account(request.match_info["wallet"])
    if account is None:
        raise Refused(404, "wallet not found")
    posts = app[POSTS]
    orders = [post for post in posts.by_id.values() if post.wallet == account.name]
    return answer(
        {
            "cash": account.cash,
            "tokens": _tokens(world, account.tokens),
            "chain_cash": account.chain_cash,
            "chain_tokens": _tokens(world, account.chain_tokens()),
            "orders": [
                {
                    "id": post.order.order_id,
                    "salt": post.salt,
                    "status": post.order.status,
                    "size": post.order.size,
                    "filled": post.order.filled,
                    "market": post.order.market_id,
                    "token": post.sheet.token(post.order.outcome),
                }
                for post in orders
            ],
            "trades": [_trade(trade, account) for trade in world.exchange.trades_of(account)],
            "posts": posts.received[account.name],
            "duplicates_refused": posts.duplicated[account.name],
        }
    )


def _trade(trade: Trade, account: Account) -> dict[str, object]:
    """The wallet's own orders in a trade, what they cost or brought, and the fee if it took."""
    takes = trade.taker.owner is account
    own = [trade.taker.order_id] if takes else []
    own += [part.order.order_id for part in trade.makers if part.order.owner is account]
    fee = trade.fee if takes else 0
    moved = [move for move in trade.moves if move.account is account]
    return {
        "id": trade.trade_id,
        "status": trade.status,
        "orders": own,
        "shares": sum(abs(move.shares) for move in moved),
        "amount": abs(sum(move.cash for move in moved) + fee),
        "fee": fee,
    }


def _tokens(world: World, holdings: dict[Holding, Shares]) -> dict[TokenId, Shares]:
    """By token. A market that was resolved long ago and in which no wallet traded is not known any more."""
    found: dict[TokenId, Shares] = {}
    for (market_id, outcome), shares in holdings.items():
        sheet = world.sheet(market_id)
        if sheet is not None:
            found[sheet.token(outcome)] = shares
    return found
