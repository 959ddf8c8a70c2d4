"""The REST half of the venue's order book, in its own wire format and with its own refusals.

``install`` adds the routes, ``step`` lets happen what time brings about: hearts that fell silent, delays over.
"""

import secrets
from fractions import Fraction

from aiohttp import web

from core.units import Ms
from infra.clock import fresh, now_ms, speed
from simulator import rest
from simulator.channels import WORLD
from simulator.clob import (
    balances,
    cancelling,
    credentials,
    heartbeats,
    intake,
    markets,
    posting,
    reading,
    truth,
)
from simulator.clob.budgets import BUDGETS, Budgets
from simulator.clob.clock import CLOCK, VenueClock
from simulator.clob.heartbeats import HEARTBEATS, Heartbeats
from simulator.clob.holding import HOLDING, Holding
from simulator.clob.keys import KEYS, Keys
from simulator.clob.posts import POSTS, Posts
from simulator.clob.windows import STANDINGS, WINDOWS, Standings, Windows

SEED_BYTES = 32


def install(app: web.Application) -> None:
    """Needs the world and the chain. Who steps the world by hand sets ``app[CLOCK].read`` afterwards."""
    app[CLOCK] = VenueClock(now_ms, None if speed() == 1 else _machine_ms)
    app[KEYS] = Keys(secrets.token_bytes(SEED_BYTES))
    app[WINDOWS], app[STANDINGS] = Windows(), Standings()
    app[BUDGETS], app[HEARTBEATS], app[POSTS], app[HOLDING] = Budgets(), Heartbeats(), Posts(), Holding()
    app[WORLD].exchange.may_spend = intake.spending(app)
    app.add_routes([*_public(), *_private()])
    rest.install(app)


def step(app: web.Application, now_ms: Ms) -> None:
    heartbeats.sweep(app, now_ms)
    app[HOLDING].release()


def _machine_ms() -> Ms:
    return Ms(fresh(Fraction(1)).epoch_ms)


def _public() -> list[web.RouteDef]:
    by_query_or_path = (
        ("/tick-size", markets.tick_size),
        ("/neg-risk", markets.neg_risk),
        ("/fee-rate", markets.fee_rate),
    )
    several = (
        ("/books", markets.books),
        ("/midpoints", markets.midpoints),
        ("/spreads", markets.spreads),
        ("/prices", markets.prices),
    )
    return [
        web.get("/ok", markets.ok),
        web.get("/time", markets.server_time),
        web.get("/version", markets.version),
        web.get("/book", markets.book),
        web.get("/midpoint", markets.midpoint),
        web.get("/spread", markets.spread),
        web.get("/price", markets.price),
        web.get("/clob-markets/{condition_id}", markets.clob_market),
        web.get("/markets-by-token/{token_id}", markets.by_token),
        web.get("/books", markets.books),
        web.get("/midpoints", markets.midpoints),
        *(web.get(path, handler) for path, handler in by_query_or_path),
        *(web.get(f"{path}/{{token_id}}", handler) for path, handler in by_query_or_path),
        *(web.post(path, handler) for path, handler in several),
        web.get("/simulator/truth/{wallet}", truth.truth),
    ]


def _private() -> list[web.RouteDef]:
    return [
        web.post("/auth/api-key", credentials.create),
        web.delete("/auth/api-key", credentials.delete),
        web.get("/auth/derive-api-key", credentials.derive),
        web.get("/auth/api-keys", credentials.listed),
        web.get("/auth/ban-status/closed-only", credentials.closed_only),
        web.post("/order", posting.post_order),
        web.post("/orders", posting.post_orders),
        web.delete("/order", cancelling.cancel_order),
        web.delete("/orders", cancelling.cancel_orders),
        web.delete("/cancel-all", cancelling.cancel_all),
        web.delete("/cancel-market-orders", cancelling.cancel_market_orders),
        web.get("/data/order/{order_id}", reading.order),
        web.get("/data/orders", reading.open_orders),
        web.get("/data/trades", reading.trades),
        web.get("/balance-allowance", balances.balance_allowance),
        web.get("/balance-allowance/update", balances.balance_allowance),
        web.post("/v1/heartbeats", heartbeats.beat),
        web.post("/heartbeats", heartbeats.legacy_beat),
    ]
