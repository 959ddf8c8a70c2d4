"""What happened is written down: orders, fills, entries, decisions, and the event a step failed on."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connections

from core import events as ev
from core.engine import Engine, Step
from core.ids import FillId, IntentKey, Outcome, Strategy
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind
from core.notes import Booked, OrderMoved
from core.orders import Status
from core.risk import Approved
from core.units import Ms, Price, Shares, Usdc, price, shares, usdc
from infra import clock, metrics
from risk.models import Breaker
from tests.builders import MARKET, OTHER, an_order_id
from tests.spoken import lines
from tests.trading.stages import Stage
from trading import services
from trading.models import Account, AccountMode, Decision, Entry, Fill, Order, StepFailure
from trading.records.bookkeeping import SHOWN, Bookkeeper
from trading.records.journal import Journal
from trading.runner import STEP_FAILED, Runner

pytestmark = pytest.mark.django_db(transaction=True)
SHARD = "shard:0"


class Ledgered:
    """A stage whose witness writes, and whose orders have rows."""

    def __init__(self, account: Account, fence: int) -> None:
        self.account = account
        self.journal = Journal(account_id=account.pk, writer=f"{SHARD}:{fence}")
        self.stage = Stage(witness=self._books, send=self._write_and_send)
        self._fence = fence

    def _books(self, engine: Engine) -> Bookkeeper:
        self.books = Bookkeeper(engine, self.journal)
        return self.books

    def _write_and_send(self, runner: Runner, approved: Approved, now: Ms) -> None:
        services.write_order(
            approved.intent,
            account_id=self.account.pk,
            order_id=an_order_id(approved.intent.key),
            unsigned=None,
            fence_name=SHARD,
            fence=self._fence,
            at_ms=now,
        )
        runner.sent(approved, now)

    def trade(self) -> None:
        for market in (MARKET, OTHER):
            self.stage.list_market(market)
            self.stage.book(market)
            self.stage.acknowledge(market)

    def written(self) -> None:
        self.journal.flush(timeout_s=10)


@pytest.fixture
def kept() -> Iterator[Ledgered]:
    account = services.open_account(
        mode=AccountMode.DEMO, name="main", start_cash=usdc("10000"), at_ms=clock.now_ms()
    )
    kept = Ledgered(account, services.take_fence(SHARD))
    yield kept
    if not kept.journal._closed:
        kept.journal.close(timeout_s=10)
    connections.close_all()


def test_an_order_its_fill_and_its_money_are_written(kept: Ledgered) -> None:
    kept.trade()
    key = kept.stage.keys()[0]
    order = kept.stage.engine.desks[MARKET].orders.get(key)
    assert order is not None
    at_price = order.place.price

    kept.stage.runner.take(filled(key, at_price))
    kept.written()

    row = Order.objects.get(key=key)
    assert (row.status, row.filled) == ("partial", shares("10"))
    fill = Fill.objects.get()
    assert (fill.order_id, fill.shares, fill.amount) == (
        key,
        shares("10"),
        at_price * shares("10") // 10_000,
    )
    assert Entry.objects.get(fill=fill).usdc == -fill.amount
    assert kept.books.broken is None
    assert [shown["shares"] for shown in kept.books.fills] == ["10"]


def filled(key: IntentKey, at_price: Price, fill: str = "f-1") -> ev.FillSeen:
    return ev.FillSeen(
        fill_id=FillId(fill),
        key=key,
        shares=shares("10"),
        amount=Usdc(at_price * shares("10") // 10_000),
        fee=Usdc(0),
        status=ev.FillStatus.MATCHED,
        evidence=ev.Evidence.QUEUE,
        said_ms=clock.now_ms(),
        heard_ms=clock.now_ms(),
    )


def test_a_decision_is_written_with_every_gate(kept: Ledgered) -> None:
    kept.trade()
    kept.written()

    made = Decision.objects.filter(market_id=MARKET).order_by("pk").last()
    assert made is not None
    assert made.gates
    assert kept.books.decisions[-1]["gates"]


def test_a_step_that_raises_stops_its_market_only_and_its_event_is_kept(kept: Ledgered) -> None:
    kept.trade()
    bad, good = kept.stage.keys(MARKET), kept.stage.keys(OTHER)

    final = replace(filled(bad[0], price("0.48"), "f-final"), status=ev.FillStatus.CONFIRMED)
    kept.stage.runner.take(final)
    kept.stage.runner.take(ev.FillSettled(final.fill_id, ev.FillStatus.FAILED, clock.now_ms()))
    kept.stage.runner.take(filled(good[0], price("0.48")))
    kept.written()

    failure = StepFailure.objects.get()
    assert failure.market_id == MARKET
    assert final.fill_id in json.dumps(failure.event)
    assert kept.stage.engine.desks[MARKET].halted == STEP_FAILED
    assert kept.stage.engine.desks[OTHER].halted is None
    assert kept.stage.engine.halted is None
    assert Fill.objects.filter(order__key=good[0]).exists(), "the other market trades on"
    assert [market for market, _ in kept.books.failures] == [MARKET]


def test_a_journal_that_takes_no_more_is_known_as_a_broken_record(kept: Ledgered) -> None:
    kept.trade()
    kept.journal.close(timeout_s=10)

    kept.stage.runner.take(filled(kept.stage.keys()[0], price("0.48")))

    assert kept.books.broken is not None


def test_the_console_is_shown_a_bounded_number_of_fills(kept: Ledgered) -> None:
    kept.trade()
    key = kept.stage.keys()[0]
    tenth = shares("0.1")

    for number in range(SHOWN + 5):
        event = filled(key, price("0.48"), f"f-{number}")
        small = replace(event, shares=tenth, amount=Usdc(price("0.48") * tenth // 10_000))
        kept.stage.runner.take(small)

    assert len(kept.books.fills) == SHOWN
    numbers = [row["n"] for row in kept.books.fills]
    assert numbers == sorted(numbers)


def refused(key: IntentKey, code: ev.RejectCode) -> tuple[ev.OrderRejected, Step]:
    event = ev.OrderRejected(key, code, f"{code} (test)", clock.now_ms())
    note = OrderMoved(
        key=key,
        order_id=None,
        market_id=MARKET,
        status=Status.REJECTED,
        filled=Shares(0),
        amount=Usdc(0),
        fee=Usdc(0),
        reason=event.detail,
        at_ms=event.heard_ms,
    )
    return event, Step((), (), (), (), (), (note,))


def test_the_sixth_error_in_a_row_is_told_once(kept: Ledgered) -> None:
    kept.trade()
    key = kept.stage.keys()[0]
    said: list[str | None] = []
    for _ in range(7):
        kept.books.saw(*refused(key, ev.RejectCode.UNAUTHORIZED))
        said.append(kept.books.take_errors())

    assert [each is not None for each in said] == [False] * 5 + [True, False]
    assert "our API key is refused" in str(said[5])


def test_prices_that_were_there_first_are_no_errors(kept: Ledgered) -> None:
    kept.trade()
    key = kept.stage.keys()[0]
    for _ in range(10):
        kept.books.saw(*refused(key, ev.RejectCode.POST_ONLY_WOULD_CROSS))

    assert kept.books.take_errors() is None


def test_steps_that_fail_market_after_market_are_errors_in_a_row(kept: Ledgered) -> None:
    for number in range(6):
        kept.books.failed(ev.Tick(clock.now_ms()), ValueError(f"market {number}"))

    told = kept.books.take_errors()

    assert told is not None
    assert told.endswith("step failed: ValueError: market 5")


def test_a_breaker_that_opens_is_a_row_and_counted(kept: Ledgered) -> None:
    before = trips()
    kept.stage.list_market(MARKET)
    kept.stage.book(MARKET)

    kept.stage.runner.take(ev.Tick(Ms(clock.now_ms() + 7_000)))
    kept.written()

    (row,) = Breaker.objects.all()
    assert (row.market_id, row.code, row.tripped) == (MARKET, "slow_answer", 1)
    assert row.ended is None
    assert trips() == before + 1


def trips() -> float:
    return (
        metrics.REGISTRY.get_sample_value("polyloly_circuit_breaker_trips_total", {"market": MARKET}) or 0.0
    )


def test_what_is_earned_for_good_is_said_once_with_its_market(kept: Ledgered) -> None:
    def booked(kind: EntryKind, held: str, usdc_micro: int) -> None:
        entry = LedgerEntry(
            kind=kind,
            market_id=MARKET,
            strategy=Strategy.PAIR_ARB,
            outcome=Outcome.YES,
            shares=Shares(int(shares(held)) * (1 if kind is EntryKind.BUY else -1)),
            usdc=Usdc(usdc_micro),
            fill_id=None,
            at_ms=clock.now_ms(),
            note=None,
        )
        kept.stage.engine.ledger.book([entry])
        settled = ev.FillSettled(FillId("f-1"), ev.FillStatus.CONFIRMED, clock.now_ms())
        kept.books.saw(settled, Step((), (), (), (), (), (Booked((entry,)),)))

    with lines() as said:
        booked(EntryKind.BUY, "10", -4_800_000)
        booked(EntryKind.SELL, "10", 6_000_000)

    (line,) = [each for each in said if each.get("event_type") == "pnl_realized"]
    assert (line["market_id"], line["strategy"]) == (MARKET, "pair_arb")
    assert (line["realized"], line["total"]) == ("1.2", "1.2")
