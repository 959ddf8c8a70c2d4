"""Who listens to the user channel, and ``flush``, which tells them what has happened.

The doors of the venue call ``flush`` after everything they do, so this knows neither them nor their keys:
``user_channel`` brings what it takes to say who hears what.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from aiohttp import web

from core.ids import MarketId
from simulator.channels import WORLD, Client, Hub
from simulator.exchange.happenings import Happening
from simulator.user_events import UserEvent

_encode = msgspec.json.Encoder().encode


class UserClient(Client):
    """``eoa`` is whose events it gets, ``None`` before it has shown a key. No markets: all markets."""

    def __init__(self, connection: web.Request) -> None:
        super().__init__(connection)
        self.eoa: str | None = None
        self.markets: set[str] = set()

    def wants(self, eoa: str, market_id: MarketId) -> bool:
        return self.eoa == eoa and (not self.markets or market_id.lower() in self.markets)


Deliver = Callable[[UserClient, UserEvent], None]
Hearing = tuple[str, UserEvent]  # an EOA, and what it hears of a happening


class UserHub(Hub[UserClient]):
    """``deliver`` is how an event gets to a client: a fault may stand in between."""

    def __init__(self, hearings: Callable[[Happening], Iterable[Hearing]]) -> None:
        super().__init__()
        self.deliver: Deliver = self.send
        self._hearings = hearings

    def send(self, client: UserClient, event: UserEvent) -> None:
        self.tell(client, _encode(event).decode())

    def publish(self, happening: Happening) -> None:
        """Hand what happened to every connection of an EOA that it concerns and that wants its market."""
        for eoa, event in self._hearings(happening):
            for client in self.clients:
                if client.wants(eoa, event.market):
                    self.deliver(client, event)


USER_HUB: Final = web.AppKey("user_hub", UserHub)


def flush(app: web.Application) -> list[Happening]:
    """Tell everybody what has happened to them since the last call; returns it."""
    happenings = app[WORLD].exchange.drain_happenings()
    for happening in happenings:
        app[USER_HUB].publish(happening)
    return happenings
