"""Carries out what the orders wish to know: posts, cancels, looks, lists and trades, each a bounded request.

Every request ends in a word to ``OwnOrders``, a failed one too. Nothing here decides what an answer means.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from core.ids import IntentKey, OrderId, Side
from core.intents import Place
from core.units import Ms
from infra import clock as infra_clock
from infra import logs
from trading.gateways.polymarket.answers import (
    Accepted,
    CancelOutcome,
    Duplicated,
    PostOutcome,
    PostStatus,
    Refused,
    Unanswered,
)
from trading.gateways.polymarket.credentials import Credentials
from trading.gateways.polymarket.orders.own_order import OwnOrder
from trading.gateways.polymarket.orders.own_orders import OwnOrders
from trading.gateways.polymarket.orders.strays import BEFORE_MS
from trading.gateways.polymarket.orders.translate import Standing, order_read, trade_told
from trading.gateways.polymarket.signing import Signed
from trading.gateways.polymarket.transport.lanes import Letter
from trading.gateways.polymarket.wire import OpenOrder, VenueTrade

CANCELS_A_REQUEST: Final = 100  # the venue takes 1,000, and 120 at once of one signer (polymarket.md 3.8, 10)
UNTOLD_MS: Final = 5_000  # a trade as old as this should have been told by the channel

ANSWERED: Final = {
    PostStatus.LIVE: Standing.LIVE,
    PostStatus.UNMATCHED: Standing.LIVE,
    PostStatus.DELAYED: Standing.DELAYED,
    PostStatus.MATCHED: Standing.MATCHED,
}

log = logs.get("gateway")


class Venue(Protocol):
    """What we use of ``transport.Transport``. Every call ends by itself."""

    @property
    def credentials(self) -> Credentials: ...

    def letter(self, signed: Signed) -> Letter | None: ...

    def send(self, letter: Letter) -> None: ...

    async def post(
        self, signed: Signed, *, letter: Letter | None = ..., allowed: Callable[[], str | None] = ...
    ) -> PostOutcome: ...

    async def cancel(self, order_ids: Sequence[OrderId]) -> CancelOutcome | Unanswered: ...

    async def order(self, order_id: OrderId) -> OpenOrder | Unanswered | None: ...

    async def open_orders(self) -> list[OpenOrder] | Unanswered: ...

    async def trades(
        self, after_ms: Ms | None = None, *, trade_id: str | None = None
    ) -> list[VenueTrade] | Unanswered: ...


class Asking:
    """The requests of one gateway. ``allowed`` says why an order may not be sent again, ``None`` when it may."""

    def __init__(
        self,
        orders: OwnOrders,
        venue: Venue,
        allowed: Callable[[Place], str | None],
        *,
        clock: Callable[[], Ms] = infra_clock.now_ms,
    ) -> None:
        self.clock = clock
        self._orders = orders
        self._venue = venue
        self._allowed = allowed
        self.untold_ms: Ms | None = None  # when the last trade was made that a read told first, and late
        self._signed: dict[IntentKey, Signed] = {}  # of orders under way and of those that may be sent again

    async def post(self, order: OwnOrder, signed: Signed, letter: Letter | None = None) -> None:
        """Send an order, unless its letter has left already, and take in the answer."""
        self._signed[order.place.key] = signed
        outcome = await self._venue.post(signed, letter=letter, allowed=partial(self._why_not, order))
        now = self.clock()
        if not isinstance(outcome, Unanswered):
            self._signed.pop(order.place.key, None)
        match outcome:
            case Accepted():
                self._accepted(order, outcome, now)
            case Refused(code=code, text=text):
                order.refused(code, text, now)
            case Duplicated(text=text):
                order.duplicated(text, now)
            case Unanswered(reason=reason, closed_ms=closed_ms):
                order.unanswered(reason, closed_ms, now)

    def _accepted(self, order: OwnOrder, outcome: Accepted, now: Ms) -> None:
        if outcome.order_id.lower() != order.order_id:
            log.error(
                "order id differs",
                event_type="order_id_mismatch",
                key=order.place.key,
                computed=order.order_id,
                venue=outcome.order_id,
            )
            self._orders.rename(order, outcome.order_id)
        standing = ANSWERED.get(outcome.status)
        stated = outcome.taken if order.place.side is Side.BUY else outcome.made
        if standing is Standing.MATCHED and stated and stated < order.place.shares:
            standing = Standing.LIVE  # a part matched at once, the rest is on the book
        order.accepted(standing, now)

    async def cancel(self, orders: list[OwnOrder]) -> None:
        """Cancel all of them, in as few requests as the venue allows."""
        for start in range(0, len(orders), CANCELS_A_REQUEST):
            batch = orders[start : start + CANCELS_A_REQUEST]
            outcome = await self._venue.cancel([order.order_id for order in batch])
            now = self.clock()
            if isinstance(outcome, Unanswered):
                for order in batch:
                    order.cancel_unanswered(outcome.reason, now)
                continue
            gone = {order_id.lower() for order_id in outcome.canceled}
            kept = {order_id.lower(): reason for order_id, reason in outcome.not_canceled.items()}
            for order in batch:
                if order.order_id in gone:
                    order.cancelled(now)
                elif order.order_id in kept:
                    order.not_cancelled(kept[order.order_id], now)
                else:
                    order.cancel_unanswered("the venue did not speak of it", now)

    async def look(self, order: OwnOrder) -> None:
        """Ask for one order by its id; where its absence would prove something, for its trades too."""
        try:
            asked_ms = self.clock()
            found = await self._venue.order(order.order_id)
            if isinstance(found, Unanswered):
                order.look_failed(self.clock())
            elif found is not None:
                order.looked(order_read(found), self.clock())
            elif await self._no_trade_of(order, asked_ms):
                await self._not_there(order, asked_ms)
            else:
                order.look_failed(self.clock())
        finally:
            self._orders.looked(order)

    async def _no_trade_of(self, order: OwnOrder, asked_ms: Ms) -> bool:
        """Whether its absence stands, as far as it matters yet: no trade of it is known at the venue either."""
        if order.inquiry is None or not order.inquiry.counts(asked_ms):
            return True
        after = Ms(order.place.decided_ms - BEFORE_MS)
        trades = await self._venue.trades(after)
        if isinstance(trades, Unanswered):
            return False
        traded_before = order.fills.filled
        self._hear(trades)
        return order.fills.filled == traded_before

    async def _not_there(self, order: OwnOrder, asked_ms: Ms) -> None:
        """Send the identical bytes again while that is allowed and of use; else cancel by id, should it yet land."""
        now = self.clock()
        order.absent(asked_ms, now)
        inquiry, signed = order.inquiry, self._signed.get(order.place.key)
        if order.is_over or inquiry is None or inquiry.landed:
            return
        timely = inquiry.may_resend(order.place.decided_ms, now)
        if signed is not None and timely and self._why_not(order) is None:
            order.resending()
            await self.post(order, signed)
            return
        self._signed.pop(order.place.key, None)
        order.want_gone(now, asked_by_core=False)

    def _why_not(self, order: OwnOrder) -> str | None:
        """Why the same bytes must not leave again."""
        return "withdrawn meanwhile" if order.cancel_ms is not None else self._allowed(order.place)

    async def trades(self, after_ms: Ms) -> bool:
        """Read all trades from then on. False when nobody answered."""
        answered = False
        try:
            trades = await self._venue.trades(after_ms)
            if not isinstance(trades, Unanswered):
                answered = True
                self._hear(trades)
        finally:
            self._orders.trades_read(answered=answered, now=self.clock())
        return answered

    def _hear(self, trades: list[VenueTrade]) -> None:
        """In the order in which they happened."""
        now = self.clock()
        facts = [trade_told(trade) for trade in trades]
        for fact in sorted(facts, key=lambda fact: (fact.matched_ms or 0, fact.trade_id)):
            news = self._orders.hear_trade(fact, now)
            if news and fact.matched_ms is not None and now - fact.matched_ms >= UNTOLD_MS:
                self.untold_ms = fact.matched_ms

    async def survey(self, loose: Sequence[str] = ()) -> bool:
        """Read what is open, and the trades of ``loose``. False when nobody answered what is open."""
        try:
            for trade_id in loose:
                trades = await self._venue.trades(trade_id=trade_id)
                if not isinstance(trades, Unanswered):
                    self._hear(trades)
            asked_ms = self.clock()
            found = await self._venue.open_orders()
            if isinstance(found, Unanswered):
                return False
            facts = [fact for order in found if (fact := order_read(order)) is not None]
            self._orders.listed(facts, asked_ms, self.clock())
            return True
        finally:
            self._orders.surveyed(self.clock())
