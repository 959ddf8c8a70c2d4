"""The shard's witness: every step into the journal, the metrics, the log and the feeds of the console."""

from collections import deque
from typing import Final

from core import events as ev
from core.book import PhantomEnded, TrustChanged
from core.breaker import BreakerMoved
from core.breaker import State as Breaking
from core.engine import Engine, Step
from core.errors_in_a_row import ErrorsInARow
from core.ids import FillId, MarketId
from core.intents import WalletAction
from core.lifecycle import CLOSED
from core.notes import (
    Booked,
    DayStarted,
    Decided,
    InputRefused,
    OrderMoved,
    Settled,
    StateMoved,
    WindowMoved,
)
from core.units import Ms, text
from infra import logs, metrics
from trading.board.rows import Row, decision_row, fill_row
from trading.errors import TradingError
from trading.records.journal import Journal
from trading.records.ports import FillBooked, StepFailed, StillOwed
from trading.runner import concerned

SHOWN: Final = 60

log = logs.get("trading")


class Bookkeeper:
    """Writes down what happened. ``broken`` is set when the record cannot be kept: trading must stop then."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal
        self.broken: str | None = None
        self._errors = ErrorsInARow()
        self.failures: deque[tuple[MarketId | None, str]] = deque(maxlen=SHOWN)
        self.day_started: DayStarted | None = None
        self.decisions: deque[Row] = deque(maxlen=SHOWN)
        self.fills: deque[Row] = deque(maxlen=SHOWN)
        self._sent_ms: dict[str, Ms] = {}
        self._number = 0
        self._realized = engine.ledger.realized()

    def saw(self, event: ev.Event, step: Step) -> None:
        for refused in step.refusals:
            metrics.REFUSALS.labels(rule=refused.rule.value).inc()
        try:
            for note in step.notes:
                self._note(event, note)
            if isinstance(event, ev.FillSeen) and any(books(event, note) for note in step.notes):
                self._fill(event)
            self._profit(step)
        except TradingError as error:
            self.broken = str(error)
            log.critical("record not kept", event_type="error", error=str(error))

    def take_errors(self) -> str | None:
        """Why everything must stop: too many errors in a row. Told once."""
        return self._errors.take()

    def failed(self, event: ev.Event, error: Exception) -> None:
        """Keep the event that the engine could not take; its market is halted by the runner."""
        market_id = self._engine.working_on
        text = f"{type(error).__name__}: {error}"
        log.error("step failed", event_type="error", market_id=market_id, error=text, exc_info=error)
        self.failures.append((market_id, text))
        self._errors.failed(f"step failed: {text}")
        if market_id is None:
            return
        try:
            self._journal.put(StepFailed(market_id, event, text, event.heard_ms))
        except TradingError as full:
            self.broken = str(full)

    def _note(self, event: ev.Event, note: object) -> None:
        match note:
            case Decided():
                self._decided(note)
            case Booked() if isinstance(event, ev.FillSeen) and books(event, note):
                self._journal.put(FillBooked(event, note))
            case Booked():
                self._journal.put(note)
            case OrderMoved():
                self._order(event, note)
            case TrustChanged():
                log.info("book trust", market_id=note.market_id, was=note.was, now=note.now, why=note.reason)
            case PhantomEnded():
                metrics.PHANTOM_PAIRS.inc()
            case StateMoved():
                was, now = note.was.value, note.now.value
                log.info("state", event_type="state_transition", market_id=note.market_id, was=was, now=now)
            case InputRefused():
                metrics.REFUSED_INPUT.labels(source="engine", reason=note.refusal.value).inc()
                log.warning("input refused", reason=note.refusal.value, detail=note.detail)
            case Settled():
                self._settled(note)
            case DayStarted():
                self.day_started = note
            case BreakerMoved():
                self._breaker(note)
            case WindowMoved(mode=mode, until_ms=until_ms, detail=detail):
                log.warning(
                    "venue window", event_type="venue_window", window=mode, until_ms=until_ms, why=detail
                )
            case _:
                pass

    def _profit(self, step: Step) -> None:
        """Say what was earned for good, where a step booked any: by average cost, as the ledger has it."""
        booked = [entry for note in step.notes if isinstance(note, Booked) for entry in note.entries]
        if not booked:
            return
        before, self._realized = self._realized, self._engine.ledger.realized()
        earned = self._realized - before
        if earned:
            log.info(
                "profit realized",
                event_type="pnl_realized",
                market_id=booked[0].market_id,
                strategy=booked[0].strategy,
                realized=text(earned, 6),
                total=text(self._realized, 6),
            )

    def _decided(self, decided: Decided) -> None:
        metrics.DECISIONS.labels(verdict=decided.verdict).inc()
        self._journal.put(decided)
        desk = self._engine.desk(decided.market_id)
        if desk is not None:
            self._number += 1
            self.decisions.append(decision_row(self._number, desk, decided))

    def _order(self, event: ev.Event, moved: OrderMoved) -> None:
        strategy = moved.key.split("|")[2]
        metrics.ORDERS.labels(status=moved.status.value, strategy=strategy).inc()
        self._journal.put(StillOwed(moved) if self._owes(moved) else moved)
        if isinstance(event, ev.FillSeen) and event.status is ev.FillStatus.FAILED:
            self._journal.put(event)  # it brought nothing, but it was: its order counts it
            failed(event.fill_id, moved.market_id)
        if isinstance(event, ev.OrderSent):
            self._sent_ms[moved.key] = event.heard_ms
            log.info(
                "order placed", event_type="order_placed", market_id=moved.market_id, order_id=event.order_id
            )
        elif isinstance(event, ev.OrderAcked | ev.OrderRejected | ev.OrderUnknown):
            sent_ms = self._sent_ms.pop(moved.key, None)
            if sent_ms is not None:
                metrics.ORDER_LATENCY.observe((event.heard_ms - sent_ms) / 1000)
        if isinstance(event, ev.OrderAcked | ev.OrderRejected):
            self._errors.hear(event)
        if isinstance(event, ev.OrderRejected | ev.OrderUnknown):
            kind = "order_unknown" if isinstance(event, ev.OrderUnknown) else "order_rejected"
            log.warning("order not taken", event_type=kind, market_id=moved.market_id, reason=moved.reason)

    def _owes(self, moved: OrderMoved) -> bool:
        """The venue counted more fills than it has told of yet."""
        if moved.status not in CLOSED:
            return False
        desk = self._engine.desk(moved.market_id)
        order = None if desk is None else desk.orders.get(moved.key)
        return order is not None and bool(order.at_stake)

    def _settled(self, settled: Settled) -> None:
        self._journal.put(ev.FillSettled(settled.fill_id, settled.status, settled.at_ms))
        if settled.status is ev.FillStatus.FAILED:
            failed(settled.fill_id, self._engine.working_on)

    def _breaker(self, moved: BreakerMoved) -> None:
        """Its row outlives us: what stopped a market still does after a restart."""
        self._journal.put(moved)
        if moved.now is Breaking.OPEN:
            metrics.BREAKER_TRIPS.labels(market=moved.market_id).inc()
        log.warning(
            "breaker moved",
            event_type="state_transition",
            market_id=moved.market_id,
            was=moved.was,
            now=moved.now,
            code=moved.trip.code,
            why=moved.reason,
            tripped=moved.trip.tripped,
            until_ms=moved.trip.until_ms,
        )

    def plan(self, action: WalletAction) -> None:
        """Ask the wallet's keeper for a merge or a redemption: its row is written as soon as the database can."""
        try:
            self._journal.put(action)
        except TradingError as error:
            self.broken = str(error)
            log.critical("record not kept", event_type="error", error=str(error))

    def _fill(self, fill: ev.FillSeen) -> None:
        metrics.FILLS.labels(evidence=fill.evidence.value, strategy=fill.key.split("|")[2]).inc()
        market_id = concerned(fill)
        desk = None if market_id is None else self._engine.desk(market_id)
        order = None if desk is None else desk.orders.get(fill.key)
        if desk is not None and order is not None:
            self._number += 1
            self.fills.append(fill_row(self._number, desk, order, fill))
            log.info(
                "order filled",
                event_type="order_filled",
                market_id=market_id,
                order_id=order.order_id,
                shares=fill.shares,
                amount=fill.amount,
                evidence=fill.evidence.value,
            )


def books(event: ev.FillSeen, note: object) -> bool:
    """Whether these entries are the fill itself, not its reversal."""
    if not isinstance(note, Booked):
        return False
    trade = note.entries[0]  # its fee follows it
    return trade.fill_id == event.fill_id and not trade.reverses


def failed(fill_id: FillId, market_id: MarketId | None) -> None:
    """A trade that was told did not happen: its shares and its money are taken back."""
    log.error("fill failed and reversed", event_type="fill_failed", fill_id=fill_id, market_id=market_id)
