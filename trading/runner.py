"""The loop around the engine that paper, replay and live share: time first, then the event, then its orders.

Synchronous. Replay calls it from a tape, the shard from its sockets; what differs is the ``Sender`` (at once, or
after the row is written) and the ``Witness`` that keeps the record.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from core import events as ev
from core.engine import Engine, Step
from core.ids import IntentKey, MarketId, OrderId
from core.intents import Cancel, Place, Resync, WalletAction
from core.risk import Approved
from core.safeguards import stands_in_the_way
from core.units import Ms

TICK_MS: Final = Ms(1_000)
STEP_FAILED: Final = "step_failed"
MARKET_EVENTS: Final = (
    ev.BookSnapshot,
    ev.BookChanged,
    ev.TradePrinted,
    ev.TickSizeChanged,
    ev.MarketListed,
    ev.MarketResolved,
    ev.FeedLost,
    ev.FeedBack,
)
ABOUT_MANY: Final = (ev.Tick, ev.FeedLost, ev.FeedBack, ev.MatchSignal, ev.Halted, ev.Resumed)


class Prepared(NamedTuple):
    """What the row of an order must keep before it leaves.

    ``unsigned`` is the order as it is signed, as JSON text without the signature: signing is deterministic, so
    the holder of the key makes the same bytes of it again. ``None`` where nothing is signed.
    """

    order_id: OrderId
    unsigned: str | None


class Gateway(Protocol):
    """Where orders go. Times are of ``infra.clock`` or of the tape.

    One order's calls: ``prepare``, then its row is written and it is sealed meanwhile, then ``place``, or ``forget``
    when it never leaves.
    """

    shows_own_orders: bool

    def prepare(self, approved: Approved, now: Ms) -> Prepared:
        """Make the order as it will leave, once, and name it. No waiting."""

    def seal(self, key: IntentKey) -> None:
        """Do what is left to do before a prepared order can leave. While its row is written nobody waits for it; done
        already, it is not done again.
        """

    def forget(self, key: IntentKey) -> None:
        """A prepared order will not leave."""

    def order_id(self, approved: Approved) -> OrderId:
        """The id of a prepared order."""

    def place(self, approved: Approved, now: Ms) -> None:
        """Hand a prepared order to the venue and return at once."""

    def cancel(self, cancel: Cancel, now: Ms) -> None: ...

    def wallet(self, action: WalletAction, now: Ms) -> None: ...

    def observe(self, event: ev.Event, now: Ms) -> None: ...

    async def ask_open(self, market_id: MarketId | None) -> list[OrderId] | None:
        """What may still match at the venue, of one market or of all; ``None`` when nobody answered."""

    def due_ms(self) -> Ms | None: ...

    def advance(self, now: Ms) -> list[ev.Event]: ...


class Witness(Protocol):
    """Who keeps the record."""

    def saw(self, event: ev.Event, step: Step) -> None:
        """Called after every step that did or said anything, before its orders leave."""

    def failed(self, event: ev.Event, error: Exception) -> None:
        """The engine raised on ``event``; the market it concerns is halted next."""


def concerned(event: ev.Event) -> MarketId | None:
    """The one market an event is about, by its id or by its order's key; ``None`` for all others."""
    market_id = getattr(event, "market_id", None)
    if market_id is not None:
        return MarketId(market_id)
    parts = str(getattr(event, "key", "")).split("|")
    return MarketId(parts[1]) if len(parts) == 4 else None


