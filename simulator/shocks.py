"""``POST /simulator/shocks``: let a market's price turn at once, or be gone for a moment. For provers.

A price that turns against what a trader holds is the honest way to make it lose; one that is gone for a moment, because
the makers withdrew, is a phantom that must cost nothing.
"""

from typing import Final

import msgspec
from aiohttp import web

from core.ids import MarketId
from core.units import CERTAIN, Prob
from simulator.channels import WORLD

PATH: Final = "/simulator/shocks"


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """``chance`` of YES, in millionths, that everybody believes from now on; ``None``: the makers withdraw."""

    market: MarketId
    chance: int | None


_wishes = msgspec.json.Decoder(Wish)


def install(app: web.Application) -> None:
    app.add_routes([web.post(PATH, shocked)])


async def shocked(request: web.Request) -> web.Response:
    """404 for a market that is not open, 422 for what is no wish."""
    try:
        wish = _wishes.decode(await request.read())
    except msgspec.DecodeError as error:
        return web.json_response({"error": str(error)}, status=422)
    chance, world = wish.chance, request.app[WORLD]
    if chance is not None and not 0 < chance < CERTAIN:
        return web.json_response({"error": f"a chance is between 0 and {CERTAIN}, not {chance}"}, status=422)
    done = world.pull(wish.market) if chance is None else world.shock(wish.market, Prob(chance))
    if not done:
        return web.json_response({"error": f"market {wish.market} is not open"}, status=404)
    return web.json_response({"market": wish.market, "chance": chance})
