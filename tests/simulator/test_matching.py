"""Which orders meet, at what price, and what changes hands: one table for each kind of match."""

import pytest

from core.ids import Outcome
from core.units import price, shares, usdc
from simulator.exchange.mint_merge import Kind, kind_of
from simulator.exchange.orders import Status
from tests.simulator.builders import MARKET, an_exchange, best, listing, send, trader

YES, NO = (MARKET, Outcome.YES), (MARKET, Outcome.NO)


@pytest.mark.parametrize(
    ("resting", "incoming", "kind"),
    [
        ("sell yes 10 at 0.52", "buy yes 10 at 0.52", Kind.COMPLEMENTARY),
        ("buy yes 10 at 0.52", "sell yes 10 at 0.52", Kind.COMPLEMENTARY),
        ("buy no 10 at 0.48", "sell no 10 at 0.48", Kind.COMPLEMENTARY),
        ("sell no 10 at 0.48", "buy no 10 at 0.48", Kind.COMPLEMENTARY),
        ("buy no 10 at 0.48", "buy yes 10 at 0.52", Kind.MINT),
        ("buy yes 10 at 0.52", "buy no 10 at 0.48", Kind.MINT),
        ("sell yes 10 at 0.52", "sell no 10 at 0.48", Kind.MERGE),
        ("sell no 10 at 0.48", "sell yes 10 at 0.52", Kind.MERGE),
    ],
)
def test_each_pair_of_opposite_orders_meets(resting: str, incoming: str, kind: Kind) -> None:
    exchange = an_exchange(fee_rate="0")
    maker, taker = trader(exchange, "maker", pairs="100"), trader(exchange, "taker", pairs="100")

    rested = send(exchange, maker, resting)
    came = send(exchange, taker, incoming)

    assert kind_of(came, rested) is kind
    assert rested.status is came.status is Status.MATCHED
    collateral = {Kind.COMPLEMENTARY: "200", Kind.MINT: "210", Kind.MERGE: "190"}[kind]
    assert listing(exchange).collateral == usdc(collateral)
    assert maker.cash + taker.cash + listing(exchange).collateral == usdc("2200")


@pytest.mark.parametrize(
    ("resting", "incoming"),
    [
        ("sell yes 10 at 0.52", "buy yes 10 at 0.51"),
        ("buy no 10 at 0.48", "buy yes 10 at 0.51"),
        ("sell no 10 at 0.48", "sell yes 10 at 0.53"),
        ("buy yes 10 at 0.52", "buy yes 10 at 0.52"),
        ("buy yes 10 at 0.52", "sell no 10 at 0.48"),
    ],
)
def test_orders_that_do_not_cross_both_rest(resting: str, incoming: str) -> None:
    exchange = an_exchange()
    maker, taker = trader(exchange, "maker", pairs="100"), trader(exchange, "taker", pairs="100")

    rested = send(exchange, maker, resting)
    came = send(exchange, taker, incoming)

    assert rested.status is came.status is Status.LIVE


def test_the_taker_gets_the_whole_price_improvement() -> None:
    exchange = an_exchange(fee_rate="0")
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker")
    send(exchange, maker, "buy no 10 at 0.48")

    send(exchange, taker, "buy yes 10 at 0.60")

    assert (taker.cash, taker.held(YES)) == (usdc("994.8"), shares("10"))
    assert (maker.cash, maker.held(NO)) == (usdc("995.2"), shares("10"))


def test_better_prices_go_first_and_equal_prices_in_order_of_arrival() -> None:
    exchange = an_exchange(fee_rate="0")
    one, two, three = (trader(exchange, name, pairs="100") for name in ("one", "two", "three"))
    taker = trader(exchange, "taker")
    late_but_better = ("sell yes 10 at 0.50", three)
    orders = [
        send(exchange, owner, said)
        for said, owner in (("sell yes 10 at 0.51", one), ("buy no 10 at 0.49", two), late_but_better)
    ]

    send(exchange, taker, "buy yes 15 at 0.51")

    assert [order.remaining for order in orders] == [shares("5"), shares("10"), shares("0")]


def test_the_rest_of_a_taker_stays_on_the_book_at_its_own_price() -> None:
    exchange = an_exchange(fee_rate="0")
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker")
    send(exchange, maker, "buy no 10 at 0.48")

    order = send(exchange, taker, "buy yes 25 at 0.53")

    assert (order.status, order.remaining) == (Status.LIVE, shares("15"))
    assert best(exchange, Outcome.YES) == (price("0.53"), None)
    assert taker.locked_cash == usdc("7.95")


def test_a_buy_pays_its_fee_on_top_and_a_maker_pays_none() -> None:
    exchange = an_exchange()
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker")
    send(exchange, maker, "buy no 100 at 0.52")

    send(exchange, taker, "buy yes 100 at 0.48")

    assert taker.cash == usdc("950.752")  # 48 and the fee of 1.248
    assert maker.cash == usdc("948")
    assert exchange.fees_taken == usdc("1.248")


def test_a_sell_pays_its_fee_out_of_the_proceeds() -> None:
    exchange = an_exchange()
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker", pairs="100")
    send(exchange, maker, "buy yes 100 at 0.49")

    send(exchange, taker, "sell yes 100 at 0.49")

    assert taker.cash == usdc("1047.7505")  # 49 less the fee of 1.2495


def test_a_mirrored_order_shows_on_the_other_outcome() -> None:
    exchange = an_exchange()
    maker = trader(exchange, "maker")

    send(exchange, maker, "buy no 10 at 0.48")

    assert best(exchange, Outcome.NO) == (price("0.48"), None)
    assert best(exchange, Outcome.YES) == (None, price("0.52"))
