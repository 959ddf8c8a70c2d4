"""Whole scenes through the runner and the paper venue: from a book to cash, with nothing told by hand."""

from collections.abc import Iterable

import pytest

from core import events as ev
from core.engine import Engine, Step
from core.ids import Outcome, Side
from core.notes import Booked
from core.paper import Latency, PaperVenue
from core.trading import State
from core.units import Ms, price, shares, text, usdc
from tests.builders import BUY, MARKET, NO, SELL, T0, YES, a_book, a_deposit, a_listing, a_setup, a_signal
from trading.gateways.paper import PaperGateway
from trading.records.tally import Digest, Tally, Witnesses
from trading.runner import Runner, send_at_once

LATENCY = Latency(
    ack_ms=Ms(60), cancel_ms=Ms(60), mined_ms=Ms(2_000), confirmed_ms=Ms(6_000), wallet_ms=Ms(8_000)
)


class Steps:
    """Keeps the steps."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def saw(self, event: ev.Event, step: Step) -> None:
        self.steps.append(step)

    def failed(self, event: ev.Event, error: Exception) -> None:
        raise error


class Evening:
    """One market on paper. ``now`` moves by ``wait``."""

    def __init__(self, *, cash: str = "10000") -> None:
        deposit = a_deposit(cash)
        self.engine = Engine(a_setup(), entries=[deposit], sequences={})
        self.venue = PaperVenue(cash=usdc(cash), held={}, latency=LATENCY)
        self.gateway = PaperGateway(self.venue)
        self.tally, self.digest, self.kept = Tally(), Digest(), Steps()
        witness = Witnesses(self.tally, self.digest, self.kept)
        self.runner = Runner(
            self.engine, self.gateway, witness, send=send_at_once, resync=lambda wanted: None
        )
        self.now = T0
        self.runner.take(a_listing())

    def wait(self, span_ms: int) -> None:
        self.now = Ms(self.now + span_ms)
        self.runner.pass_time(self.now)

    def book(self, bids: str, asks: str) -> None:
        for snapshot in a_book(bids, asks, now=self.now):
            self.runner.take(snapshot)

    def prints(self, at_price: str, size: str, taker: Side = SELL, outcome: Outcome = YES) -> None:
        """Somebody trades: by default a taker sells YES."""
        said = ev.TradePrinted(MARKET, outcome, taker, price(at_price), shares(size), self.now, self.now)
        self.runner.take(said)

    def open(self) -> dict[str, str]:
        return {
            f"{order.place.side} {order.place.outcome}": f"{text(order.remaining, 6)} at {text(order.place.price, 4)}"
            for order in self.engine.desks[MARKET].orders.open()
        }


def a_quoted_evening() -> Evening:
    evening = Evening()
    evening.book("0.46x1000", "0.52x1000")
    evening.wait(100)
    assert evening.open() == {"buy yes": "50 at 0.47", "buy no": "50 at 0.49"}
    return evening


def test_two_filled_quotes_become_a_pair_and_the_pair_becomes_cash() -> None:
    evening = a_quoted_evening()

    evening.prints("0.47", "50")
    evening.prints("0.51", "50", BUY)
    assert evening.engine.desks[MARKET].state is State.LOCKED_PAIR
    evening.wait(20_000)

    assert evening.tally.merges == 1
    assert evening.engine.desks[MARKET].pair.realized == usdc("2"), "50 pairs at 0.96"
    assert evening.engine.ledger.cash == evening.venue.cash == usdc("10002")


def test_one_filled_quote_raises_the_other_bid_once_it_is_confirmed() -> None:
    evening = a_quoted_evening()

    evening.prints("0.47", "25")
    evening.wait(1_000)
    assert evening.open() == {"buy no": "50 at 0.49"}, "25 YES may still fail"
    evening.wait(8_000)

    assert evening.open() == {"buy no": "25 at 0.49"}


def test_a_leg_nobody_completes_is_resolved_after_five_minutes_by_a_taker() -> None:
    evening = a_quoted_evening()
    evening.prints("0.47", "25")

    for _ in range(310):
        evening.wait(1_000)
        evening.book("0.46x1000", "0.52x1000")

    pair = evening.engine.desks[MARKET].pair
    assert pair.held(YES) == pair.held(NO) == shares("25")
    assert pair.fees > 0
    assert pair.worst_case < 0
    assert evening.tally.fills["swept"] == 1


def test_a_halt_leaves_nothing_open_at_the_venue() -> None:
    evening = a_quoted_evening()

    evening.runner.take(ev.Halted(None, "manual_halt", evening.now))
    evening.wait(100)

    assert evening.gateway.open_order_ids(None) == []
    assert evening.open() == {}
    sent = evening.tally.orders
    for _ in range(30):
        evening.wait(1_000)
        evening.book("0.46x1000", "0.53x1000")
    assert evening.tally.orders == sent


def test_a_halt_while_an_order_flies_withdraws_it_when_it_lands() -> None:
    evening = Evening()
    evening.book("0.46x1000", "0.52x1000")
    assert len(evening.open()) == 2

    evening.runner.take(ev.Halted(MARKET, "looks wrong", evening.now))
    evening.wait(60)
    assert len(evening.gateway.open_order_ids(MARKET)) == 2, "they landed, their cancels are under way"
    evening.wait(60)

    assert evening.gateway.open_order_ids(MARKET) == []


def test_a_goal_pulls_the_quotes_and_thirty_seconds_later_they_are_back() -> None:
    evening = a_quoted_evening()

    evening.runner.take(a_signal(now=evening.now))
    evening.wait(100)
    assert evening.open() == {}
    for _ in range(32):
        evening.wait(1_000)
        evening.book("0.46x1000", "0.52x1000")

    assert len(evening.open()) == 2


def test_what_is_held_at_resolution_is_redeemed() -> None:
    evening = a_quoted_evening()
    evening.prints("0.47", "25")
    evening.wait(7_000)

    evening.runner.take(ev.MarketResolved(MARKET, price("1"), evening.now, evening.now))
    evening.wait(10_000)

    assert evening.open() == {}
    assert evening.engine.desks[MARKET].state is State.RESOLVED
    assert evening.engine.ledger.cash == evening.venue.cash == usdc("10013.25")
    assert evening.engine.forget(MARKET)


def played(evening: Evening, steps: Iterable[int]) -> Evening:
    """A market that drifts by a tick now and then, in which somebody sells and somebody buys."""
    for step in steps:
        bid = 44 + step // 20 % 5
        evening.book(f"0.{bid}x1000", f"0.{bid + 5}x1000")
        evening.wait(900 + step * 37 % 2_000)
        evening.prints(f"0.{bid + 1}", str(5 + step % 40))
        evening.prints(f"0.{bid + 4}", str(5 + step % 30), BUY)
    return evening


@pytest.mark.parametrize("steps", [range(60), range(60, 200)])
def test_two_evenings_alike_have_one_digest(steps: Iterable[int]) -> None:
    first, second = played(Evening(), steps), played(Evening(), steps)

    assert first.digest.hexdigest() == second.digest.hexdigest()
    assert first.tally.orders > 10
    assert first.tally.fills["queue"] > 10


def test_the_books_of_engine_and_venue_agree_to_the_last_micro() -> None:
    evening = played(Evening(), range(400))
    evening.runner.take(ev.Halted(None, "count", evening.now))
    evening.wait(30_000)

    ledger, venue = evening.engine.ledger, evening.venue
    assert ledger.cash == venue.cash
    for outcome in Outcome:
        assert ledger.held(MARKET, outcome) == venue.held(MARKET, outcome)
    booked = [e for s in evening.kept.steps for n in s.notes if isinstance(n, Booked) for e in n.entries]
    rebuilt = Engine(a_setup(), entries=[a_deposit(), *booked], sequences={})
    assert rebuilt.ledger.cash == ledger.cash
    assert rebuilt.ledger.positions() == ledger.positions()
    assert evening.tally.merges > 5
    assert ledger.realized() > 0, "the spread was paid to us"
