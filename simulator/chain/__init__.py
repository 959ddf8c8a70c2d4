"""The chain and what stands on it: wallets, JSON-RPC, the relayer, the Data API, geoblock."""

from aiohttp import web

from core.units import Ms


def install(app: web.Application) -> None:
    """Give the app its chain and the chain's routes."""
    from simulator.channels import WORLD
    from simulator.chain.accounts import CHAIN, Chain

    app[CHAIN] = Chain(app[WORLD])


def step(app: web.Application, now_ms: Ms) -> None:
    """Let blocks be mined and the relayer work until ``now_ms``."""
