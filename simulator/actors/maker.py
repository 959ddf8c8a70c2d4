"""A market maker: quotes a ladder on both sides of the true price as it was some seconds ago.

It leans against its stock, backs off after a jump, and keeps orders whose price is still right, so that a
small move changes two levels and not the whole ladder. Its lateness is what an informed taker lives on.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from core.ids import MarketId, Outcome, Side
from core.units import ONE, SHARE, Ms, Price, Shares, Usdc, mirrored
from simulator.actors.sight import Sight
from simulator.actors.trader import Trader
from simulator.exchange.orders import Order, Refusal, Status
from simulator.exchange.venue import Exchange

JUMP: Final = 200  # a move of the true price, in 1/10,000, that makes a maker careful
CAREFUL_MS: Final = 4_000
STUBBORN: Final = 25  # moves smaller than this are not worth new orders
REFILL_MS: Final = (800, 4_000)  # until a filled order is put up again
MERGE_EVERY_MS: Final = 30_000
RESIZES: Final = 0.15  # chance at each look to put one order up anew with another size

Spot = tuple[bool, Price]  # a side of the YES book and a price in YES terms


@dataclass(frozen=True, slots=True)
class MakerStyle:
    """How one maker quotes.

    Units:
        delay_ms: how old the match is that it sees.
        pace_ms:  mean time between two looks.
        half:     half the spread it wants at an even price; narrower towards the ends.
        gap:      ticks between its levels.
        size:     median of its order sizes, whole shares.
        skew:     how far its prices shift when its stock is one ``room`` out of balance.
        doubt:    how far its opinion wanders from the truth, one standard deviation.
    """

    delay_ms: Ms
    pace_ms: int
    half: Price
    levels: int
    gap: int
    size: int
    room: Shares
    skew: Price
    doubt: Price


class Maker(Trader):
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
        style: MakerStyle,
    ) -> None:
        super().__init__(exchange, market_id, name, cash, dice, now_ms)
        self._sight, self.style = sight, style
        self._quotes: dict[Spot, Order] = {}
        self._opinion = 0.0
        self._seen = self._center = sight.at(now_ms)
        self._careful_until_ms = self._refill_ms = Ms(0)
        self._merge_ms = Ms(now_ms + MERGE_EVERY_MS)
        exchange.split(self.account, market_id, style.room)

    def act(self, now_ms: Ms) -> None:
        """Look at the match as it was, and requote when the ladder is wrong or has holes to fill."""
        self.next_ms = Ms(now_ms + int(self._dice.uniform(0.5, 1.5) * self.style.pace_ms))
        if now_ms >= self._merge_ms:
            self._merge_ms = Ms(now_ms + MERGE_EVERY_MS)
            self.merge_pairs(keep=self.style.room)
        was_careful = now_ms < self._careful_until_ms
        center = self._form_center(now_ms)
        careful = now_ms < self._careful_until_ms
        torn = self._forget_gone(now_ms)
        refill = torn and now_ms >= self._refill_ms
        if refill or careful != was_careful or abs(center - self._center) >= STUBBORN:
            self._center = center
            self._requote(self._ladder(center, careful=careful), now_ms)
        elif self._quotes and self._dice.random() < RESIZES:
            self._put_up(self._dice.choice(list(self._quotes)), now_ms)

    def _form_center(self, now_ms: Ms) -> Price:
        """The price it believes in, moved away from the side it holds too much of."""
        style = self.style
        seen = self._sight.at(Ms(now_ms - style.delay_ms))
        if abs(seen - self._seen) >= JUMP:
            self._careful_until_ms = Ms(now_ms + CAREFUL_MS)
        self._seen = seen
        self._opinion = 0.97 * self._opinion + 0.24 * self._dice.gauss(0, style.doubt)
        stock = self.held(Outcome.YES) - self.held(Outcome.NO)
        lean = style.skew * max(-1.0, min(1.0, stock / style.room))
        center = round(seen + (self._opinion - lean) * self._flatness(seen))
        return Price(min(max(center, 1), ONE - 1))

    def _forget_gone(self, now_ms: Ms) -> bool:
        """Drop quotes that no longer rest; true when there were some. They are put up again a little later."""
        gone = [spot for spot, order in self._quotes.items() if order.status is not Status.LIVE]
        for spot in gone:
            del self._quotes[spot]
        if gone:
            self._refill_ms = Ms(now_ms + self._dice.randint(*REFILL_MS))
        return len(self._quotes) < 2 * self.style.levels

    def _flatness(self, price: Price) -> float:
        """1 at an even price, towards 0 at the ends, where everybody is surer."""
        chance = price / ONE
        return float(max(2 * (chance * (1 - chance)) ** 0.5, 0.1))

    def _ladder(self, center: Price, *, careful: bool) -> list[Spot]:
        """The prices it wants to quote, on the grid and inside it, best first on each side."""
        tick = self.tick
        half = self.style.half * self._flatness(center) * (1.7 if careful else 1.0)
        bid = round((center - half) / tick)
        ask = max(round((center + half) / tick), bid + 1)
        gap = self.style.gap * (1 if tick >= 100 else 3)
        last = ONE // tick - 1
        bids = [(True, Price((bid - gap * n) * tick)) for n in range(self.style.levels)]
        asks = [(False, Price((ask + gap * n) * tick)) for n in range(self.style.levels)]
        return [(is_bid, at) for is_bid, at in (*bids, *asks) if tick <= at <= last * tick]

    def _requote(self, wanted: list[Spot], now_ms: Ms) -> None:
        """Withdraw what is no longer wanted, first of all; then fill the ladder up."""
        keep = set(wanted)
        for spot in [spot for spot in self._quotes if spot not in keep]:
            self._exchange.cancel(self._quotes.pop(spot))
        for spot in wanted:
            if spot not in self._quotes and self._put_up(spot, now_ms) is Refusal.NOT_ENOUGH:
                return

    def _put_up(self, spot: Spot, now_ms: Ms) -> Refusal | None:
        """Quote one price, instead of the order that is there if there is one. Returns why it was refused."""
        if spot in self._quotes:
            self._exchange.cancel(self._quotes.pop(spot))
        order = self._quote(spot, now_ms)
        if order.status is Status.LIVE:
            self._quotes[spot] = order
        return order.refusal

    def _quote(self, spot: Spot, now_ms: Ms) -> Order:
        """Sell out of stock where there is enough, else buy the other outcome: the same level of the book."""
        is_bid, at = spot
        size = Shares(max(int(self._dice.lognormvariate(0, 0.6) * self.style.size), 5) * SHARE)
        sold = Outcome.NO if is_bid else Outcome.YES
        outcome, side = (sold, Side.SELL) if self.free(sold) >= size else (sold.other, Side.BUY)
        price = at if outcome is Outcome.YES else mirrored(at)
        return self.place(outcome, side, price, size, post_only=True, now_ms=now_ms)
