"""How wallets' trades reach the chain, retry, fail and are undone; merges, redemptions and payouts."""

from collections.abc import Callable

import pytest

from core.ids import Outcome
from core.units import ONE, Ms, Price, Prob, shares, usdc
from simulator.exchange.accounts import Account
from simulator.exchange.happenings import OrderEnded, TradeMoved
from simulator.exchange.orders import CancelReason, Status, TimeInForce
from simulator.exchange.settlement import DOOMED, RETRIED, SMOOTH, Settlement
from simulator.exchange.trades import Trade, TradeStatus, tx_hash
from simulator.exchange.venue import Exchange
from tests.simulator.builders import MARKET, an_exchange, send, trader

YES, NO = (MARKET, Outcome.YES), (MARKET, Outcome.NO)
ALWAYS = Prob(1_000_000)
HALF = Price(ONE // 2)


def a_wallet(exchange: Exchange, *, cash: str = "100", pairs: str = "0") -> Account:
    return trader(exchange, "wallet", cash=cash, pairs=pairs, wallet=True)


def offer(exchange: Exchange, *said: str) -> None:
    """Let somebody of the house put orders on the book."""
    maker = trader(exchange, f"maker {len(exchange.accounts)}", pairs="100")
    for each in said:
        assert send(exchange, maker, each).status is Status.LIVE


def settle(exchange: Exchange, *, failing: bool = False) -> None:
    """Let all trades come to their end."""
    exchange.settlement.fail_chance = ALWAYS if failing else Prob(0)
    for _ in range(120):
        exchange.step(Ms(exchange.now_ms + 1_000))
        exchange.check()


def moves(exchange: Exchange) -> list[tuple[Trade, TradeStatus]]:
    return [(it.trade, it.status) for it in exchange.drain_happenings() if isinstance(it, TradeMoved)]


def test_a_trade_counts_at_once_for_the_book_and_when_mined_for_the_chain() -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange)
    offer(exchange, "sell yes 10 at 0.50")

    send(exchange, wallet, "buy yes 10 at 0.50")
    (trade,) = exchange.trades_of(wallet)
    matched = (wallet.cash, wallet.held(YES), wallet.chain_cash, wallet.chain_held(YES), trade.tx_hash)
    exchange.step(Ms(3_000))
    mined = (wallet.chain_cash, wallet.chain_held(YES), trade.tx_hash)

    assert matched == (usdc("95"), shares("10"), usdc("100"), shares("0"), None)
    assert mined == (usdc("95"), shares("10"), tx_hash(MARKET, trade.number))
    assert trade.status is TradeStatus.MINED


def test_each_step_of_a_settlement_takes_between_half_and_one_and_a_half_of_its_time() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="1000")
    offer(exchange, "sell yes 100 at 0.50")
    for _ in range(20):
        send(exchange, wallet, "buy yes 5 at 0.50")
    seen: dict[TradeStatus, list[int]] = {TradeStatus.MINED: [], TradeStatus.CONFIRMED: []}

    for now_ms in range(0, 13_000, 10):
        exchange.step(Ms(now_ms))
        for _, status in moves(exchange):
            seen[status].append(now_ms)

    assert len(seen[TradeStatus.CONFIRMED]) == len(seen[TradeStatus.MINED]) == 20
    assert 1_000 <= min(seen[TradeStatus.MINED]) <= 1_500
    assert 2_500 <= max(seen[TradeStatus.MINED]) <= 3_010
    assert min(seen[TradeStatus.CONFIRMED]) >= 4_000
    assert max(seen[TradeStatus.CONFIRMED]) <= 12_010


@pytest.mark.parametrize(
    ("retry", "fail", "fates"), [(0, 0, (SMOOTH,)), (ALWAYS, 0, RETRIED), (0, ALWAYS, DOOMED)]
)
def test_a_trade_goes_one_of_its_ways_and_ends(retry: int, fail: int, fates: tuple[object, ...]) -> None:
    exchange = an_exchange(seed=3)
    exchange.settlement.retry_chance, exchange.settlement.fail_chance = Prob(retry), Prob(fail)
    wallet = a_wallet(exchange, cash="1000")
    offer(exchange, "sell yes 100 at 0.50")
    for _ in range(20):
        send(exchange, wallet, "buy yes 5 at 0.50")
    ways: dict[str, list[TradeStatus]] = {trade.trade_id: [] for trade in exchange.trades_of(wallet)}

    for second in range(60):
        exchange.step(Ms(second * 1_000))
        exchange.check()
        for trade, status in moves(exchange):
            ways[trade.trade_id].append(status)

    assert {tuple(way) for way in ways.values()} == set(fates)


