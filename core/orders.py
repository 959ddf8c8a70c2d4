"""One order as far as we know it, and one market's orders. The statuses' table is in ``core.lifecycle``.

An order that nobody answered for is ``UNKNOWN``: it counts as exposure until the venue settles it. Fills are
facts and may follow anything, a closed order included. What a fill is worth is the pair ledger's business.
"""

from dataclasses import dataclass, field
from typing import Final

from core.events import (
    AckStatus,
    CancelFailed,
    CloseReason,
    FillSeen,
    FillSettled,
    OrderAcked,
    OrderClosed,
    OrderEvent,
    OrderRejected,
    OrderSent,
    OrderUnknown,
)
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome, Side
from core.intents import Place
from core.lifecycle import OPEN, Happening, IllegalTransition, Status, step
from core.units import ONE, Ms, Price, Shares, Usdc

__all__ = ["Happening", "IllegalTransition", "Order", "Orders", "Status", "Stray"]

REMEMBERED: Final = 200  # closed orders kept per market for what the venue says late


def in_yes_terms(place: Place) -> tuple[bool, Price]:
    """Where the order stands in the one mirrored book: (is it a bid for YES, its YES price)."""
    if place.outcome is Outcome.YES:
        return place.side is Side.BUY, place.price
    return place.side is Side.SELL, Price(ONE - place.price)


ACKED: Final = {
    AckStatus.LIVE: Happening.ACKED_LIVE,
    AckStatus.DELAYED: Happening.ACKED_DELAYED,
    AckStatus.MATCHED: Happening.ACKED_MATCHED,
}
ENDED: Final = {
    CloseReason.CANCELLED: Happening.CANCELLED,
    CloseReason.KILLED: Happening.CANCELLED,
    CloseReason.EXPIRED: Happening.EXPIRED,
    CloseReason.NEVER_LANDED: Happening.NOT_FOUND,
}


