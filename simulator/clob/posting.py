"""``POST /order`` and ``POST /orders`` (polymarket.md 3.2)."""

from aiohttp import web

from core.ids import Side
from core.units import Ms, text
from simulator import users
from simulator.clob import intake, payloads
from simulator.clob.auth import key_of
from simulator.clob.budgets import BUDGETS
from simulator.clob.clock import CLOCK
from simulator.clob.eip712 import Terms as SignedTerms
from simulator.clob.keys import ApiKey
from simulator.clob.payloads import SendOrder
from simulator.clob.refusals import Refused, answer, door
from simulator.clob.windows import WINDOWS
from simulator.exchange.orders import Order, Status

NOT_YET: dict[str, object] = {"takingAmount": "", "makingAmount": "", "status": ""}


@door
async def post_order(request: web.Request) -> web.Response:
    app, now_ms = request.app, request.app[CLOCK].now_ms()
    any_order = app[WINDOWS].admit_orders(now_ms)
    key = await key_of(request)
    sent = payloads.order(await request.read())
    headers = app[BUDGETS].spend_orders(key.eoa, 1, now_ms)
    try:
        signed = intake.check_owner(app, sent, key)
        if not any_order and not sent.postOnly:
            raise app[WINDOWS].post_only(now_ms)
        order = await intake.place(app, intake.judge(app, sent, signed, key, now_ms), now_ms)
    except Refused as refusal:
        refusal.headers = {**headers, **refusal.headers}
        raise
    users.flush(app)
    return answer(_taken(order), headers=headers)


@door
async def post_orders(request: web.Request) -> web.Response:
    """At most 15, each with its own entry in the answer; what is wrong with the key refuses all of them."""
    app, now_ms = request.app, request.app[CLOCK].now_ms()
    any_order = app[WINDOWS].admit_orders(now_ms)
    key = await key_of(request)
    sent = payloads.orders(await request.read())
    headers = app[BUDGETS].spend_orders(key.eoa, len(sent), now_ms)
    checked = [intake.check_owner(app, each, key) for each in sent]
    entries = [
        await _entry(app, each, signed, key, now_ms, any_order=any_order)
        for each, signed in zip(sent, checked, strict=True)
    ]
    users.flush(app)
    return answer(entries, headers=headers)


async def _entry(
    app: web.Application,
    sent: SendOrder,
    signed: SignedTerms,
    key: ApiKey,
    now_ms: Ms,
    *,
    any_order: bool,
) -> dict[str, object]:
    """One result of a batch. A refusal there says ``success`` and has no order id (polymarket.md 3.2)."""
    try:
        if not any_order and not sent.postOnly:
            raise app[WINDOWS].post_only(now_ms)
        return _taken(await intake.place(app, intake.judge(app, sent, signed, key, now_ms), now_ms))
    except Refused as refusal:
        return {"errorMsg": refusal.words, "orderID": "", **NOT_YET, "success": True}


def _taken(order: Order) -> dict[str, object]:
    """``transactionsHashes`` is empty: the venue has not told them here since July 2026."""
    body: dict[str, object] = {"errorMsg": "", "orderID": order.order_id}
    if order.status is Status.DELAYED:
        return {**body, "takingAmount": "0", "makingAmount": "0", "status": "delayed", "success": True}
    if not order.filled:
        return {**body, **NOT_YET, "status": "unmatched" if order.was_delayed else "live", "success": True}
    money, shares = text(order.amount, 6), text(order.filled, 6)
    buys = order.side is Side.BUY
    return {
        **body,
        "takingAmount": shares if buys else money,
        "makingAmount": money if buys else shares,
        "status": "matched",
        "transactionsHashes": [],
        "tradeIDs": list(order.trade_ids),
        "success": True,
    }
