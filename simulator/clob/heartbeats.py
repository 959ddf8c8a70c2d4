"""The dead man's switch: an API key that began to beat and falls silent loses its open orders (polymarket.md 3.9).

There is no way to disarm it but to let it strike: that ends the chain, and the next beat begins another (the
unified SDK's words on ``send_order_heartbeat``).
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from aiohttp import web

from core.units import Ms
from simulator.channels import WORLD
from simulator.clob import payloads
from simulator.clob.auth import key_of
from simulator.clob.clock import CLOCK
from simulator.clob.keys import ApiKey
from simulator.clob.posts import POSTS
from simulator.clob.refusals import Refused, answer, door
from simulator.exchange.orders import CancelReason

SILENCE_MS: Final = Ms(10_000)
SWEEP_EVERY_MS: Final = Ms(5_000)
WRONG_ID: Final = "Invalid Heartbeat ID"


@dataclass(slots=True)
class Pulse:
    """``expected`` is the id the next beat must carry; ``None`` while only the legacy call was used."""

    key: ApiKey
    expected: str | None
    last_ms: Ms


@dataclass(slots=True)
class Heartbeats:
    pulses: dict[str, Pulse] = field(default_factory=dict)
    swept_ms: Ms = field(default=Ms(0))
    beats: int = 0

    def beat(self, key: ApiKey, heartbeat_id: str, now_ms: Ms) -> str:
        """Take a beat; returns the id of the next. Raises ``Refused`` with the expected id when it is another."""
        pulse = self._pulse(key, now_ms)
        if pulse.expected is not None and heartbeat_id != pulse.expected:
            beside = {"error_msg": WRONG_ID, "heartbeat_id": pulse.expected}
            raise Refused(400, WRONG_ID, beside=beside)
        self.beats += 1
        pulse.last_ms = now_ms
        pulse.expected = _next_id(key, self.beats)
        return pulse.expected

    def signal(self, key: ApiKey, now_ms: Ms) -> None:
        """The legacy beat, without ids."""
        self._pulse(key, now_ms).last_ms = now_ms

    def end_silent(self, now_ms: Ms) -> list[ApiKey]:
        """Every sweep: the keys that have not beaten for too long; their chains end. None between two sweeps."""
        if now_ms < self.swept_ms + SWEEP_EVERY_MS:
            return []
        self.swept_ms = now_ms
        silent = [pulse.key for pulse in self.pulses.values() if now_ms - pulse.last_ms >= SILENCE_MS]
        for key in silent:
            del self.pulses[key.name]
        return silent

    def _pulse(self, key: ApiKey, now_ms: Ms) -> Pulse:
        return self.pulses.setdefault(key.name, Pulse(key, expected=None, last_ms=now_ms))


HEARTBEATS: Final = web.AppKey("heartbeats", Heartbeats)


@door
async def beat(request: web.Request) -> web.Response:
    key = await key_of(request)
    sent = payloads.beat(await request.read())
    return answer({"heartbeat_id": request.app[HEARTBEATS].beat(key, sent, request.app[CLOCK].now_ms())})


@door
async def legacy_beat(request: web.Request) -> web.Response:
    request.app[HEARTBEATS].signal(await key_of(request), request.app[CLOCK].now_ms())
    return answer({"status": "ok"})


def sweep(app: web.Application, now_ms: Ms) -> None:
    """Cancel the open orders of every key that fell silent. A delayed order cannot be cancelled."""
    exchange, posts = app[WORLD].exchange, app[POSTS]
    for key in app[HEARTBEATS].end_silent(now_ms):
        for post in posts.open_of(key.eoa):
            if post.key.name == key.name:
                exchange.cancel(post.order, now_ms=now_ms, why=CancelReason.HEARTBEAT)


def _next_id(key: ApiKey, beats: int) -> str:
    return str(UUID(bytes=sha256(f"{key.name}|{beats}".encode()).digest()[:16], version=4))
