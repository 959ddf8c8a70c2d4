"""Order types, order ids, budgets, expiries, allowances, and what a followed wallet is told of them."""

import pytest

from core.ids import Outcome, Side
from core.units import Ms, Shares, price, shares, usdc
from simulator.exchange.accounts import Account
from simulator.exchange.happenings import Happening, OrderEnded, OrderPlaced, OrderUpdated, TradeHappened
from simulator.exchange.orders import CancelReason, Order, Refusal, Status, TimeInForce
from simulator.exchange.prints import TickRefined
from simulator.exchange.venue import Exchange
from tests.simulator.builders import MARKET, an_exchange, best, listing, send, trader

GTD, FOK, FAK = TimeInForce.GTD, TimeInForce.FOK, TimeInForce.FAK
YES = (MARKET, Outcome.YES)
MINUTE_MS = 60_000


def a_wallet(exchange: Exchange, *, cash: str = "1000", pairs: str = "0") -> Account:
    return trader(exchange, "wallet", cash=cash, pairs=pairs, wallet=True)


def told(happenings: list[Happening]) -> list[str]:
    """What happened, in words: the kind and the status or reason."""
    words = {
        OrderPlaced: lambda it: f"placed {it.status}",
        OrderUpdated: lambda it: f"{it.status} {it.filled // 1_000_000}",
        OrderEnded: lambda it: f"ended: {it.why}",
        TradeHappened: lambda it: f"trade {it.trade.shares // 1_000_000} at {it.trade.price}",
    }
    return [words[type(it)](it) for it in happenings]


def test_an_order_id_from_outside_is_kept_and_taken_once() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange)

    first = send(exchange, wallet, "buy yes 10 at 0.48", order_id="0xabc")
    exchange.cancel(first)
    again = send(exchange, wallet, "buy yes 10 at 0.48", order_id="0xabc")

    assert (again.status, again.refusal) == (Status.REJECTED, Refusal.DUPLICATED)
    assert exchange.order(first.order_id) is first
    assert exchange.orders_of(wallet) == [first]
    assert (first.status, first.ended) == (Status.CANCELLED, CancelReason.ASKED)
    assert wallet.locked_cash == 0


def test_an_order_that_was_refused_at_once_may_come_again() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="1")

    refused = send(exchange, wallet, "buy yes 10 at 0.48", order_id="0xabc")
    exchange.pay_in(wallet, usdc("10"))

    assert refused.refusal is Refusal.NOT_ENOUGH
    assert exchange.order(refused.order_id) is None
    assert send(exchange, wallet, "buy yes 10 at 0.48", order_id="0xabc").status is Status.LIVE


@pytest.mark.parametrize(
    ("delay_ms", "statuses"), [(0, [Status.MATCHED]), (1_000, [Status.DELAYED, Status.MATCHED])]
)
def test_a_fok_fills_whole(delay_ms: int, statuses: list[Status]) -> None:
    exchange = an_exchange(delay_ms=delay_ms)
    send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")

    order = send(exchange, a_wallet(exchange), "buy yes 10 at 0.52", tif=FOK)
    seen = [order.status]
    if delay_ms:
        exchange.step(Ms(delay_ms))
        seen.append(order.status)

    assert seen == statuses
    assert order.filled == shares("10")


def test_a_fok_that_finds_too_little_is_refused_at_once_and_changes_nothing() -> None:
    exchange = an_exchange(delay_ms=1_000)
    wallet = a_wallet(exchange)
    send(exchange, trader(exchange, "maker"), "buy no 9.99 at 0.48")

    order = send(exchange, wallet, "buy yes 10 at 0.52", tif=FOK)

    assert (order.status, order.refusal) == (Status.REJECTED, Refusal.FOK_NOT_FILLED)
    assert wallet.free_cash == usdc("1000")
    assert exchange.drain_happenings() == []


