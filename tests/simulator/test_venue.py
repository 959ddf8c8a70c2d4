"""What the exchange refuses, delays, cancels, refines, wipes and resolves."""

import pytest

from core.ids import Outcome
from core.units import ONE, Ms, price, shares, usdc
from simulator.exchange.fees import taker_fee
from simulator.exchange.orders import Refusal, Status
from simulator.exchange.prints import LevelSet, Redrawn, TickRefined, Traded
from tests.simulator.builders import MARKET, an_exchange, best, listing, send, terms, trader

YES, NO = (MARKET, Outcome.YES), (MARKET, Outcome.NO)
RATE = terms().fee_rate


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ("buy yes 10 at 0.485", Refusal.OFF_TICK),
        ("buy yes 10 at 0", Refusal.OFF_TICK),
        ("buy yes 10 at 1", Refusal.OFF_TICK),
        ("buy yes 4.99 at 0.48", Refusal.BELOW_MINIMUM),
        ("buy yes 5.005 at 0.48", Refusal.OFF_STEP),
        ("buy yes 300 at 0.48", Refusal.NOT_ENOUGH),
        ("sell no 10 at 0.48", Refusal.NOT_ENOUGH),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused(said: str, refusal: Refusal) -> None:
    exchange = an_exchange()
    owner = trader(exchange, "owner", cash="100")

    order = send(exchange, owner, said)

    assert (order.status, order.refusal) == (Status.REJECTED, refusal)
    assert owner.locked_cash == 0


def test_open_orders_hold_back_what_they_may_need() -> None:
    exchange = an_exchange()
    owner = trader(exchange, "owner", cash="100", pairs="20")
    first = send(exchange, owner, "buy yes 100 at 0.60")
    send(exchange, owner, "sell no 15 at 0.55")

    assert send(exchange, owner, "buy yes 100 at 0.41").refusal is Refusal.NOT_ENOUGH
    assert send(exchange, owner, "sell no 6 at 0.55").refusal is Refusal.NOT_ENOUGH

    assert exchange.cancel(first)
    assert send(exchange, owner, "buy yes 100 at 0.41").status is Status.LIVE


def test_a_buy_that_cannot_pay_its_fee_is_refused_when_it_would_match() -> None:
    exchange = an_exchange()
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker", cash="48.5")
    send(exchange, maker, "buy no 100 at 0.52")

    order = send(exchange, taker, "buy yes 100 at 0.48")

    assert order.refusal is Refusal.NOT_ENOUGH
    assert (taker.cash, taker.locked_cash) == (usdc("48.5"), 0)


def test_a_post_only_order_that_would_cross_is_refused() -> None:
    exchange = an_exchange()
    maker, other = trader(exchange, "maker"), trader(exchange, "other")
    send(exchange, maker, "buy no 10 at 0.48")

    assert send(exchange, other, "buy yes 10 at 0.52", post_only=True).refusal is Refusal.WOULD_CROSS
    assert send(exchange, other, "buy yes 10 at 0.51", post_only=True).status is Status.LIVE


def test_a_marketable_order_waits_and_meets_the_book_as_it_is_then() -> None:
    exchange = an_exchange(delay_ms=1_000)
    early, better, taker = (trader(exchange, name) for name in ("early", "better", "taker"))
    send(exchange, early, "buy no 10 at 0.48")

    order = send(exchange, taker, "buy yes 10 at 0.52", now_ms=5_000)
    statuses = [order.status]
    assert not exchange.cancel(order), "not while it is delayed"
    send(exchange, better, "buy no 10 at 0.50", now_ms=5_500)
    for now_ms in (5_999, 6_000):
        exchange.step(Ms(now_ms))
        statuses.append(order.status)

    assert statuses == [Status.DELAYED, Status.DELAYED, Status.MATCHED]
    assert better.held(NO) == shares("10")


def test_a_delayed_order_rests_when_what_it_wanted_is_gone() -> None:
    exchange = an_exchange(delay_ms=1_000)
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker")
    quote = send(exchange, maker, "buy no 10 at 0.48")
    order = send(exchange, taker, "buy yes 10 at 0.52")

    exchange.cancel(quote)
    exchange.step(Ms(1_000))

    assert order.status is Status.LIVE
    assert best(exchange, Outcome.YES) == (price("0.52"), None)


