"""One who knows: sees the match almost at once and takes quotes that are still about the past."""

from random import Random
from typing import Final

from core.ids import MarketId, Outcome, Side
from core.units import ONE, SHARE, Ms, Price, Shares, Usdc, cost, floor_to, mirrored
from simulator.actors.sight import Sight
from simulator.actors.trader import Trader
from simulator.exchange.fees import taker_fee
from simulator.exchange.orders import Order
from simulator.exchange.venue import Exchange

LAG_MS: Final = 300
LOOKS_EVERY_MS: Final = 200
RESTS_MS: Final = (2_000, 8_000)  # after an order
EDGE: Final = 200  # what must be left of the price difference after the fee, in 1/10,000
SIZES: Final = (30, 150)  # shares


class Informed(Trader):
    """Buys an outcome that is offered below its true price, with a limit that keeps the edge."""

    def __init__(
        self,
        exchange: Exchange,
        market_id: MarketId,
        name: str,
        cash: Usdc,
        dice: Random,
        now_ms: Ms,
        *,
        sight: Sight,
    ) -> None:
        super().__init__(exchange, market_id, name, cash, dice, now_ms)
        self._sight = sight
        self._order: Order | None = None

    def act(self, now_ms: Ms) -> None:
        self.next_ms = Ms(now_ms + LOOKS_EVERY_MS)
        if self._order is not None:
            self._exchange.cancel(self._order)
        worth = self._sight.at(Ms(now_ms - LAG_MS))
        if self._take(Outcome.YES, worth, now_ms) or self._take(Outcome.NO, mirrored(worth), now_ms):
            self.merge_pairs(keep=Shares(0))
            self.next_ms = Ms(now_ms + self._dice.randint(*RESTS_MS))

    def _take(self, outcome: Outcome, worth: Price, now_ms: Ms) -> bool:
        """Send an order when the best ask is too low. True when one was sent."""
        best = self.best(outcome, Side.SELL)
        if best is None or best + self._fee_a_share(best) + EDGE > worth:
            return False
        tick = self.tick
        limit = Price(max((worth - self._fee_a_share(worth) - EDGE) // tick * tick, best))
        wanted = Shares(self._dice.randint(*SIZES) * SHARE)
        affordable = floor_to(Shares(self.account.free_cash * ONE // (limit + self._fee_a_share(limit) + 1)))
        size = min(wanted, affordable)
        if size < 5 * SHARE or cost(limit, size) < SHARE:
            return False
        self._order = self.place(outcome, Side.BUY, limit, size, post_only=False, now_ms=now_ms)
        return True

    def _fee_a_share(self, price: Price) -> int:
        """The taker fee as a part of the price."""
        rate = self._exchange.listings[self._market_id].terms.fee_rate
        return taker_fee(price, SHARE, rate) * ONE // SHARE
