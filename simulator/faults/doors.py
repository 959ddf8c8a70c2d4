"""``/simulator/faults``: switch faults on and off and read what they did."""

from typing import Final

import msgspec
from aiohttp import web

from core.units import Ms
from simulator.faults.catalogue import MEANING, Fault, Name
from simulator.faults.switchboard import FAULTS, Faults

PATH: Final = "/simulator/faults"


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What ``POST`` takes; see ``Fault``."""

    name: Name
    rate: int
    seed: int
    for_ms: Ms | None = None
    target: str | None = None
    seconds: int | None = None


class State(msgspec.Struct):
    """What ``GET`` tells of each fault. ``rate`` to ``seconds`` are ``None`` while it is off."""

    name: Name
    meaning: str
    on: bool
    asked: int
    done: int
    rate: int | None
    seed: int | None
    until_ms: Ms | None
    target: str | None
    seconds: int | None


_wishes = msgspec.json.Decoder(Wish)


async def listed(request: web.Request) -> web.Response:
    """Every fault there is, with what it did so far."""
    return _told(request.app[FAULTS])


async def switched_on(request: web.Request) -> web.Response:
    """One fault on, from now; 422 for what is no fault."""
    try:
        wish = _wishes.decode(await request.read())
        fault = Fault(**msgspec.structs.asdict(wish))
    except (msgspec.DecodeError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=422)
    request.app[FAULTS].switch_on(fault)
    return _told(request.app[FAULTS])


async def switched_off(request: web.Request) -> web.Response:
    """The faults named by ``?name=``, or all. 422 for a name that is none."""
    try:
        names = [Name(name) for name in request.query.getall("name", [])]
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=422)
    request.app[FAULTS].switch_off(*names)
    return _told(request.app[FAULTS])


def _told(faults: Faults) -> web.Response:
    body = msgspec.json.encode({"faults": [_state(faults, name) for name in Name]})
    return web.Response(body=body, content_type="application/json")


def _state(faults: Faults, name: Name) -> State:
    switched, tally = faults.on.get(name), faults.tallies[name]
    fault = None if switched is None else switched.fault
    return State(
        name=name,
        meaning=MEANING[name],
        on=switched is not None,
        asked=tally.asked,
        done=tally.done,
        rate=None if fault is None else fault.rate,
        seed=None if fault is None else fault.seed,
        until_ms=None if switched is None else switched.until_ms,
        target=None if fault is None else fault.target,
        seconds=None if fault is None else fault.seconds,
    )