def test_a_fok_whose_counterpart_leaves_during_the_delay_is_rejected_afterwards() -> None:
    exchange = an_exchange(delay_ms=1_000)
    wallet = a_wallet(exchange)
    quote = send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")

    order = send(exchange, wallet, "buy yes 10 at 0.52", tif=FOK)
    exchange.cancel(quote)
    exchange.step(Ms(1_000))

    assert (order.status, order.refusal) == (Status.REJECTED, Refusal.FOK_NOT_FILLED)
    assert exchange.order(order.order_id) is order
    assert wallet.free_cash == usdc("1000")
    assert told(exchange.drain_happenings()) == ["placed delayed", "ended: rejected"]


def test_a_fak_takes_what_is_there_and_lets_the_rest_go() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange)
    send(exchange, trader(exchange, "maker"), "buy no 6 at 0.48")

    order = send(exchange, wallet, "buy yes 10 at 0.53", tif=FAK)

    assert (order.status, order.filled, order.remaining) == (Status.MATCHED, shares("6"), shares("4"))
    assert best(exchange, Outcome.YES) == (None, None)
    assert wallet.locked_cash == 0
    assert told(exchange.drain_happenings()) == ["placed live", "trade 6 at 5200", "live 6", "ended: killed"]


def test_a_fak_without_a_counterpart_is_refused() -> None:
    exchange = an_exchange(delay_ms=1_000)
    send(exchange, trader(exchange, "maker"), "buy no 6 at 0.48")

    order = send(exchange, a_wallet(exchange), "buy yes 10 at 0.51", tif=FAK)

    assert (order.status, order.refusal) == (Status.REJECTED, Refusal.FAK_NO_MATCH)


def bought_for(
    budget: str, *, limit: str, offers: tuple[str, ...], tif: TimeInForce = FAK
) -> tuple[Exchange, Order]:
    exchange = an_exchange()
    maker = trader(exchange, "maker", pairs="100")
    for offer in offers:
        assert send(exchange, maker, offer).status is Status.LIVE
    worst = Shares(usdc(budget) * 10_000 // price(limit))
    order = exchange.place(
        a_wallet(exchange),
        MARKET,
        Outcome.YES,
        Side.BUY,
        price=price(limit),
        size=worst,
        post_only=False,
        now_ms=Ms(0),
        tif=tif,
        budget=usdc(budget),
    )
    exchange.check()
    return exchange, order


def test_a_budget_buys_more_shares_where_the_price_is_better() -> None:
    exchange, order = bought_for("10", limit="0.60", offers=("buy no 10 at 0.60", "buy no 50 at 0.50"))

    assert order.status is Status.MATCHED
    assert order.filled == shares("22")  # 10 at 0.40 and 12 at 0.50, not the 16.66 of the worst price
    assert order.amount == usdc("10")
    assert exchange.fees_taken == order.fee == usdc("0.27")  # 0.12 and 0.15


@pytest.mark.parametrize("offer", ["buy no 50 at 0.48", "sell yes 50 at 0.52"])
def test_a_budget_is_spent_to_the_last_millionth(offer: str) -> None:
    exchange, order = bought_for("10", limit="0.52", offers=(offer,), tif=FOK)

    assert order.status is Status.MATCHED
    assert order.amount == usdc("10")
    assert order.filled == shares("19.230769")  # what 10 USDC buy at 0.52
    assert listing(exchange).book.asks.levels() == ((price("0.52"), shares("30.769231")),)


def test_a_budget_that_the_book_cannot_take_is_no_fok() -> None:
    assert (
        bought_for("10", limit="0.52", offers=("buy no 19 at 0.48",), tif=FOK)[1].refusal
        is Refusal.FOK_NOT_FILLED
    )
    assert bought_for("10", limit="0.52", offers=("buy no 19 at 0.48",))[1].filled == shares("19")


def test_one_trade_for_all_makers_at_a_price_and_its_fee_is_rounded_once() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange)
    makers = [trader(exchange, f"maker {n}", pairs="100") for n in range(3)]
    for maker, said in zip(
        makers, ("buy no 5.02 at 0.99", "sell yes 5.02 at 0.01", "buy no 6 at 0.98"), strict=True
    ):
        send(exchange, maker, said)

    order = send(exchange, wallet, "buy yes 16.04 at 0.02")

    first, second = exchange.trades_of(wallet)
    assert [part.order.owner for part in first.makers] == makers[:2]
    assert [part.price for part in first.makers] == [price("0.99"), price("0.01")]
    assert (first.price, first.shares, first.fee) == (price("0.01"), shares("10.04"), usdc("0.00497"))
    assert (second.price, second.shares, second.fee) == (price("0.02"), shares("6"), usdc("0.00588"))
    assert order.fee == exchange.fees_taken == first.fee + second.fee
    assert order.trade_ids == [first.trade_id, second.trade_id]
    assert wallet.cash == usdc("1000") - order.amount - order.fee


