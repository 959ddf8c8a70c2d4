"""The crowd: takers who know nothing, come at random, and pay the spread."""

from random import Random
from typing import Final

from core.ids import MarketId, Outcome, Side
from core.units import ONE, SHARE, USDC, Ms, Price, Shares, Usdc, cost, floor_to
from simulator.actors.sight import Sight
from simulator.actors.trader import Trader
from simulator.exchange.orders import Order
from simulator.exchange.venue import Exchange

QUIET: Final = 4  # times as long between two orders while the match is not on
REACH: Final = (0, 0, 1, 2)  # ticks beyond the best price that a taker will pay
MIN_SPEND: Final = Usdc(1 * USDC)  # of a marketable order (polymarket.md 3.5)
SIZE_MAX: Final = 1_500


class Crowd(Trader):
    """One account for many people.

    Units:
        every_ms: mean time between two orders while the match is on.
        size:     median order, shares.
    """

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
        every_ms: int,
        size: float,
    ) -> None:
        super().__init__(exchange, market_id, name, cash, dice, now_ms)
        self._sight, self._every_ms, self._size = sight, every_ms, size
        self._order: Order | None = None
        self.next_ms = Ms(now_ms + self._wait_ms())

    def act(self, now_ms: Ms) -> None:
        """Withdraw what the last one left over and send the next order."""
        self.next_ms = Ms(now_ms + self._wait_ms())
        if self._order is not None:
            self._exchange.cancel(self._order)
        self.merge_pairs(keep=Shares(0))
        outcome = self._dice.choice((Outcome.YES, Outcome.NO))
        side = Side.SELL if self._dice.random() < 0.4 else Side.BUY
        self._order = self._take(outcome, side, now_ms)

    def _take(self, outcome: Outcome, side: Side, now_ms: Ms) -> Order | None:
        """Cross the spread with a limit a little beyond the best price; ``None`` when there is nothing to do."""
        buys = side is Side.BUY
        best = self.best(outcome, Side.SELL if buys else Side.BUY)
        if best is None:
            return None
        tick = self.tick
        reach = self._dice.choice(REACH) * tick
        price = Price(min(max(best + (reach if buys else -reach), tick), ONE - tick))
        shares = min(self._dice.lognormvariate(0, 0.9) * self._size, SIZE_MAX)
        size = floor_to(Shares(int(shares * SHARE)))
        if not buys:
            size = floor_to(min(size, self.free(outcome)))
        if cost(price, size) < MIN_SPEND:
            return None
        return self.place(outcome, side, price, size, post_only=False, now_ms=now_ms)

    def _wait_ms(self) -> int:
        mean_ms = self._every_ms * (1 if self._sight.live else QUIET)
        return int(self._dice.expovariate(1 / mean_ms)) + 1
