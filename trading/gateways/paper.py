"""The paper gateway: the same orders, ids and lifecycle as the venue, filled by ``core.paper``'s model."""

import hashlib

from core.events import Event, MarketListed
from core.ids import IntentKey, MarketId, OrderId
from core.intents import Cancel, Merge, WalletAction
from core.paper import PaperVenue
from core.risk import Approved
from core.units import Ms, Shares
from trading.runner import Prepared


def order_id(key: IntentKey) -> OrderId:
    """The paper order id: SHA-256 of the intent key (trading.md 1)."""
    return OrderId("0x" + hashlib.sha256(key.encode()).hexdigest())


class PaperGateway:
    """Synchronous and deterministic: what it has to say it says in ``advance``, at the time it is due."""

    shows_own_orders = False

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue

    def prepare(self, approved: Approved, now: Ms) -> Prepared:
        """Nothing is signed on paper."""
        return Prepared(self.order_id(approved), None)

    def seal(self, key: IntentKey) -> None:
        """Nothing is left to do."""

    def forget(self, key: IntentKey) -> None:
        """Nothing was kept."""

    def order_id(self, approved: Approved) -> OrderId:
        return order_id(approved.intent.key)

    def place(self, approved: Approved, now: Ms) -> None:
        """Send an order. Its row must be written before."""
        self._venue.submit(approved.intent, self.order_id(approved), now)

    def cancel(self, cancel: Cancel, now: Ms) -> None:
        self._venue.cancel(cancel.key, now)

    def wallet(self, action: WalletAction, now: Ms) -> None:
        if isinstance(action, Merge):
            self._venue.merge(action, now)
        else:
            self._venue.redeem(action, now)

    def observe(self, event: Event, now: Ms) -> None:
        """Let the model see the market. Must be called before the engine gets the same event."""
        if isinstance(event, MarketListed):
            self._venue.list_market(event)
        else:
            self._venue.observe(event, now)

    async def ask_open(self, market_id: MarketId | None) -> list[OrderId] | None:
        return self.open_order_ids(market_id)

    def open_order_ids(self, market_id: MarketId | None) -> list[OrderId]:
        """What may still match at the venue, of one market or of all: the question a halt's proof asks."""
        keys = self._venue.open_keys()
        return [order_id(key) for key in keys if market_id is None or key.split("|")[1] == market_id]

    def ahead(self, key: IntentKey) -> Shares | None:
        """Shares queued before an order at its price, by the model; ``None`` when it does not rest."""
        return self._venue.queue_ahead(key)

    def due_ms(self) -> Ms | None:
        return self._venue.due_ms()

    def advance(self, now: Ms) -> list[Event]:
        return self._venue.advance(now)