class Runner:
    """Owns an engine and a gateway. One thread only."""

    def __init__(
        self,
        engine: Engine,
        gateway: Gateway,
        witness: Witness,
        *,
        send: "Callable[[Runner, Approved, Ms], None]",
        resync: Callable[[Resync], None],
    ) -> None:
        self.engine = engine
        self.gateway = gateway
        self.now_ms = Ms(0)
        self.last_sent_ms: Ms | None = None
        self._witness = witness
        self._send = send
        self._resync = resync
        self._ticked_ms: Ms | None = None

    def take(self, event: ev.Event) -> None:
        """Let everything due before this event happen, then the event itself."""
        self.pass_time(event.heard_ms)
        if isinstance(event, MARKET_EVENTS):
            self.gateway.observe(event, self.now_ms)
            self._speak(self.now_ms)
        self._step(event)

    def pass_time(self, now: Ms) -> None:
        """Tick each second and let the gateway speak, in order of time, up to ``now``. Time never runs back."""
        if self._ticked_ms is None:
            self._ticked_ms = Ms(now - now % TICK_MS)
        while True:
            tick = Ms(self._ticked_ms + TICK_MS)
            due = self.gateway.due_ms()
            if due is not None and due <= now and due < tick:
                self._speak(max(due, self.now_ms))
            elif tick <= now:
                self._tick(tick, now)
            else:
                break
        self.now_ms = max(self.now_ms, now)

    def _tick(self, tick: Ms, now: Ms) -> None:
        """One tick, or in a long gap only the last before something is due: an hour of silence needs no 3,600."""
        due = self.gateway.due_ms()
        last = now if due is None else min(now, max(due, tick))
        if last - tick > 60 * TICK_MS:
            tick = Ms(last - last % TICK_MS)
        self._ticked_ms = tick
        self.now_ms = max(self.now_ms, tick)
        self._step(ev.Tick(self.now_ms))

    def _speak(self, now: Ms) -> None:
        self.now_ms = max(self.now_ms, now)
        for event in self.gateway.advance(self.now_ms):
            self._step(event)

    def _step(self, event: ev.Event) -> bool:
        """Let the engine take an event and carry out its answer. False when it failed on it."""
        try:
            step = self.engine.step(event)
        except Exception as error:  # noqa: BLE001 process edge: failure stops a market, not us
            self._fail(event, error)
            return False
        self._answer(event, step)
        return True

    def _answer(self, event: ev.Event, step: Step) -> None:
        if step:
            self._witness.saw(event, step)
            self._carry_out(step)

    def _fail(self, event: ev.Event, error: Exception) -> None:
        """Keep the event and stop the market it failed on, or everything when that was at none.

        What the step had decided before is carried out. An event about many markets is then taken once more
        without the one that failed: what is repeated for the others says nothing new.
        """
        self._witness.failed(event, error)
        market_id = self.engine.working_on
        self._answer(event, self.engine.salvage())
        if market_id is None or self.engine.desk(market_id) is None:
            halted_before, self.engine.halted = self.engine.halted, STEP_FAILED
            if halted_before != STEP_FAILED:
                self._step(ev.Halted(None, STEP_FAILED, self.now_ms))
            return
        self._answer(event, self.engine.break_market(market_id, STEP_FAILED, self.now_ms))
        if isinstance(event, ABOUT_MANY) and concerned(event) is None:
            self._step(event)

    def _carry_out(self, step: Step) -> None:
        for cancel in step.cancels:
            self.gateway.cancel(cancel, self.now_ms)
        for action in step.wallet_actions:
            self.gateway.wallet(action, self.now_ms)
        for wanted in step.resyncs:
            self._resync(wanted)
        for approved in step.approved:
            self._send(self, approved, self.now_ms)

    def sent(self, approved: Approved, now: Ms) -> None:
        """The row is written (or needs none): tell the engine and let the order leave, unless a halt came first."""
        why = came_between(self.engine, approved.intent)
        if why is not None:
            self.not_sent(approved, why, now)
            return
        self.now_ms = max(self.now_ms, now)
        sent = ev.OrderSent(approved.intent.key, self.gateway.order_id(approved), self.now_ms)
        if self._step(sent):
            self.last_sent_ms = self.now_ms
            self.gateway.place(approved, self.now_ms)
        else:
            self.not_sent(approved, STEP_FAILED, now)

    def not_sent(
        self, approved: Approved, why: str, now: Ms, *, code: ev.RejectCode = ev.RejectCode.NOT_SENT
    ) -> None:
        """The order never left: a halt came first, or (``NOT_WRITTEN``) its row could not be written."""
        self.now_ms = max(self.now_ms, now)
        self.gateway.forget(approved.intent.key)
        self._step(ev.OrderRejected(approved.intent.key, code, why, self.now_ms))


def came_between(engine: Engine, place: Place) -> str | None:
    """What came between an order's approval and now: a halt, an open breaker, a window of the venue."""
    desk = engine.desk(place.market_id)
    if engine.halted is not None:
        return f"halted meanwhile: {engine.halted}"
    if desk is None or desk.halted is not None:
        return "its market was halted meanwhile"
    return stands_in_the_way(engine, desk, place)


def send_at_once(runner: Runner, approved: Approved, now: Ms) -> None:
    """The sender of replay: there is no row to write first."""
    runner.gateway.prepare(approved, now)
    runner.sent(approved, now)