def test_a_maker_is_told_its_part_in_its_own_terms() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange)
    order = send(exchange, wallet, "buy no 10 at 0.48")
    exchange.drain_happenings()

    send(exchange, trader(exchange, "taker"), "buy yes 5 at 0.60")
    send(exchange, trader(exchange, "other"), "buy yes 5 at 0.60")

    assert told(exchange.drain_happenings()) == ["trade 5 at 5200", "live 5", "trade 5 at 5200", "matched 10"]
    (part,) = exchange.trades_of(wallet)[0].makers
    assert (part.order, part.shares, part.price) == (order, shares("5"), price("0.48"))
    assert order.fee == 0


def test_trades_of_the_house_among_itself_are_nobodys_business() -> None:
    exchange = an_exchange()
    send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")

    order = send(exchange, trader(exchange, "taker"), "buy yes 10 at 0.52", order_id="0xabc")

    assert order.filled == shares("10")
    assert exchange.order(order.order_id) is None
    assert exchange.drain_happenings() == []


def test_a_gtd_order_ends_a_minute_before_its_time() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange)

    order = send(exchange, wallet, "buy yes 10 at 0.48", tif=GTD, expires_ms=4 * MINUTE_MS)
    exchange.step(Ms(3 * MINUTE_MS - 1))
    before = order.status
    exchange.step(Ms(3 * MINUTE_MS))

    assert (before, order.status) == (Status.LIVE, Status.EXPIRED)
    assert wallet.free_cash == usdc("1000")
    assert listing(exchange).book.bids.best is None
    assert told(exchange.drain_happenings()) == ["placed live", "ended: expired"]


@pytest.mark.parametrize(
    ("tif", "expires_ms"), [(GTD, 3 * MINUTE_MS - 1), (GTD, None), (TimeInForce.GTC, 9 * MINUTE_MS)]
)
def test_an_expiration_that_makes_no_sense_is_refused(tif: TimeInForce, expires_ms: int | None) -> None:
    exchange = an_exchange()

    order = send(exchange, a_wallet(exchange), "buy yes 10 at 0.48", tif=tif, expires_ms=expires_ms)

    assert order.refusal is Refusal.BAD_EXPIRATION


def test_a_delayed_order_that_finds_nothing_rests_and_its_owner_hears_of_it() -> None:
    exchange = an_exchange(delay_ms=1_000)
    wallet = a_wallet(exchange)
    quote = send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")

    order = send(exchange, wallet, "buy yes 10 at 0.52")
    assert exchange.cancel_all(wallet) == []
    assert exchange.open_orders_of(wallet) == []
    exchange.cancel(quote)
    exchange.step(Ms(1_000))

    assert told(exchange.drain_happenings()) == ["placed delayed", "live 0"]
    assert exchange.open_orders_of(wallet) == [order]
    assert order.was_delayed


def test_a_delayed_order_is_judged_again_by_its_allowance() -> None:
    exchange = an_exchange(delay_ms=1_000)
    wallet = a_wallet(exchange)
    send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")

    order = send(exchange, wallet, "buy yes 10 at 0.52")
    exchange.may_spend = lambda *_: False
    exchange.step(Ms(1_000))

    assert (order.status, order.refusal) == (Status.REJECTED, Refusal.NO_ALLOWANCE)
    assert wallet.free_cash == usdc("1000")