def test_a_delayed_order_is_judged_again_by_its_balance() -> None:
    exchange = an_exchange(delay_ms=1_000)
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker", cash="49")
    send(exchange, maker, "buy no 100 at 0.52")

    order = send(exchange, taker, "buy yes 100 at 0.48")
    exchange.step(Ms(1_000))

    assert (order.status, order.refusal) == (Status.REJECTED, Refusal.NOT_ENOUGH)


def test_the_tick_becomes_finer_once_near_an_end() -> None:
    exchange = an_exchange()
    owner = trader(exchange, "owner")
    send(exchange, owner, "buy yes 10 at 0.96")
    assert send(exchange, owner, "buy yes 10 at 0.965").refusal is Refusal.OFF_TICK

    send(exchange, owner, "buy no 10 at 0.02")

    assert TickRefined(MARKET, price("0.01"), price("0.001")) in exchange.prints
    assert send(exchange, owner, "buy yes 10 at 0.965").status is Status.LIVE
    exchange.wipe(MARKET)
    send(exchange, owner, "buy yes 10 at 0.50")
    assert listing(exchange).tick == price("0.001"), "it never becomes coarser again"


def test_a_wipe_gives_everything_back_that_was_held() -> None:
    exchange = an_exchange(delay_ms=1_000)
    maker, taker = trader(exchange, "maker", pairs="50"), trader(exchange, "taker")
    orders = [send(exchange, maker, "sell yes 50 at 0.52"), send(exchange, taker, "buy yes 10 at 0.60")]

    exchange.wipe(MARKET)
    exchange.step(Ms(1_000))

    assert [order.status for order in orders] == [Status.CANCELLED, Status.CANCELLED]
    assert maker.free(YES) == shares("50")
    assert taker.free_cash == usdc("1000")
    assert exchange.prints[-1] == Redrawn(MARKET, (), (), price("0.01"), None)


def test_resolution_pays_one_for_each_winning_share_and_forgets_the_market() -> None:
    exchange = an_exchange(fee_rate="0")
    winner, loser = trader(exchange, "winner"), trader(exchange, "loser")
    send(exchange, loser, "buy no 100 at 0.40")
    send(exchange, winner, "buy yes 100 at 0.60")
    send(exchange, loser, "buy no 10 at 0.40")

    exchange.resolve(MARKET, ONE)

    assert (winner.cash, loser.cash) == (usdc("1040"), usdc("960"))
    assert not winner.tokens
    assert send(exchange, winner, "buy yes 10 at 0.50").refusal is Refusal.CLOSED
    assert exchange.close_account(loser) == usdc("960")


def test_a_trade_prints_each_price_it_reached_and_then_the_book() -> None:
    exchange = an_exchange()
    maker, taker = trader(exchange, "maker"), trader(exchange, "taker")
    for said in ("buy no 10 at 0.48", "buy no 5 at 0.48", "buy no 10 at 0.47"):
        send(exchange, maker, said)
    exchange.drain()

    order = send(exchange, taker, "buy yes 30 at 0.53")

    first, second, book = exchange.drain()
    assert isinstance(first, Traded)
    assert isinstance(second, Traded)
    assert (first.price, first.shares) == (price("0.52"), shares("15"))
    assert (second.price, second.shares) == (price("0.53"), shares("10"))
    assert book == Redrawn(
        MARKET, ((price("0.53"), shares("5")),), (), price("0.01"), last_price=price("0.53")
    )
    assert order.remaining == shares("5")


def test_an_order_that_comes_and_goes_prints_the_new_size_of_its_level() -> None:
    exchange = an_exchange()
    owner = trader(exchange, "owner", pairs="10")
    send(exchange, owner, "buy yes 10 at 0.48")
    order = send(exchange, owner, "sell no 5 at 0.52")
    exchange.cancel(order)

    sizes = [said.size for said in exchange.drain() if isinstance(said, LevelSet)]

    assert sizes == [shares("10"), shares("15"), shares("10")]


@pytest.mark.parametrize(
    ("at", "size", "fee"),
    [
        ("0.48", "100", "1.248"),
        ("0.49", "100", "1.2495"),
        ("0.51", "100", "1.2495"),
        ("0.5", "5", "0.0625"),
        ("0.01", "5", "0.00248"),  # 0.002475 rounds half up
        ("0.001", "0.01", "0"),
    ],
)
def test_the_fee_is_rounded_half_up_to_five_decimals(at: str, size: str, fee: str) -> None:
    assert taker_fee(price(at), shares(size), RATE) == usdc(fee)
