"""What every actor has: an account of its own in one market, and the exchange's order interface."""

from random import Random
from typing import Final

from core.ids import MarketId, Outcome, Side
from core.units import SHARE, Ms, Price, Shares, Usdc, floor_to, mirrored
from simulator.exchange.orders import Order
from simulator.exchange.venue import Exchange

MERGES_FROM: Final = Shares(200 * SHARE)


class Trader:
    """One account in one market. A subclass decides in ``act``; the world calls it at ``next_ms`` or later."""

    def __init__(
        self, exchange: Exchange, market_id: MarketId, name: str, cash: Usdc, dice: Random, now_ms: Ms
    ) -> None:
        self.account = exchange.open_account(name, cash)
        self.next_ms = now_ms
        self._exchange = exchange
        self._market_id = market_id
        self._dice = dice

    def act(self, now_ms: Ms) -> None:
        raise NotImplementedError

    def retire(self) -> None:
        """Leave. Called after the market was resolved."""
        self._exchange.close_account(self.account)

    def free(self, outcome: Outcome) -> Shares:
        return self.account.free((self._market_id, outcome))

    def held(self, outcome: Outcome) -> Shares:
        return self.account.held((self._market_id, outcome))

    def place(
        self, outcome: Outcome, side: Side, price: Price, size: Shares, *, post_only: bool, now_ms: Ms
    ) -> Order:
        return self._exchange.place(
            self.account,
            self._market_id,
            outcome,
            side,
            price=price,
            size=size,
            post_only=post_only,
            now_ms=now_ms,
        )

    def best(self, outcome: Outcome, side: Side) -> Price | None:
        """The price at which somebody on ``side`` would trade this outcome now: its best bid or best ask."""
        book = self._exchange.listings[self._market_id].book
        bids = (side is Side.BUY) == (outcome is Outcome.YES)
        best = book.side(bids=bids).best
        if best is None or outcome is Outcome.YES:
            return best
        return mirrored(best)

    @property
    def tick(self) -> Price:
        return self._exchange.listings[self._market_id].tick

    def merge_pairs(self, *, keep: Shares) -> None:
        """Turn a larger stock of both outcomes back into cash, but for ``keep`` of each."""
        pairs = floor_to(Shares(min(self.free(outcome) for outcome in Outcome) - keep))
        if pairs >= MERGES_FROM:
            self._exchange.merge(self.account, self._market_id, pairs)
