"""A wallet trades twenty minutes of an evening against the world's own traders, and every millionth is accounted for.

It quotes, takes, cancels, merges and redeems by a script of its own dice, while trades retry and fail and one
market turns out void. At the end its account is the sum of its trades, merges, splits and redemptions.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from core.ids import MarketId, OrderId, Outcome, Side
from core.units import ONE, SHARE, USDC, Ms, Price, Prob, Shares, Usdc, floor_to, mirrored
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.happenings import Happening, OrderEnded, OrderPlaced, TradeHappened, TradeMoved
from simulator.exchange.orders import CancelReason, Order, Status, TimeInForce
from simulator.exchange.trades import TradeStatus
from simulator.world import World
from tests.simulator.evenings import MINUTE_MS, START

CASH = Usdc(2_000 * USDC)
MINUTES = 20
STEP_MS = 500
SETTLED_AFTER_MS = 3 * MINUTE_MS
GTD_MS = 3 * MINUTE_MS


@dataclass(slots=True)
class Script:
    """What the wallet does, and its own books of everything that is not a trade."""

    world: World
    wallet: Account
    rolls: Random
    orders: list[Order] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    other_cash: int = 0
    other_tokens: Counter[Holding] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        market_id = self.rolls.choice(self.world.open_sheets()).terms.market_id
        what = self.rolls.choices(("quote", "take", "cancel", "convert"), (8, 6, 3, 2))[0]
        {"quote": self.quote, "take": self.take, "cancel": self.cancel, "convert": self.convert}[what](
            market_id
        )
        self.redeem()

    def quote(self, market_id: MarketId) -> None:
        """Rest near the best bid, at best a tick inside the spread, good till cancelled or for two minutes."""
        bid, ask = self.tops(market_id)
        outcome = self.rolls.choice(tuple(Outcome))
        if bid is None or ask is None:
            return
        tick = self.world.exchange.listings[market_id].tick
        best = bid if outcome is Outcome.YES else mirrored(ask)
        price = Price(max(best + self.rolls.randint(-6, 1) * tick, tick))
        tif = self.rolls.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTD))
        self.place(market_id, outcome, Side.BUY, price, tif=tif, post_only=True)

    def take(self, market_id: MarketId) -> None:
        """Cross the spread: buy with or without a budget, or sell what is held."""
        bid, ask = self.tops(market_id)
        outcome = self.rolls.choice(tuple(Outcome))
        if bid is None or ask is None:
            return
        price = ask if outcome is Outcome.YES else mirrored(bid)
        tif = self.rolls.choice(tuple(TimeInForce))
        if self.wallet.free((market_id, outcome)) >= 5 * SHARE and self.rolls.random() < 0.5:
            price = bid if outcome is Outcome.YES else mirrored(ask)
            self.place(market_id, outcome, Side.SELL, price, tif=tif)
        else:
            self.place(market_id, outcome, Side.BUY, price, tif=tif)

    def place(
        self,
        market_id: MarketId,
        outcome: Outcome,
        side: Side,
        price: Price,
        *,
        tif: TimeInForce,
        post_only: bool = False,
    ) -> None:
        now_ms = self.world.now_ms
        size = Shares(self.rolls.randint(5, 60) * SHARE)
        if side is Side.SELL:
            size = min(size, floor_to(self.wallet.free((market_id, outcome))))
        budgets = side is Side.BUY and not tif.rests
        order = self.world.exchange.place(
            self.wallet,
            market_id,
            outcome,
            side,
            price=price,
            size=size,
            post_only=post_only,
            now_ms=now_ms,
            order_id=OrderId(f"0x{len(self.orders):064x}"),
            tif=tif,
            expires_ms=Ms(now_ms + GTD_MS) if tif is TimeInForce.GTD else None,
            budget=Usdc(size * price // ONE // 10_000 * 10_000) if budgets else None,
        )
        self.orders.append(order)
        self.did[f"{side} {order.status}"] += 1

    def cancel(self, market_id: MarketId) -> None:
        for order in self.world.exchange.open_orders_of(self.wallet, market_id)[:3]:
            assert self.world.exchange.cancel(order, self.world.now_ms)

    def convert(self, market_id: MarketId) -> None:
        """Merge the pairs that are on the chain, or make some."""
        exchange = self.world.exchange
        pairs = min(self.wallet.chain_held((market_id, outcome)) for outcome in Outcome)
        if not pairs and exchange.split(self.wallet, market_id, Shares(10 * SHARE)):
            pairs = Shares(-10 * SHARE)
        elif not exchange.merge(self.wallet, market_id, pairs):
            return
        self.other_cash += pairs
        self.other_tokens.update({(market_id, outcome): -pairs for outcome in Outcome})
        self.did["split" if pairs < 0 else "merge"] += 1

    def redeem(self) -> None:
        for market_id in self.world.exchange.resolved:
            burnt = {
                (market_id, outcome): self.wallet.chain_held((market_id, outcome)) for outcome in Outcome
            }
            paid = self.world.exchange.redeem(self.wallet, market_id)
            self.other_cash += paid
            self.other_tokens.subtract(burnt)
            self.did["redeem"] += any(burnt.values())

    def tops(self, market_id: MarketId) -> tuple[Price | None, Price | None]:
        book = self.world.exchange.listings[market_id].book
        return book.bids.best, book.asks.best

    def listen(self) -> None:
        self.happenings += self.world.exchange.drain_happenings()


def a_script(world: World, seed: int) -> Script:
    return Script(world, world.exchange.open_account("0xwallet", CASH, wallet=True), Random(seed))


@pytest.fixture(scope="module")
def evening() -> Script:
    world = World(7, START)
    world.exchange.settlement.retry_chance = Prob(100_000)
    world.exchange.settlement.fail_chance = Prob(50_000)
    script = a_script(world, 7)
    for now_ms in range(START, START + MINUTES * MINUTE_MS, STEP_MS):
        world.step(Ms(now_ms))
        script.act()
        script.listen()
        if now_ms == START + 10 * MINUTE_MS:
            world.void(
                next(
                    market_id for market_id, _ in script.wallet.tokens if market_id in world.exchange.listings
                )
            )
        if now_ms % MINUTE_MS == 0:
            world.exchange.check()
    world.exchange.cancel_all(script.wallet)
    world.step(Ms(world.now_ms + SETTLED_AFTER_MS))
    script.redeem()
    script.listen()
    return script


def test_the_wallet_did_everything_there_is_to_do(evening: Script) -> None:
    trades = evening.world.exchange.trades_of(evening.wallet)
    ends = {it.why for it in evening.happenings if isinstance(it, OrderEnded)}

    assert len(trades) > 150
    assert (
        min(
            evening.did[what]
            for what in ("split", "merge", "redeem", "buy live", "buy delayed", "sell delayed")
        )
        > 3
    )
    assert any(trade.taker.owner is evening.wallet for trade in trades)
    assert any(trade.taker.owner is not evening.wallet for trade in trades)
    assert any(len(trade.makers) > 1 for trade in trades)
    assert sum(trade.status is TradeStatus.FAILED for trade in trades) > 3
    assert ends >= {CancelReason.ASKED, CancelReason.EXPIRED, CancelReason.KILLED, CancelReason.REJECTED}
    assert ends >= {CancelReason.RESOLVED}


def test_at_the_end_the_account_is_the_sum_of_all_that_happened(evening: Script) -> None:
    wallet = evening.wallet
    tokens: Counter[Holding] = Counter(evening.other_tokens)
    cash = CASH + evening.other_cash
    for trade in evening.world.exchange.trades_of(wallet):
        assert trade.status in (TradeStatus.CONFIRMED, TradeStatus.FAILED)
        for move in trade.moves:
            if trade.status is TradeStatus.CONFIRMED:
                cash += move.cash
                tokens[move.holding] += move.shares

    assert wallet.cash == wallet.chain_cash == cash
    assert wallet.tokens == wallet.chain_tokens() == +tokens
    assert not -tokens, "nothing was given that was not there"
    assert not wallet.locked_cash
    assert not wallet.locked_tokens
    evening.world.exchange.check()


def test_each_trade_adds_up_from_what_its_orders_say(evening: Script) -> None:
    filled: Counter[OrderId] = Counter()
    for trade in evening.world.exchange.trades_of(evening.wallet):
        assert trade.shares == sum(part.shares for part in trade.makers)
        filled[trade.taker.order_id] += trade.shares
        for part in trade.makers:
            filled[part.order.order_id] += part.shares

    for order in evening.world.exchange.orders_of(evening.wallet):
        assert order.filled == filled[order.order_id]
        assert order.budget is not None or order.filled + order.remaining == order.size
        assert order.budget is None or order.amount <= order.budget


def test_what_was_told_is_what_became_of_every_order_and_trade(evening: Script) -> None:
    """A listener who knows only the happenings ends up with the truth."""
    status: dict[OrderId, Status | None] = {}
    filled: dict[OrderId, Shares] = {}
    trades: dict[str, TradeStatus] = {}
    for it in evening.happenings:
        match it:
            case OrderPlaced():
                assert it.order.order_id not in status
                status[it.order.order_id] = it.status
                filled[it.order.order_id] = Shares(0)
            case TradeHappened():
                assert it.trade.trade_id not in trades
                trades[it.trade.trade_id] = TradeStatus.MATCHED
            case TradeMoved():
                assert trades[it.trade.trade_id] not in (TradeStatus.FAILED, TradeStatus.CONFIRMED)
                trades[it.trade.trade_id] = it.status
            case OrderEnded():
                status[it.order.order_id] = None
                assert filled[it.order.order_id] == it.filled
            case _:
                status[it.order.order_id] = it.status
                assert filled[it.order.order_id] <= it.filled
                filled[it.order.order_id] = it.filled

    known = evening.world.exchange.orders_of(evening.wallet)
    assert {order.order_id for order in known} == status.keys()
    for order in known:
        assert filled[order.order_id] == order.filled
        assert status[order.order_id] in (None, order.status)
        assert not order.open
    assert trades == {
        trade.trade_id: trade.status for trade in evening.world.exchange.trades_of(evening.wallet)
    }
    stamps = [it.at for it in evening.happenings]
    assert stamps == sorted(stamps)


def test_the_same_evening_again_is_the_same() -> None:
    ends = []
    for _ in range(2):
        world = World(7, START)
        script = a_script(world, 3)
        for now_ms in range(START, START + MINUTE_MS, STEP_MS):
            world.step(Ms(now_ms))
            script.act()
        ends.append(
            (
                script.wallet.cash,
                script.wallet.tokens,
                [trade.trade_id for trade in world.exchange.trades_of(script.wallet)],
            )
        )

    assert ends[0] == ends[1]
    assert ends[0][2]
