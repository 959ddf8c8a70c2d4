"""``DELETE /order``, ``/orders``, ``/cancel-all`` and ``/cancel-market-orders`` (polymarket.md 3.8)."""

from collections.abc import Iterable

from aiohttp import web

from core.ids import OrderId, TokenId
from core.units import Ms
from simulator import users
from simulator.channels import WORLD
from simulator.clob import payloads
from simulator.clob.auth import key_of
from simulator.clob.budgets import BUDGETS
from simulator.clob.clock import CLOCK
from simulator.clob.keys import ApiKey
from simulator.clob.posts import POSTS, Post
from simulator.clob.refusals import answer, door
from simulator.clob.windows import WINDOWS
from simulator.exchange.orders import CancelReason, Status

ALREADY_MATCHED = "Order already matched"
NOT_THERE = "Order not found or already canceled"
IN_ITS_DELAY = "order match delayed due to market conditions"


@door
async def cancel_order(request: web.Request) -> web.Response:
    app, now_ms, key = await _admitted(request)
    order_id = payloads.cancel(await request.read())
    headers = app[BUDGETS].spend_cancels(key.eoa, 1, now_ms)
    return _done(app, _cancelled(app, key, [order_id], now_ms), headers)


@door
async def cancel_orders(request: web.Request) -> web.Response:
    app, now_ms, key = await _admitted(request)
    order_ids = payloads.cancels(await request.read())
    headers = app[BUDGETS].spend_cancels(key.eoa, len(order_ids), now_ms)
    return _done(app, _cancelled(app, key, order_ids, now_ms), headers)


@door
async def cancel_all(request: web.Request) -> web.Response:
    app, now_ms, key = await _admitted(request)
    return _cancel_open(app, key, app[POSTS].open_of(key.eoa), now_ms)


@door
async def cancel_market_orders(request: web.Request) -> web.Response:
    """Of a market, of a token, or of both."""
    app, now_ms, key = await _admitted(request)
    wanted = payloads.cancel_market(await request.read())
    found = app[WORLD].sheet_of_token(TokenId(wanted.asset_id)) if wanted.asset_id else None
    posts = [
        post
        for post in app[POSTS].open_of(key.eoa)
        if wanted.market in ("", post.order.market_id)
        and (
            not wanted.asset_id
            or (
                found is not None
                and (post.order.market_id, post.order.outcome) == (found[0].terms.market_id, found[1])
            )
        )
    ]
    return _cancel_open(app, key, posts, now_ms)


async def _admitted(request: web.Request) -> tuple[web.Application, Ms, ApiKey]:
    app, now_ms = request.app, request.app[CLOCK].now_ms()
    app[WINDOWS].admit_cancels(now_ms)
    return app, now_ms, await key_of(request)


def _cancel_open(app: web.Application, key: ApiKey, posts: Iterable[Post], now_ms: Ms) -> web.Response:
    """The first token is paid before anybody knows how many orders there are, the others afterwards."""
    app[BUDGETS].spend_cancels(key.eoa, 1, now_ms)
    order_ids = [post.order.order_id for post in posts]
    result = _cancelled(app, key, order_ids, now_ms)
    headers = app[BUDGETS].charge_cancelled(key.eoa, len(result["canceled"]), now_ms)
    return _done(app, result, headers)


def _cancelled(
    app: web.Application, key: ApiKey, order_ids: Iterable[str], now_ms: Ms
) -> dict[str, list[str] | dict[str, str]]:
    """Withdraw what still rests, and say why the others were not."""
    canceled: list[str] = []
    not_canceled: dict[str, str] = {}
    for order_id in order_ids:
        post = app[POSTS].by_id.get(OrderId(order_id))
        if post is None or post.key.eoa != key.eoa:
            not_canceled[order_id] = NOT_THERE
        elif app[WORLD].exchange.cancel(post.order, now_ms=now_ms, why=CancelReason.ASKED):
            canceled.append(order_id)
        elif post.order.status is Status.DELAYED:
            not_canceled[order_id] = IN_ITS_DELAY
        else:
            matched = post.order.status is Status.MATCHED
            not_canceled[order_id] = ALREADY_MATCHED if matched else NOT_THERE
    return {"canceled": canceled, "not_canceled": not_canceled}


def _done(
    app: web.Application, result: dict[str, list[str] | dict[str, str]], headers: dict[str, str]
) -> web.Response:
    users.flush(app)
    return answer(result, headers=headers)