def test_the_chances_of_a_settlement_may_be_changed_while_trades_are_on_their_way() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange)
    offer(exchange, "sell yes 10 at 0.50")
    send(exchange, wallet, "buy yes 10 at 0.50")

    settle(exchange, failing=True)

    assert exchange.trades_of(wallet)[0].status is TradeStatus.FAILED


@pytest.mark.parametrize(
    "said", ["buy yes 10 at 0.60", "buy no 10 at 0.60", "sell yes 10 at 0.40", "sell no 10 at 0.40"]
)
def test_a_failed_trade_is_undone_exactly(said: str) -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, pairs="20")
    offer(exchange, "sell yes 6 at 0.55", "buy no 5 at 0.44", "buy yes 6 at 0.45", "sell no 5 at 0.56")
    before = (wallet.cash, dict(wallet.tokens), exchange.fees_taken)

    order = send(exchange, wallet, said)
    assert order.filled == shares("10")
    assert exchange.fees_taken > 0
    settle(exchange, failing=True)

    assert (wallet.cash, wallet.tokens, exchange.fees_taken) == before
    assert (wallet.chain_cash, wallet.chain_tokens()) == before[:2]
    assert order.filled == shares("10"), "the order stays matched; only its trades failed"


def test_a_failed_trade_between_two_wallets_is_undone_for_both() -> None:
    exchange = an_exchange()
    one = trader(exchange, "one", wallet=True)
    two = trader(exchange, "two", wallet=True)
    send(exchange, one, "buy no 10 at 0.48")
    send(exchange, two, "buy yes 10 at 0.52")

    settle(exchange, failing=True)

    assert exchange.trades_of(one) == exchange.trades_of(two)
    assert (one.cash, two.cash) == (usdc("1000"), usdc("1000"))
    assert not one.tokens
    assert not two.tokens
    assert exchange.treasury.clearing.tokens == {}, "a pair nobody wants is merged"


def test_what_was_sold_out_of_a_failed_trade_fails_with_it() -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange, cash="5")
    offer(exchange, "sell yes 10 at 0.50", "buy yes 10 at 0.48")
    exchange.settlement.mined_ms = exchange.settlement.confirmed_ms = Ms(10)
    send(exchange, wallet, "buy yes 10 at 0.50")
    exchange.settlement.mined_ms = Ms(10_000)
    send(exchange, wallet, "sell yes 10 at 0.48")
    bought, sold = exchange.trades_of(wallet)

    exchange.settlement.fail_chance, exchange.settlement.mined_ms = ALWAYS, Ms(10)
    exchange.step(Ms(1_000))

    assert [trade for trade, status in moves(exchange) if status is TradeStatus.FAILED] == [sold, bought]
    assert (wallet.cash, wallet.tokens) == (usdc("5"), {})
    assert (wallet.unmined_cash, wallet.unmined_tokens) == (0, {})


def test_a_trade_is_mined_only_after_the_one_it_lives_on() -> None:
    exchange = an_exchange(fee_rate="0", seed=1)
    exchange.settlement.retry_chance = Prob(500_000)
    wallet = a_wallet(exchange, cash="2.6")
    offer(exchange, "sell yes 10 at 0.50", "buy yes 10 at 0.49")
    chain: list[Trade] = []
    for _ in range(2):
        send(exchange, wallet, "buy yes 5 at 0.50")
        send(exchange, wallet, "sell yes 5 at 0.49")

    for second in range(60):
        exchange.step(Ms(second * 1_000))
        exchange.check()
        chain += [trade for trade, status in moves(exchange) if status is TradeStatus.MINED]

    assert {trade.status for trade in exchange.trades_of(wallet)} == {TradeStatus.CONFIRMED}
    assert list(dict.fromkeys(chain)) == exchange.trades_of(wallet)
    assert wallet.chain_cash == wallet.cash == usdc("2.5")


