"""The faults of the user channel: events that come twice, in another order, or without their makers."""

from typing import Final

import msgspec

from core.units import Ms
from simulator.exchange.trades import TradeStatus
from simulator.faults.catalogue import Name
from simulator.faults.switchboard import Faults
from simulator.user_events import TradeEvent, UserEvent
from simulator.users import UserClient, UserHub

CHANNEL: Final = "user"
AGAIN_MS: Final = (0, 5_000)
OVERTAKEN_MS: Final = (100, 2_000)
REVERTED: Final = (TradeStatus.RETRYING.upper(), TradeStatus.FAILED.upper())


class Scrambler:
    """Stands between the hub and its clients."""

    def __init__(self, faults: Faults, hub: UserHub) -> None:
        self._faults = faults
        self._hub = hub
        hub.deliver = self.deliver

    def deliver(self, client: UserClient, event: UserEvent) -> None:
        faults = self._faults
        if isinstance(event, TradeEvent) and faults.strikes(Name.MISSING_MAKERS, CHANNEL):
            event = msgspec.structs.replace(event, maker_orders=None)
        twice = not faults.full and faults.strikes(Name.DUPLICATE, CHANNEL)
        if not faults.full and faults.strikes(Name.REORDER, CHANNEL):
            self._put_off(client, event, faults.between(Name.REORDER, OVERTAKEN_MS))
        else:
            self._hub.send(client, event)
        if twice:
            self._put_off(client, event, faults.between(Name.DUPLICATE, AGAIN_MS))

    def _put_off(self, client: UserClient, event: UserEvent, span_ms: Ms) -> None:
        """Send it later, unless the client has gone by then."""

        def send() -> None:
            if client in self._hub.clients:
                self._hub.send(client, event)

        self._faults.later(Ms(self._faults.now_ms + span_ms), send)
