"""Whatever the orders: nothing is made from nothing, nothing crosses, nobody jumps the queue.

Method: random sequences of orders, cancels, splits, merges and waits by four traders, and after each step a
check of the whole exchange; and a naive matcher, a sorted list, that must agree with the real one.
"""

from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import Outcome, Side
from core.units import ONE, SHARE, Ms, Price, Shares, cost
from simulator.exchange.accounts import Account
from simulator.exchange.orders import Order, Status
from simulator.exchange.venue import Exchange
from tests.examples import examples
from tests.simulator.builders import MARKET, an_exchange, best, listing, trader

TRADERS = 4
CASH = "300"
PAIRS = "200"


class Say(NamedTuple):
    """One step: who does what. ``number`` is the order to cancel or the amount of a split or merge."""

    what: str
    who: int
    outcome: Outcome
    side: Side
    cents: int
    size: int
    post_only: bool
    number: int


steps = st.lists(
    st.builds(
        Say,
        what=st.sampled_from(["place"] * 6 + ["cancel", "split", "merge", "wait"]),
        who=st.integers(0, TRADERS - 1),
        outcome=st.sampled_from(Outcome),
        side=st.sampled_from(Side),
        cents=st.integers(40, 60),
        size=st.integers(500, 15_000),
        post_only=st.booleans(),
        number=st.integers(0, 30),
    ),
    max_size=60,
)


@dataclass(slots=True)
class Floor:
    """The exchange with its traders, and what they put in."""

    exchange: Exchange
    traders: list[Account]
    orders: list[Order]
    now_ms: int = 0

    def do(self, say: Say) -> None:
        account = self.traders[say.who]
        match say.what:
            case "place":
                self.orders.append(
                    self.exchange.place(
                        account,
                        MARKET,
                        say.outcome,
                        say.side,
                        price=Price(say.cents * 100),
                        size=Shares(say.size * 10_000),
                        post_only=say.post_only,
                        now_ms=Ms(self.now_ms),
                    )
                )
            case "cancel" if self.orders:
                self.exchange.cancel(self.orders[say.number % len(self.orders)])
            case "split":
                self.exchange.split(account, MARKET, Shares(say.number * SHARE))
            case "merge":
                self.exchange.merge(account, MARKET, Shares(say.number * SHARE))
            case _:
                self.now_ms += 400
                self.exchange.step(Ms(self.now_ms))


def a_floor(*, delay_ms: int) -> Floor:
    exchange = an_exchange(delay_ms=delay_ms)
    traders = [trader(exchange, f"trader {n}", cash=CASH, pairs=PAIRS) for n in range(TRADERS)]
    return Floor(exchange, traders, [])


def worth(floor: Floor) -> int:
    """All cash there is: with traders, behind tokens, and taken as fees."""
    cash = sum(account.cash for account in floor.traders)
    return cash + listing(floor.exchange).collateral + floor.exchange.fees_taken


def check_money(floor: Floor) -> None:
    collateral = listing(floor.exchange).collateral
    for outcome in Outcome:
        assert sum(account.held((MARKET, outcome)) for account in floor.traders) == collateral
    for account in floor.traders:
        assert 0 <= account.locked_cash <= account.cash
        assert all(shares > 0 for shares in account.tokens.values())
        assert all(account.free(holding) >= 0 for holding in account.locked_tokens)
        assert account.locked_cash == locked_by_orders(floor, account)


def locked_by_orders(floor: Floor, account: Account) -> int:
    return sum(
        cost(order.price, order.remaining)
        for order in floor.orders
        if order.owner is account and order.side is Side.BUY and order.status in (Status.LIVE, Status.DELAYED)
    )


def check_book(floor: Floor) -> None:
    book = listing(floor.exchange).book
    bid, ask = book.bids.best, book.asks.best
    assert bid is None or ask is None or bid < ask
    yes_ask, no_ask = best(floor.exchange, Outcome.YES)[1], best(floor.exchange, Outcome.NO)[1]
    assert yes_ask is None or no_ask is None or yes_ask + no_ask >= ONE
    for bids in (True, False):
        side = book.side(bids=bids)
        resting = list(side.orders())
        assert all(order.status is Status.LIVE and order.remaining > 0 for order in resting)
        sizes: dict[Price, int] = {}
        for order in resting:
            sizes[order.at] = sizes.get(order.at, 0) + order.remaining
        assert tuple(sizes.items()) == side.levels()


@given(steps, st.sampled_from([0, 1_000]))
@settings(max_examples=examples(150), deadline=None)
def test_nothing_is_made_or_lost_and_the_book_never_crosses(says: list[Say], delay_ms: int) -> None:
    floor = a_floor(delay_ms=delay_ms)
    before = worth(floor)

    for say in says:
        floor.do(say)

        assert worth(floor) == before
        check_money(floor)
        check_book(floor)


@given(steps, st.sampled_from(Outcome))
@settings(max_examples=examples(50), deadline=None)
def test_resolution_pays_out_exactly_the_collateral(says: list[Say], winner: Outcome) -> None:
    floor = a_floor(delay_ms=1_000)
    before = worth(floor)
    for say in says:
        floor.do(say)

    floor.exchange.resolve(MARKET, ONE if winner is Outcome.YES else Price(0))

    assert sum(account.cash for account in floor.traders) + floor.exchange.fees_taken == before
    assert not any(account.tokens or account.locked_cash for account in floor.traders)


class Resting(NamedTuple):
    number: int
    is_bid: bool
    at: int


def naive_match(left: dict[int, int], resting: list[Resting], incoming: Resting) -> None:
    """Match by sorting all that rests: best price first, then the earlier order."""
    sign = 1 if incoming.is_bid else -1
    reachable = [
        order for order in resting if order.is_bid != incoming.is_bid and sign * (incoming.at - order.at) >= 0
    ]
    for order in sorted(reachable, key=lambda order: (sign * order.at, order.number)):
        size = min(left[incoming.number], left[order.number])
        left[incoming.number] -= size
        left[order.number] -= size
    resting.append(incoming)
    resting[:] = [order for order in resting if left[order.number]]


@given(steps)
@settings(max_examples=examples(150), deadline=None)
def test_a_sorted_list_finds_the_same_matches(says: list[Say]) -> None:
    exchange = an_exchange()
    rich = [trader(exchange, f"rich {n}", cash="1000000", pairs="100000") for n in range(TRADERS)]
    floor, left, resting = Floor(exchange, rich, []), {}, list[Resting]()

    for say in says:
        if say.what == "place" and not say.post_only:
            floor.do(say)
            order = floor.orders[-1]
            number = len(floor.orders) - 1
            left[number] = int(order.size)
            naive_match(left, resting, Resting(number, order.is_bid, order.at))

    assert [order.remaining for order in floor.orders] == [left[n] for n in range(len(floor.orders))]