def test_open_orders_that_live_on_a_failed_trade_end_newest_first() -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange, cash="5", pairs="5")
    offer(exchange, "sell yes 10 at 0.50")
    send(exchange, wallet, "buy yes 10 at 0.50")
    kept, gone = (send(exchange, wallet, f"sell yes {size} at 0.60") for size in (5, 10))

    settle(exchange, failing=True)

    ends = [(it.order, it.why) for it in exchange.drain_happenings() if isinstance(it, OrderEnded)]
    assert ends == [(gone, CancelReason.UNCOVERED)]
    assert (kept.status, gone.status) == (Status.LIVE, Status.CANCELLED)
    assert wallet.free(YES) == 0


def test_a_delayed_order_that_lives_on_a_failed_trade_is_rejected() -> None:
    exchange = an_exchange(fee_rate="0", delay_ms=1_000)
    wallet = a_wallet(exchange, cash="0", pairs="0")
    other = trader(exchange, "other", pairs="50")
    exchange.pay_in(wallet, usdc("5"))
    exchange.settlement.mined_ms = exchange.settlement.confirmed_ms = Ms(0)
    send(exchange, wallet, "buy yes 10 at 0.50")
    send(exchange, other, "sell yes 10 at 0.50")
    exchange.step(Ms(1_000))
    send(exchange, other, "buy yes 10 at 0.30")
    late = send(exchange, wallet, "sell yes 10 at 0.30", now_ms=1_000)
    seen = [late.status]

    exchange.settlement.fail_chance = ALWAYS
    exchange.step(Ms(1_500))

    assert [*seen, late.status] == [Status.DELAYED, Status.REJECTED]
    assert (wallet.cash, wallet.tokens, wallet.locked_tokens) == (usdc("5"), {}, {})


def test_a_wallet_merges_only_what_is_on_the_chain() -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange)
    offer(exchange, "sell yes 10 at 0.50", "sell no 10 at 0.51")
    send(exchange, wallet, "buy yes 10 at 0.50")
    send(exchange, wallet, "buy no 10 at 0.51")

    early = exchange.merge(wallet, MARKET, shares("10"))
    settle(exchange)

    assert not early
    assert exchange.merge(wallet, MARKET, shares("10"))
    assert not exchange.merge(wallet, MARKET, shares("0.000001"))
    assert (wallet.cash, wallet.chain_cash, wallet.tokens) == (usdc("99.9"), usdc("99.9"), {})
    exchange.check()


def test_a_merge_takes_tokens_away_from_open_orders_and_pending_sales() -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange, cash="0", pairs="10")
    offer(exchange, "buy yes 5 at 0.48")
    send(exchange, wallet, "sell yes 5 at 0.48")
    resting = send(exchange, wallet, "sell no 10 at 0.60")

    assert exchange.merge(wallet, MARKET, shares("10"))
    exchange.check()

    assert exchange.trades_of(wallet)[0].status is TradeStatus.FAILED
    assert (resting.status, resting.ended) == (Status.CANCELLED, CancelReason.UNCOVERED)
    assert (wallet.cash, wallet.tokens) == (usdc("10"), {})


def test_a_split_makes_pairs_of_cash_on_the_chain() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="10")

    assert not exchange.split(wallet, MARKET, shares("10.000001"))
    assert exchange.split(wallet, MARKET, shares("10"))
    assert (wallet.cash, wallet.held(YES), wallet.chain_held(NO)) == (0, shares("10"), shares("10"))


@pytest.mark.parametrize(
    ("payout_yes", "paid"), [(ONE, "30"), (Price(0), "10"), (HALF, "20")], ids=["yes", "no", "void"]
)
def test_a_wallet_keeps_its_tokens_until_it_redeems_them(payout_yes: Price, paid: str) -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange, cash="0", pairs="10")
    exchange.pay_in(wallet, usdc("10"))
    offer(exchange, "sell yes 20 at 0.50")
    send(exchange, wallet, "buy yes 20 at 0.50")
    settle(exchange)

    assert exchange.redeem(wallet, MARKET) == 0
    exchange.resolve(MARKET, payout_yes)
    exchange.check()
    waiting = (wallet.cash, wallet.held(YES), wallet.held(NO))
    redeemed = exchange.redeem(wallet, MARKET)
    exchange.check()

    assert exchange.resolved[MARKET] == payout_yes
    assert waiting == (0, shares("30"), shares("10"))
    assert redeemed == wallet.chain_cash == usdc(paid)
    assert not wallet.tokens
    assert exchange.redeem(wallet, MARKET) == 0


