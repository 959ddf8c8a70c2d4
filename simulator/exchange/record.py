"""What is remembered of followed wallets: every order that was taken, every trade, and what to tell of them."""

from dataclasses import dataclass, field

from core.ids import MarketId, OrderId, Side
from core.units import Ms
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.happenings import (
    Happening,
    OrderEnded,
    OrderPlaced,
    OrderUpdated,
    TradeHappened,
    TradeMoved,
)
from simulator.exchange.orders import CancelReason, Order
from simulator.exchange.trades import Trade, TradeStatus


@dataclass(slots=True)
class File:
    """One wallet's. ``open`` are those of its orders that are LIVE or DELAYED, oldest first."""

    orders: list[Order] = field(default_factory=list)
    open: dict[OrderId, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)


class Record:
    def __init__(self) -> None:
        self.orders: dict[OrderId, Order] = {}
        self.markets: set[MarketId] = set()  # in which some wallet ever had an order or tokens
        self._happenings: list[Happening] = []
        self._files: dict[Account, File] = {}

    def open_file(self, account: Account) -> None:
        self._files[account] = File()

    def file(self, account: Account) -> File:
        """Raises ``KeyError`` for an account that is not followed."""
        return self._files[account]

    def drain(self) -> list[Happening]:
        happenings, self._happenings = self._happenings, []
        return happenings

    def check(self, account: Account) -> None:
        """Raise ``AssertionError`` when a wallet's locks are not those of its open orders."""
        cash, tokens = 0, dict[Holding, int]()
        for order in self._files[account].open.values():
            holding = (order.market_id, order.outcome)
            if order.side is Side.BUY:
                cash += order.held_back
            else:
                tokens[holding] = tokens.get(holding, 0) + order.held_back
        assert cash == account.locked_cash, f"{account.name}: {account.locked_cash} locked, not {cash}"
        assert tokens == account.locked_tokens, f"{account.name}: {account.locked_tokens} locked"

    def placed(self, order: Order) -> None:
        if order.owner.wallet:
            self.orders[order.order_id] = order
            self.markets.add(order.market_id)
            file = self._files[order.owner]
            file.orders.append(order)
            file.open[order.order_id] = order
            self._happenings.append(OrderPlaced(order, order.placed_ms, order.status))

    def updated(self, order: Order, now_ms: Ms) -> None:
        if order.owner.wallet:
            order.updated_ms = now_ms
            self._forget_closed(order)
            self._happenings.append(OrderUpdated(order, now_ms, order.status, order.filled))

    def ended(self, order: Order, now_ms: Ms, why: CancelReason) -> None:
        if order.owner.wallet:
            order.updated_ms, order.ended = now_ms, why
            self._forget_closed(order)
            self._happenings.append(OrderEnded(order, now_ms, why, order.filled))

    def traded_by(self, trade: Trade) -> None:
        """Keep a trade for each wallet in it, once."""
        for account in {move.account: None for move in trade.moves}:
            self._files[account].trades.append(trade)
        for order in (trade.taker, *(part.order for part in trade.makers)):
            if order.owner.wallet:
                order.trade_ids.append(trade.trade_id)
        self._happenings.append(TradeHappened(trade, trade.match_ms))

    def moved(self, trade: Trade, now_ms: Ms, status: TradeStatus) -> None:
        trade.status, trade.moved_ms = status, now_ms
        self._happenings.append(TradeMoved(trade, now_ms, status))

    def _forget_closed(self, order: Order) -> None:
        if not order.open:
            self._files[order.owner].open.pop(order.order_id, None)
