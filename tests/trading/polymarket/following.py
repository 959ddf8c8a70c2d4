"""Our side without sockets: the orders followed, the requests, and the core that hears of them, on a clock of ours."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from core.events import (
    Event,
    FillSeen,
    FillSettled,
    OrderSent,
)
from core.ids import OrderId, Strategy
from core.intents import Place
from core.kept import KeptOrder
from core.orders import Order, Orders
from core.pair import PairLedger
from core.units import Ms, Shares
from tests.builders import MARKET, T0, a_listing
from tests.trading.polymarket.venue_model import NO_TOKEN, YES_TOKEN, VenueModel
from trading.gateways.polymarket.orders.asking import Asking
from trading.gateways.polymarket.orders.own_order import OwnOrder
from trading.gateways.polymarket.orders.own_orders import MarketTerms, OwnOrders
from trading.gateways.polymarket.orders.translate import order_told, trade_told
from trading.gateways.polymarket.reading import read_user_frame
from trading.gateways.polymarket.wire import OrderEvent, TradeEvent

LISTING = replace(a_listing(), yes_token=YES_TOKEN, no_token=NO_TOKEN)
TERMS = MarketTerms(LISTING.yes_token, LISTING.no_token, LISTING.fees, LISTING.delay_ms)


def at_once(request: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing."""
    try:
        request.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waited")


class Following:
    """``heard`` is everything the core was told, in order."""

    def __init__(self) -> None:
        self.now = Ms(T0)
        self.ticking_ms = 0  # by which each look at the clock moves it on
        self.venue = VenueModel(lambda: self.now)
        self.mine = OwnOrders()
        self.why_not: str | None = None
        self.asking = Asking(self.mine, self.venue, lambda place: self.why_not, clock=self.clock)
        self.core = Orders(MARKET)
        self.pair = PairLedger(MARKET, Strategy.PAIR_ARB)
        self.heard: list[Event] = []

    def clock(self) -> Ms:
        self.now = Ms(self.now + self.ticking_ms)
        return self.now

    def send(self, place: Place, order_id: OrderId) -> OwnOrder:
        """The order is on its way; its answer is told by hand."""
        self.venue.known[order_id] = place
        self.core.add(place)
        self.core.apply(OrderSent(place.key, order_id, self.now))
        return self.mine.begin(place, order_id, TERMS, self.now)

    def keep(self, kept: KeptOrder, terms: MarketTerms | None = TERMS) -> OwnOrder:
        """An order of an earlier life of the process."""
        self.core.restore(kept)
        return self.mine.keep(kept, terms, self.now, {})

    def order(self, place: Place) -> Order:
        order = self.core.get(place.key)
        assert order is not None
        return order

    def deliver(self, frame: bytes) -> None:
        """Let one frame of the channel be heard."""
        for event in read_user_frame(frame):
            assert isinstance(event, (OrderEvent, TradeEvent)), event
            if isinstance(event, OrderEvent):
                self.mine.hear(order_told(event), self.now)
            else:
                self.mine.hear_trade(trade_told(event), self.now)
        self.listen()

    def deliver_all(self) -> None:
        while self.venue.mail:
            self.deliver(self.venue.mail.pop(0))

    def listen(self) -> None:
        """The core takes what was said, as the engine does."""
        while self.mine.said:
            event = self.mine.said.popleft()
            self.heard.append(event)
            if isinstance(event, FillSettled):
                self.pair.settled(event.fill_id, event.status, event.heard_ms)
                continue
            happened = self.core.apply(event)  # type: ignore[arg-type]  # only answers are said here
            if isinstance(event, FillSeen) and happened is not None:
                place = self.order_of(event)
                self.pair.filled(
                    event.fill_id,
                    place.outcome,
                    place.side,
                    event.shares,
                    event.amount,
                    event.fee,
                    event.status,
                    event.heard_ms,
                )

    def order_of(self, event: FillSeen) -> Place:
        order = self.core.get(event.key)
        assert order is not None
        return order.place

    def carry_out(self) -> None:
        """Make the requests that are due now."""
        wishes = self.mine.wishes(self.now)
        if wishes.cancels:
            at_once(self.asking.cancel(wishes.cancels))
        for order in wishes.looks:
            at_once(self.asking.look(order))
        if wishes.trades_after is not None:
            at_once(self.asking.trades(wishes.trades_after))
        if wishes.survey:
            at_once(self.asking.survey(wishes.loose))
        self.listen()

    def pass_time(self, ms: int) -> None:
        """Let time pass from one thing due to the next."""
        until = self.now + ms
        for _ in range(2_000):
            due = self.mine.due_ms()
            if due is None or due > until:
                break
            self.now = Ms(max(self.now, due))
            self.carry_out()
        else:
            raise AssertionError("it asks and asks")
        self.now = Ms(until)

    def exposed(self, place: Place) -> Shares:
        """What we count with of a buy: held, the best case, and what may still come."""
        return Shares(self.pair.most_held(place.outcome) + self.order(place).at_stake)
