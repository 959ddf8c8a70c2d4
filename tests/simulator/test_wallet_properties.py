"""Whatever wallets and the house do, money and tokens stay what they were, and a wallet is the sum of its trades.

Method: random sequences of all order types, cancels, splits, merges, redemptions, waits, a game start and a
resolution, with trades that retry and fail; after each step the exchange checks itself and the wallets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import Outcome, Side
from core.units import ONE, SHARE, SHARE_STEP, USDC, Ms, Price, Prob, Shares, Usdc
from simulator.exchange.accounts import Account
from simulator.exchange.orders import Order, Status, TimeInForce
from simulator.exchange.trades import TradeStatus
from simulator.exchange.venue import Exchange
from tests.examples import examples
from tests.simulator.builders import MARKET, an_exchange, trader

CASH = "60"
PAIRS = "20"
WALLETS = 2
ACCOUNTS = 4
MINUTE_MS = 60_000


class Say(NamedTuple):
    """One step: who does what. ``number`` is the order to cancel, an amount, or a time to wait."""

    what: str
    who: int
    outcome: Outcome
    side: Side
    cents: int
    size: int
    tif: TimeInForce
    post_only: bool
    number: int


WEIGHTS = {
    "place": 30,
    "wait": 10,
    "cancel": 2,
    "cancel all": 1,
    "split": 2,
    "merge": 2,
    "redeem": 2,
    "forbid": 1,
    "wipe": 1,
}


def some_steps(rolls: Random, count: int) -> Iterator[Say]:
    """Long enough that wallets run out of cash and tokens, and live on trades that are not mined yet."""
    for what in rolls.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count):
        yield Say(
            what=what,
            who=rolls.randrange(ACCOUNTS),
            outcome=rolls.choice(list(Outcome)),
            side=rolls.choice(list(Side)),
            cents=rolls.randint(46, 54),
            size=rolls.randint(500, 4_000),
            tif=rolls.choices(list(TimeInForce), (6, 2, 1, 1))[0],
            post_only=rolls.random() < 0.2,
            number=rolls.randint(0, 60),
        )


@dataclass(slots=True)
class Floor:
    """The exchange with two wallets and two of the house, and what each wallet did besides trading."""

    exchange: Exchange
    accounts: list[Account]
    orders: list[Order] = field(default_factory=list)
    moved: dict[str, int] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    now_ms: int = 0

    def do(self, say: Say) -> None:
        exchange, account = self.exchange, self.accounts[say.who]
        match say.what:
            case "place":
                self.orders.append(self.place(say, account))
            case "cancel" if self.orders:
                exchange.cancel(self.orders[say.number % len(self.orders)], Ms(self.now_ms))
            case "cancel all" if account.wallet:
                exchange.cancel_all(account, MARKET, say.outcome)
            case "split" if exchange.split(account, MARKET, Shares(say.number * SHARE)):
                self.move(account, -say.number * SHARE)
            case "merge" if exchange.merge(account, MARKET, Shares(say.number * SHARE)):
                self.move(account, say.number * SHARE)
            case "redeem":
                self.move(account, exchange.redeem(account, MARKET))
            case "forbid":
                self.forbidden ^= {account.name}
            case "wipe" if MARKET in exchange.listings:
                exchange.wipe(MARKET)
            case "wait":
                self.wait(say.number * 50)

    def place(self, say: Say, account: Account) -> Order:
        resting = say.tif.rests
        budget = (
            Usdc(say.size * USDC // 200) if not resting and say.side is Side.BUY and say.number % 2 else None
        )
        return self.exchange.place(
            account,
            MARKET,
            say.outcome,
            say.side,
            price=Price(say.cents * 100),
            size=Shares(say.size * SHARE_STEP),
            post_only=resting and say.post_only,
            now_ms=Ms(self.now_ms),
            tif=say.tif,
            expires_ms=Ms(self.now_ms + 4 * MINUTE_MS) if say.tif is TimeInForce.GTD else None,
            budget=budget,
        )

    def wait(self, ms: int) -> None:
        self.now_ms += ms
        self.exchange.step(Ms(self.now_ms))

    def move(self, account: Account, amount: int) -> None:
        self.moved[account.name] = self.moved.get(account.name, 0) + amount


def a_floor(*, delay_ms: int, retry: int, fail: int, seed: int) -> Floor:
    exchange = an_exchange(delay_ms=delay_ms, seed=seed)
    exchange.settlement.retry_chance, exchange.settlement.fail_chance = Prob(retry), Prob(fail)
    accounts = [
        trader(exchange, f"trader {n}", cash=CASH, pairs=PAIRS, wallet=n < WALLETS) for n in range(ACCOUNTS)
    ]
    floor = Floor(exchange, accounts)
    exchange.may_spend = lambda account, _market, _outcome: account.name not in floor.forbidden
    return floor


def check(floor: Floor) -> None:
    """The exchange as a whole, and each wallet against its own trades."""
    floor.exchange.check()
    for account in floor.accounts[:WALLETS]:
        trades = floor.exchange.trades_of(account)
        moves = [(trade, move) for trade in trades for move in trade.moves if move.account is account]
        start = int(CASH) * USDC + floor.moved.get(account.name, 0)
        stood = [move for trade, move in moves if trade.status is not TradeStatus.FAILED]
        mined = [move for trade, move in moves if trade.status.on_chain]
        assert account.cash == start + sum(move.cash for move in stood)
        assert account.chain_cash == start + sum(move.cash for move in mined)
    for order in floor.orders:
        assert order.open or not order.held_back
        assert order.tif.rests or order.status is not Status.LIVE


chances = st.sampled_from([(0, 0), (300_000, 0), (200_000, 300_000), (0, 700_000)])


@given(st.integers(0, 1 << 32), st.sampled_from([0, 1_000]), chances)
@settings(max_examples=examples(60), deadline=None)
def test_money_is_conserved_and_a_wallet_is_the_sum_of_its_trades(
    seed: int, delay_ms: int, chance: tuple[int, int]
) -> None:
    floor = a_floor(delay_ms=delay_ms, retry=chance[0], fail=chance[1], seed=seed)
    assert floor.exchange.books_sum() == ACCOUNTS * (int(CASH) + int(PAIRS)) * USDC

    for say in some_steps(Random(seed), 150):
        floor.do(say)
        check(floor)


@given(st.integers(0, 1 << 32), st.sampled_from([Price(0), Price(ONE // 2), ONE]), chances)
@settings(max_examples=examples(40), deadline=None)
def test_after_a_resolution_trades_still_settle_and_every_wallet_can_redeem(
    seed: int, payout_yes: Price, chance: tuple[int, int]
) -> None:
    floor = a_floor(delay_ms=1_000, retry=chance[0], fail=chance[1], seed=seed)
    exchange, rolls = floor.exchange, Random(seed)
    for say in some_steps(rolls, 120):
        floor.do(say)

    exchange.resolve(MARKET, payout_yes)
    check(floor)
    for say in some_steps(rolls, 10):
        floor.do(say)
        check(floor)
    for _ in range(20):
        floor.wait(MINUTE_MS)
    for account in floor.accounts:
        floor.move(account, exchange.redeem(account, MARKET))
    check(floor)

    assert not any(account.tokens or account.locked_cash for account in floor.accounts)
    assert not any(account.unmined_cash or account.unmined_tokens for account in floor.accounts)
    for account in floor.accounts[:WALLETS]:
        ends = {TradeStatus.CONFIRMED, TradeStatus.FAILED}
        assert {trade.status for trade in exchange.trades_of(account)} <= ends
    held = sum(account.cash for account in floor.accounts) + exchange.treasury.clearing.cash
    dust = exchange.books_sum() - held - exchange.fees_taken
    assert 0 <= dust <= len(floor.orders) + ACCOUNTS, "less than a millionth for each rounding"
    assert payout_yes == ONE // 2 or not dust
