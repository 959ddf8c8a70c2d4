"""The chain and what stands on it: wallets, JSON-RPC, the relayer, the Data API, geoblock.

``install`` and ``step`` import the parts when called: the CLOB reads this room's addresses, and this room's
doors read the CLOB's keys.
"""

from aiohttp import web

from core.units import Ms


def install(app: web.Application) -> None:
    """Give the app its chain and the chain's routes. Needs the world."""
    from simulator.chain import assembly

    assembly.install(app)


def step(app: web.Application, now_ms: Ms) -> None:
    """Let blocks be mined and the relayer work until ``now_ms``."""
    from simulator.chain import assembly

    assembly.step(app, now_ms)