def test_a_part_of_what_is_held_can_be_redeemed() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="0", pairs="10")
    exchange.resolve(MARKET, ONE)

    assert exchange.redeem(wallet, MARKET, {Outcome.YES: shares("4")}) == usdc("4")
    exchange.check()
    assert (wallet.held(YES), wallet.held(NO)) == (shares("6"), shares("10"))
    assert exchange.redeem(wallet, MARKET) == usdc("6")


@pytest.mark.parametrize("payout_yes", [ONE, Price(0), HALF])
@pytest.mark.parametrize("failing", [True, False])
def test_a_trade_may_still_settle_or_fail_after_the_resolution(payout_yes: Price, *, failing: bool) -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="100", pairs="10")
    offer(exchange, "sell yes 10 at 0.55", "buy no 10 at 0.44", "buy no 10 at 0.44")
    send(exchange, wallet, "buy yes 15 at 0.60")
    send(exchange, wallet, "sell no 5 at 0.44")

    exchange.resolve(MARKET, payout_yes)
    settle(exchange, failing=failing)
    exchange.redeem(wallet, MARKET)

    stood = [move.cash for trade in exchange.trades_of(wallet) for move in trade.moves if not failing]
    yes, no = (shares("10"), shares("10")) if failing else (shares("25"), shares("5"))
    worth = (yes * payout_yes + no * (ONE - payout_yes)) // ONE
    assert wallet.cash == wallet.chain_cash == usdc("100") + sum(stood) + worth
    assert not wallet.tokens
    exchange.check()


def test_a_failed_sale_of_an_odd_size_is_backed_after_a_void_match() -> None:
    exchange = an_exchange(fee_rate="0")
    wallet = a_wallet(exchange, pairs="40")
    offer(exchange, "buy no 50 at 0.48")
    spender = trader(exchange, "spender", wallet=True)
    send(exchange, spender, "buy yes 19.23 at 0.52", tif=TimeInForce.FAK, budget="10")
    settle(exchange)
    sold = send(exchange, wallet, "sell no 40 at 0.48", tif=TimeInForce.FAK)
    assert sold.filled == shares("30.769231")

    exchange.resolve(MARKET, HALF)
    settle(exchange, failing=True)

    assert wallet.held(NO) == shares("40")
    assert exchange.redeem(wallet, MARKET) == usdc("40")


def test_a_pair_of_a_resolved_market_still_merges() -> None:
    exchange = an_exchange()
    wallet = a_wallet(exchange, cash="0", pairs="10")
    exchange.resolve(MARKET, HALF)

    assert exchange.merge(wallet, MARKET, shares("4"))
    assert exchange.redeem(wallet, MARKET) == usdc("6")
    exchange.check()


def test_two_exchanges_of_one_seed_settle_alike() -> None:
    ends = []
    for seed in (5, 5, 6):
        exchange = an_exchange(seed=seed)
        exchange.settlement.retry_chance = exchange.settlement.fail_chance = Prob(300_000)
        wallet = a_wallet(exchange, cash="1000")
        offer(exchange, "sell yes 100 at 0.50")
        for _ in range(20):
            send(exchange, wallet, "buy yes 5 at 0.50")
        told = []
        for second in range(60):
            exchange.step(Ms(second * 1_000))
            told += [(second, trade.number, status) for trade, status in moves(exchange)]
        ends.append(told)

    assert ends[0] == ends[1] != ends[2]


def test_a_check_finds_money_and_tokens_that_were_made() -> None:
    spoilers: list[Callable[[Account], None]] = [
        lambda wallet: wallet.add_cash(usdc("0.000001")),
        lambda wallet: wallet.add_tokens(YES, shares("1")),
        lambda wallet: wallet.lock_cash(usdc("1")),
        lambda wallet: wallet.await_mining(YES, usdc("5"), shares("50")),
    ]
    for spoil in spoilers:
        exchange = an_exchange()
        wallet = a_wallet(exchange, cash="4", pairs="10")
        exchange.check()
        spoil(wallet)
        with pytest.raises(AssertionError):
            exchange.check()


def test_a_settlement_starts_without_faults() -> None:
    assert (Settlement(1).retry_chance, Settlement(1).fail_chance) == (0, 0)
