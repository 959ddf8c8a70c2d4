"""One market's orders, open ones first class, closed ones remembered for what the venue says late."""

from dataclasses import dataclass
from typing import Final

from core.events import FillSeen, FillSettled, OrderEvent
from core.ids import FillId, IntentKey, MarketId, Outcome, Side
from core.intents import Place
from core.kept import KeptOrder
from core.lifecycle import Happening, IllegalTransition, Status
from core.order import Order, in_yes_terms
from core.units import ONE, Ms, Price, Shares

__all__ = ["Happening", "IllegalTransition", "Order", "Orders", "Status", "Stray", "in_yes_terms"]

REMEMBERED: Final = 200  # closed orders kept per market for what the venue says late


@dataclass(frozen=True, slots=True)
class Stray:
    """The event names an order or a fill we have never had or have forgotten. Somebody must look at it."""

    event: OrderEvent


class Orders:
    """All orders of one market, open ones first class, closed ones remembered up to ``REMEMBERED``.

    ``changes`` counts what may have changed what is at stake: a figure reckoned at the same count still holds.
    """

    __slots__ = ("_closed", "_fills", "_open", "changes", "market_id")

    def __init__(self, market_id: MarketId) -> None:
        self.market_id = market_id
        self.changes = 0
        self._open: dict[IntentKey, Order] = {}
        self._closed: dict[IntentKey, Order] = {}
        self._fills: dict[FillId, IntentKey] = {}

    def add(self, place: Place) -> Order:
        """Begin an order's life. Raises ``ValueError`` for a key in use and for another market's order."""
        if place.market_id != self.market_id:
            raise ValueError(f"an order of {place.market_id} among those of {self.market_id}")
        if self.get(place.key) is not None:
            raise ValueError(f"intent key used twice: {place.key}")
        self.changes += 1
        order = Order.pending(place)
        self._open[place.key] = order
        return order

    def restore(self, kept: KeptOrder) -> None:
        """Take up an order of an earlier life of the process. Raises ``ValueError`` as ``add`` does."""
        self.add(kept.place)
        order = self._open[kept.place.key] = Order.restored(kept)
        self._fills.update(dict.fromkeys(kept.fills, kept.place.key))
        self._file(order)

    def apply(self, event: OrderEvent) -> Happening | Stray | None:
        """Give ``event`` to the order it names. ``None``: nothing new, such as a fill told twice.

        Raises ``IllegalTransition`` as ``Order.apply`` does.
        """
        key = self._fills.get(event.fill_id) if isinstance(event, FillSettled) else event.key
        order = None if key is None else self.get(key)
        if order is None:
            return Stray(event)
        self.changes += 1  # before: an order that cannot follow may have moved all the same
        happening = order.apply(event)
        if isinstance(event, FillSeen) and happening is not None:
            self._fills[event.fill_id] = order.place.key
        self._file(order)
        return happening

    def cancel_asked(self, key: IntentKey, at_ms: Ms) -> Happening | None:
        """Note our wish to withdraw ``key``; ``None`` when there is no such order."""
        order = self.get(key)
        if order is None:
            return None
        self.changes += 1
        return order.cancel_asked(at_ms)

    def get(self, key: IntentKey) -> Order | None:
        return self._open.get(key) or self._closed.get(key)

    def open(self) -> list[Order]:
        """Orders that may still match, in the order they were added."""
        return [order for order in self._open.values() if order.is_open]

    def at_stake(self) -> list[Order]:
        """Orders that may still turn into a holding: open ones, and closed ones with fills still to be seen."""
        return [order for order in self._open.values() if order.at_stake]

    def open_bid_shares(self, outcome: Outcome) -> Shares:
        """Shares of ``outcome`` that own buys may still bring, unknown and half-told ones included."""
        return Shares(
            sum(
                order.at_stake
                for order in self._open.values()
                if order.place.outcome is outcome and order.place.side is Side.BUY
            )
        )

    def offered(self, outcome: Outcome) -> Shares:
        """Shares of ``outcome`` that own sales may still take, unknown and half-told ones included."""
        return Shares(
            sum(
                order.at_stake
                for order in self._open.values()
                if order.place.outcome is outcome and order.place.side is Side.SELL
            )
        )

    def best_own_bid(self, outcome: Outcome) -> Price | None:
        """The highest price of an open buy of ``outcome``."""
        prices = (
            order.place.price
            for order in self._open.values()
            if order.place.outcome is outcome and order.place.side is Side.BUY and order.is_open
        )
        return max(prices, default=None)

    def size_at(self, outcome: Outcome, price: Price) -> Shares:
        """Own size the venue may show at ``price`` of ``outcome``: orders of that token and mirrored ones."""
        yes_price = price if outcome is Outcome.YES else Price(ONE - price)
        return Shares(
            sum(
                order.remaining
                for order in self._open.values()
                if order.yes_price == yes_price and order.is_open
            )
        )

    @property
    def any_unknown(self) -> bool:
        return any(order.status is Status.UNKNOWN for order in self._open.values())

    def would_match_own(self, place: Place) -> Order | None:
        """The first own order ``place`` could trade with: directly, by minting or by merging."""
        is_bid, price = in_yes_terms(place)
        for order in self._open.values():
            if order.is_yes_bid == is_bid or not order.is_open or order.place.key == place.key:
                continue
            bid, ask = (price, order.yes_price) if is_bid else (order.yes_price, price)
            if bid >= ask:
                return order
        return None

    def _file(self, order: Order) -> None:
        """Keep the order where its state belongs, and forget the oldest closed ones."""
        key = order.place.key
        if order.is_open or order.at_stake:
            if self._closed.pop(key, None) is not None:
                self._open[key] = order
            return
        if self._open.pop(key, None) is None:
            return
        self._closed[key] = order
        if len(self._closed) > REMEMBERED:
            forgotten = self._closed.pop(next(iter(self._closed)))
            for fill_id in forgotten.fills:
                del self._fills[fill_id]
