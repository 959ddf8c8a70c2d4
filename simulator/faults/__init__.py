"""Faults on demand: named, seeded, rated, counted. ``catalogue`` says which there are; read it first."""

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from core.units import Ms
from simulator import channels
from simulator.exchange.happenings import Happening
from simulator.faults import books, doors, requests
from simulator.faults.catalogue import Fault, Name
from simulator.faults.events import Scrambler
from simulator.faults.sockets import Breaker, Channels, Tearing
from simulator.faults.switchboard import FAULTS, Faults
from simulator.faults.venue import TAMPERING, Tampering
from simulator.sports import SCORES
from simulator.users import USER_HUB

__all__ = ["FAULTS", "Fault", "Faults", "Name", "connect", "count", "install", "step"]

BREAKER: Final = web.AppKey("breaker", Breaker)


def install(app: web.Application) -> None:
    """The middleware goes outside everything else, so this is the first part to be installed."""
    world = app[channels.WORLD]
    faults = app[FAULTS] = Faults(lambda: world.now_ms)
    app[books.ARCHIVE] = books.Archive()
    app.middlewares.append(requests.disturbed)
    app.add_routes(
        [
            web.get(doors.PATH, doors.listed),
            web.post(doors.PATH, doors.switched_on),
            web.delete(doors.PATH, doors.switched_off),
        ]
    )
    tampering = app[TAMPERING] = Tampering(app)
    faults.on_change.append(tampering.switch)


def connect(app: web.Application) -> None:
    """Reach into the channels, once they are all there."""
    faults, market, users = app[FAULTS], app[channels.MARKET_HUB], app[USER_HUB]
    scores, matches = app[SCORES], app[channels.MATCH_HUB]
    hubs: Channels = {"market": market, "user": users, "sports": scores, "matches": matches}
    app[BREAKER] = Breaker(faults, hubs)
    Tearing(faults, market)
    Scrambler(faults, users)


def step(app: web.Application, now_ms: Ms) -> None:
    """What is due by the world's clock."""
    seconds = app[FAULTS].step(now_ms)
    app[BREAKER].step(now_ms, seconds)
    app[TAMPERING].restart(now_ms, seconds=seconds)
    books.keep_books(app, now_ms)


def count(app: web.Application, happenings: Iterable[Happening]) -> None:
    """Notice what the faults made happen on the exchange."""
    app[TAMPERING].count(happenings)