@pytest.mark.parametrize(
    ("said", "spent"), [("buy yes 10 at 0.40", None), ("sell no 10 at 0.70", Outcome.NO)]
)
def test_a_wallet_needs_the_allowance_for_what_it_spends(said: str, spent: Outcome | None) -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, pairs="100")
    exchange.may_spend = lambda account, market_id, what: (
        (account, market_id, what) != (wallet, MARKET, spent)
    )

    assert send(exchange, wallet, said).refusal is Refusal.NO_ALLOWANCE
    assert send(exchange, trader(exchange, "house", pairs="100"), said).status is Status.LIVE


def test_all_orders_of_a_wallet_or_of_one_outcome_are_cancelled_at_once() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, pairs="100")
    yes = [send(exchange, wallet, f"buy yes 10 at 0.{cents}") for cents in (41, 42)]
    no = send(exchange, wallet, "buy no 10 at 0.43")

    assert exchange.cancel_all(wallet, MARKET, Outcome.YES, why=CancelReason.HEARTBEAT) == yes
    assert exchange.open_orders_of(wallet, MARKET) == [no]
    assert exchange.cancel_all(wallet) == [no]
    assert told(exchange.drain_happenings())[-2:] == ["ended: heartbeat", "ended: asked"]


@pytest.mark.parametrize("reason", [CancelReason.GAME_START, CancelReason.RESOLVED])
def test_a_wallet_hears_why_all_its_orders_are_gone(reason: CancelReason) -> None:
    exchange = an_exchange(delay_ms=1_000)
    wallet = a_wallet(exchange)
    send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")
    for said in ("buy yes 10 at 0.40", "buy yes 10 at 0.60"):
        send(exchange, wallet, said)
    exchange.drain_happenings()

    if reason is CancelReason.GAME_START:
        exchange.wipe(MARKET)
    else:
        exchange.resolve(MARKET, price("1"))

    assert told(exchange.drain_happenings()) == [f"ended: {reason}", f"ended: {reason}"]
    assert wallet.free_cash == usdc("1000")


def test_orders_off_a_refined_grid_stay_as_they_are() -> None:
    exchange = an_exchange(tick="0.0025")
    wallet = a_wallet(exchange)
    off = send(exchange, wallet, "buy yes 10 at 0.9625")

    send(exchange, trader(exchange, "other"), "buy no 10 at 0.03")

    assert TickRefined(MARKET, price("0.0025"), price("0.001")) in exchange.prints
    assert off.status is Status.LIVE
    assert send(exchange, wallet, "buy yes 10 at 0.9625").refusal is Refusal.OFF_TICK
    taken = send(exchange, trader(exchange, "seller", pairs="20"), "sell yes 5 at 0.9")
    assert (taken.filled, off.filled) == (shares("5"), shares("5"))
    assert exchange.trades_of(wallet)[0].price == price("0.9625")
    assert exchange.cancel(off)


def test_two_worlds_of_one_seed_name_their_trades_alike() -> None:
    named = []
    for seed in (1, 1, 2):
        exchange = an_exchange(seed=seed)
        wallet = a_wallet(exchange)
        send(exchange, trader(exchange, "maker"), "buy no 10 at 0.48")
        send(exchange, wallet, "buy yes 10 at 0.52")
        named.append(exchange.trades_of(wallet)[0].trade_id)

    assert named[0] == named[1] != named[2]


def test_what_a_wallet_holds_in_its_orders_it_cannot_spend_twice() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="10", pairs="10")

    send(exchange, wallet, "buy yes 15 at 0.40")
    assert send(exchange, wallet, "buy no 15 at 0.40").refusal is Refusal.NOT_ENOUGH
    send(exchange, wallet, "sell yes 6 at 0.60")

    assert send(exchange, wallet, "sell yes 5 at 0.60").refusal is Refusal.NOT_ENOUGH
    assert (wallet.free_cash, wallet.free(YES)) == (usdc("4"), shares("4"))
