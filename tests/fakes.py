"""Fakes we own: somebody who answers the engine, and a gateway that remembers."""

from collections.abc import Iterable
from typing import TypeVar

from core import events as ev
from core.absent import NOTHING_LEFT, Past
from core.desk import Desk
from core.engine import Engine, Setup, Step
from core.ids import IntentKey, MarketId, OrderId, Outcome
from core.intents import Cancel, OrderKind, Place, WalletAction
from core.ledger import Entry
from core.orders import Order, Status
from core.risk import Approved, Refused
from core.units import Ms, shares, text, usdc
from tests.builders import (
    DEEP_ASKS,
    DEEP_BIDS,
    MARKET,
    T0,
    a_book,
    a_deposit,
    a_fill,
    a_listing,
    a_setup,
    an_order_id,
)
from trading.runner import Prepared

N = TypeVar("N")


class Play:
    """An engine on a stage: tells it things, answers its orders by hand, remembers what it asked for.

    ``now`` moves only by ``wait`` and ``tick``.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        *,
        cash: str = "10000",
        entries: Iterable[Entry] | None = None,
        sequences: dict[MarketId, int] | None = None,
        markets: Iterable[ev.MarketListed] | None = None,
        past: Past = NOTHING_LEFT,
    ) -> None:
        booked = [a_deposit(cash)] if entries is None else list(entries)
        self.engine = Engine(setup or a_setup(), entries=booked, sequences=sequences or {}, past=past)
        self.now = T0
        self.steps: list[Step] = []
        self.events: list[ev.Event] = []
        self.fills = 0
        for listing in (a_listing(),) if markets is None else markets:
            self.hear(listing)

    @property
    def desk(self) -> Desk:
        return self.engine.desks[MARKET]

    def hear(self, event: ev.Event) -> Step:
        self.events.append(event)
        step = self.engine.step(event)
        self.steps.append(step)
        return step

    def wait(self, span_ms: int) -> None:
        self.now = Ms(self.now + span_ms)

    def tick(self, span_ms: int = 1_000) -> Step:
        self.wait(span_ms)
        return self.hear(ev.Tick(self.now))

    def book(self, bids: str = DEEP_BIDS, asks: str = DEEP_ASKS, *, market: MarketId = MARKET) -> Step:
        """Both tokens say the same book in one frame."""
        first, last = a_book(bids, asks, now=self.now, market=market)
        self.hear(first)
        return self.hear(last)

    def take_up(self, step: Step, status: ev.AckStatus = ev.AckStatus.LIVE) -> None:
        """Send and acknowledge every order of ``step``, and those that follow from it."""
        for approved in step.approved:
            key = approved.intent.key
            self.take_up(self.hear(ev.OrderSent(key, an_order_id(key), self.now)))
            self.take_up(self.hear(ev.OrderAcked(key, an_order_id(key), status, self.now)))

    def confirm_cancels(self, step: Step) -> None:
        """The venue carries every cancel of ``step`` out, and takes up what follows from it."""
        for cancel in step.cancels:
            after = self.hear(self.closed(cancel.key))
            self.take_up(after)
            self.confirm_cancels(after)

    def closed(self, key: IntentKey, filled: str | None = None) -> ev.OrderClosed:
        order = self.order(key)
        total = order.filled if filled is None else shares(filled)
        return ev.OrderClosed(key, ev.CloseReason.CANCELLED, total, self.now)

    def fill(
        self,
        order: Order,
        size: str,
        *,
        status: ev.FillStatus = ev.FillStatus.CONFIRMED,
        fee: str = "0",
    ) -> Step:
        """Trade ``size`` of an order at its own price."""
        self.fills += 1
        amount = order.place.price * shares(size) // 10_000
        seen = ev.FillSeen(
            fill_id=a_fill("1", "1", fill=f"fill-{self.fills}").fill_id,
            key=order.place.key,
            shares=shares(size),
            amount=usdc(text(amount, 6)),
            fee=usdc(fee),
            status=status,
            evidence=ev.Evidence.QUEUE,
            said_ms=self.now,
            heard_ms=self.now,
        )
        return self.hear(seen)

    def order(self, key: IntentKey) -> Order:
        order = self.engine.desks[MarketId(key.split("|")[1])].orders.get(key)
        assert order is not None, f"no such order: {key}"
        return order

    def open(self, market: MarketId = MARKET) -> list[Order]:
        return self.engine.desks[market].orders.open()

    def quote(self, outcome: Outcome, market: MarketId = MARKET) -> Order:
        """The one open quote of an outcome."""
        (found,) = [order for order in self.quotes(market) if order.place.outcome is outcome]
        return found

    def quotes(self, market: MarketId = MARKET) -> list[Order]:
        return [order for order in self.open(market) if order.place.kind is OrderKind.QUOTE]

    def shown(self, market: MarketId = MARKET) -> dict[str, str]:
        """What rests or is under way, as people write it: ``{"yes": "50 at 0.48"}``."""
        return {
            order.place.outcome.value: f"{text(order.remaining, 6)} at {text(order.place.price, 4)}"
            for order in self.open(market)
            if order.status is not Status.CANCELLING
        }

    def refused(self) -> list[Refused]:
        return [refused for step in self.steps for refused in step.refusals]

    def approved(self) -> list[Place]:
        return [approved.intent for step in self.steps for approved in step.approved]

    def notes(self, kind: type[N]) -> list[N]:
        return [note for step in self.steps for note in step.notes if isinstance(note, kind)]


class RememberingGateway:
    """A venue that only remembers. What it has to say is put into ``due`` by the test."""

    shows_own_orders = False

    def __init__(self) -> None:
        self.prepared: list[IntentKey] = []
        self.sealed: list[IntentKey] = []
        self.forgotten: list[IntentKey] = []
        self.placed: list[Approved] = []
        self.cancelled: list[Cancel] = []
        self.actions: list[WalletAction] = []
        self.observed: list[ev.Event] = []
        self.due: list[tuple[Ms, ev.Event]] = []
        self.told: list[str] = []

    def prepare(self, approved: Approved, now: Ms) -> Prepared:
        self.prepared.append(approved.intent.key)
        return Prepared(self.order_id(approved), None)

    def seal(self, key: IntentKey) -> None:
        self.sealed.append(key)

    def forget(self, key: IntentKey) -> None:
        self.forgotten.append(key)

    def order_id(self, approved: Approved) -> OrderId:
        return an_order_id(approved.intent.key)

    def place(self, approved: Approved, now: Ms) -> None:
        self.placed.append(approved)
        self.told.append(f"place {approved.intent.outcome}")

    def cancel(self, cancel: Cancel, now: Ms) -> None:
        self.cancelled.append(cancel)
        self.told.append(f"cancel {cancel.reason}")

    def wallet(self, action: WalletAction, now: Ms) -> None:
        self.actions.append(action)

    def observe(self, event: ev.Event, now: Ms) -> None:
        self.observed.append(event)

    async def ask_open(self, market_id: MarketId | None) -> list[OrderId] | None:
        return [self.order_id(approved) for approved in self.placed]

    def due_ms(self) -> Ms | None:
        return min((due for due, _ in self.due), default=None)

    def advance(self, now: Ms) -> list[ev.Event]:
        said = [event for due, event in sorted(self.due, key=lambda pair: pair[0]) if due <= now]
        self.due = [(due, event) for due, event in self.due if due > now]
        return said
