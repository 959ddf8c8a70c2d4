"""One order as far as we know it. Its statuses' table is in ``core.lifecycle``.

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
from core.ids import FillId, OrderId, Outcome, Side
from core.intents import Place
from core.kept import KeptOrder
from core.lifecycle import OPEN, Happening, Status, step
from core.units import ONE, Ms, Price, Shares, Usdc


def in_yes_terms(place: Place) -> tuple[bool, Price]:
    """Where the order stands in the one mirrored book: (is it a bid for YES, its YES price)."""
    if place.outcome is Outcome.YES:
        return place.side is Side.BUY, place.price
    return place.side is Side.SELL, Price(ONE - place.price)


ACKED: Final = {
    AckStatus.LIVE: Happening.ACKED_LIVE,
    AckStatus.DELAYED: Happening.ACKED_DELAYED,
    AckStatus.MATCHED: Happening.ACKED_MATCHED,
    AckStatus.BACK: Happening.REAPPEARED,
}
ENDED: Final = {
    CloseReason.CANCELLED: Happening.CANCELLED,
    CloseReason.KILLED: Happening.CANCELLED,
    CloseReason.EXPIRED: Happening.EXPIRED,
    CloseReason.NEVER_LANDED: Happening.NOT_FOUND,
}
ENDS: Final = frozenset({Happening.CANCELLED, Happening.EXPIRED})


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

    @classmethod
    def restored(cls, kept: KeptOrder) -> "Order":
        """An order of an earlier life of the process."""
        order = cls.pending(kept.place)
        order.order_id, order.status, order.since_ms = kept.order_id, kept.status, kept.since_ms
        order.filled, order.amount, order.fee = kept.filled, kept.amount, kept.fee
        order.fills = set(kept.fills)
        return order

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
        was = self.status
        self._move(happening, event.heard_ms)
        if happening is Happening.REAPPEARED and self.status is not was:
            self.cancel_asked_ms = None
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
        if happening in ENDS and self.status is Status.MATCHED and not self.remaining:
            return  # all of it traded: there was no rest that could end
        after = step(self.status, happening)
        if after is Status.LIVE and self.filled:
            after = Status.PARTIAL
        if after is not self.status:
            self.status = after
            self.since_ms = at_ms