@dataclass(slots=True, eq=False)
class Order:
    """One order as far as we know it. Changed by ``apply`` only.

    Units:
        order_id:  ``None`` until it is on the wire.
        filled:    shares of all fills heard of, those that FAILED later included: the venue counts them too.
        amount:    USDC of these fills before fees.
        told:      fill total the venue stated at closing; above ``filled`` a fill is still to come.
        since_ms:  when the present status began.
        cancel_asked_ms: when we last asked to cancel it; ``None`` when we did not or that cancel failed.
        cancel_tried_ms: the same, failed ones included.
    """

    place: Place
    order_id: OrderId | None
    status: Status
    filled: Shares
    amount: Usdc
    fee: Usdc
    told: Shares
    since_ms: Ms
    cancel_asked_ms: Ms | None
    is_yes_bid: bool
    yes_price: Price
    cancel_tried_ms: Ms | None = None
    fills: set[FillId] = field(default_factory=set)

    @classmethod
    def pending(cls, place: Place) -> "Order":
        is_yes_bid, yes_price = in_yes_terms(place)
        nothing = Shares(0)
        return cls(
            place=place,
            order_id=None,
            status=Status.PENDING,
            filled=nothing,
            amount=Usdc(0),
            fee=Usdc(0),
            told=nothing,
            since_ms=place.decided_ms,
            cancel_asked_ms=None,
            is_yes_bid=is_yes_bid,
            yes_price=yes_price,
        )

    @property
    def remaining(self) -> Shares:
        return Shares(max(0, self.place.shares - self.filled))

    @property
    def is_open(self) -> bool:
        """May still match. A match whose fills have not all been told counts as open too."""
        return self.status in OPEN or (self.status is Status.MATCHED and self.remaining > 0)

    @property
    def at_stake(self) -> Shares:
        """Shares that may still turn into a holding: the open rest, or fills told of but not yet seen."""
        return self.remaining if self.is_open else Shares(max(0, self.told - self.filled))

    @property
    def is_cancellable(self) -> bool:
        """A cancel asked now can be carried out, and none is under way."""
        return self.status in (Status.LIVE, Status.PARTIAL, Status.UNKNOWN) and self.cancel_asked_ms is None

    def apply(self, event: OrderEvent) -> Happening | None:
        """Take in what the venue said. ``None``: it was known already or concerns settlement only.

        Raises ``IllegalTransition`` when it cannot follow what was said before.
        """
        if isinstance(event, FillSettled):
            return None
        if isinstance(event, FillSeen):
            return self._fill(event)
        happening = self._happening(event)
        self._move(happening, event.heard_ms)
        if isinstance(event, (OrderSent, OrderAcked)):
            self.order_id = event.order_id
        elif isinstance(event, OrderClosed):
            self.told = max(self.told, event.filled)
        elif isinstance(event, CancelFailed):
            self.cancel_asked_ms = None
        return happening

    def cancel_asked(self, at_ms: Ms) -> Happening:
        """Note that we ask the venue to withdraw it."""
        self._move(Happening.CANCEL_ASKED, at_ms)
        self.cancel_asked_ms = self.cancel_tried_ms = at_ms
        return Happening.CANCEL_ASKED

    def _happening(
        self, event: OrderSent | OrderAcked | OrderRejected | OrderUnknown | OrderClosed | CancelFailed
    ) -> Happening:
        match event:
            case OrderSent():
                return Happening.SENT
            case OrderAcked(status=status):
                return ACKED[status]
            case OrderRejected():
                return Happening.REJECTED
            case OrderUnknown():
                return Happening.UNANSWERED
            case OrderClosed(reason=reason):
                return ENDED[reason]
            case CancelFailed():
                return Happening.CANCEL_FAILED

    def _fill(self, event: FillSeen) -> Happening | None:
        if event.fill_id in self.fills:
            return None
        self.fills.add(event.fill_id)
        self.filled = Shares(self.filled + event.shares)
        self.amount = Usdc(self.amount + event.amount)
        self.fee = Usdc(self.fee + event.fee)
        happening = Happening.FILLED_PART if self.remaining else Happening.FILLED_WHOLE
        self._move(happening, event.heard_ms)
        return happening

    def _move(self, happening: Happening, at_ms: Ms) -> None:
        after = step(self.status, happening)
        if after is not self.status:
            self.status = after
            self.since_ms = at_ms


@dataclass(frozen=True, slots=True)
class Stray:
    """The event names an order or a fill we have never had or have forgotten. Somebody must look at it."""

    event: OrderEvent


class Orders:
    """All orders of one market, open ones first class, closed ones remembered up to ``REMEMBERED``."""

    __slots__ = ("_closed", "_fills", "_open", "market_id")

    def __init__(self, market_id: MarketId) -> None:
        self.market_id = market_id
        self._open: dict[IntentKey, Order] = {}
        self._closed: dict[IntentKey, Order] = {}
        self._fills: dict[FillId, IntentKey] = {}

    def add(self, place: Place) -> Order:
        """Begin an order's life. Raises ``ValueError`` for a key in use and for another market's order."""
        if place.market_id != self.market_id:
            raise ValueError(f"an order of {place.market_id} among those of {self.market_id}")
        if self.get(place.key) is not None:
            raise ValueError(f"intent key used twice: {place.key}")
        order = Order.pending(place)
        self._open[place.key] = order
        return order

    def apply(self, event: OrderEvent) -> Happening | Stray | None:
        """Give ``event`` to the order it names. ``None``: nothing new, such as a fill told twice.

        Raises ``IllegalTransition`` as ``Order.apply`` does.
        """
        key = self._fills.get(event.fill_id) if isinstance(event, FillSettled) else event.key
        order = None if key is None else self.get(key)
        if order is None:
            return Stray(event)
        happening = order.apply(event)
        if isinstance(event, FillSeen) and happening is not None:
            self._fills[event.fill_id] = order.place.key
        self._file(order)
        return happening

    def cancel_asked(self, key: IntentKey, at_ms: Ms) -> Happening | None:
        """Note our wish to withdraw ``key``; ``None`` when there is no such order."""
        order = self.get(key)
        return None if order is None else order.cancel_asked(at_ms)

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
