"""The resting sizes of one market in YES terms: what is displayed, the best prices, what a sweep would bring."""

from dataclasses import dataclass
from typing import Final

from core.events import Level, Top
from core.ids import Outcome, Side
from core.units import ONE, Price, Shares, Usdc

Whole = tuple[tuple[Price, Shares], ...] | None
NEVER: Final[tuple[Whole, Whole]] = (None, None)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a marketable order would get from the book as it is.

    Units:
        filled: shares within the limit, at most those asked for.
        amount: USDC before fees, rounded against us (up when buying, down when selling).
        worst:  the last price touched, in the outcome's own prices; ``None`` when nothing fills.
    """

    filled: Shares
    amount: Usdc
    worst: Price | None


class Levels:
    """Both sides of a book. Synchronous and mutable; whoever owns it says what goes in."""

    __slots__ = ("_ask", "_asks", "_bid", "_bids", "_whole")

    def __init__(self) -> None:
        self._bids: dict[Price, Shares] = {}
        self._asks: dict[Price, Shares] = {}
        # No level lies at 0 or 1, so these two stand for an empty side and compare without a special case.
        self._bid = Price(0)
        self._ask = ONE
        # The last whole book, while no change came after it.
        self._whole: tuple[Whole, Whole] = NEVER

    def _set_levels(self, levels: tuple[Level, ...]) -> bool:
        """Take over the stated sizes; true when a best price moved. The path of every frame, so kept flat."""
        self._whole = NEVER
        bids, asks = self._bids, self._asks
        best_bid, best_ask = self._bid, self._ask
        lost_bid = lost_ask = False
        for is_bid, price, size in levels:
            if is_bid:
                if size:
                    bids[price] = size
                    if price > best_bid:
                        best_bid = price
                else:
                    bids.pop(price, None)
                    if price == best_bid:
                        lost_bid = True
            elif size:
                asks[price] = size
                if price < best_ask:
                    best_ask = price
            else:
                asks.pop(price, None)
                if price == best_ask:
                    lost_ask = True
        if lost_bid:
            best_bid = max(bids) if bids else Price(0)
        if lost_ask:
            best_ask = min(asks) if asks else ONE
        if best_bid == self._bid and best_ask == self._ask:
            return False
        self._bid, self._ask = best_bid, best_ask
        return True

    def _set_all(
        self, bids: tuple[tuple[Price, Shares], ...], asks: tuple[tuple[Price, Shares], ...]
    ) -> None:
        """Take over a whole book. The same one again (the twin's, in the same frame) costs nothing."""
        if bids is self._whole[0] and asks is self._whole[1]:
            return
        self._whole = (bids, asks)
        self._bids = dict(bids)
        self._asks = dict(asks)
        self._bid = max(self._bids) if self._bids else Price(0)
        self._ask = min(self._asks) if self._asks else ONE

    @property
    def best_bid(self) -> Price | None:
        return self._bid or None

    @property
    def best_ask(self) -> Price | None:
        return self._ask if self._ask < ONE else None

    def top(self, outcome: Outcome) -> Top:
        """Our own top, in that outcome's prices."""
        if outcome is Outcome.YES:
            return Top(self.best_bid, self.best_ask)
        bid = Price(ONE - self._ask) if self._ask < ONE else None
        return Top(bid, Price(ONE - self._bid) if self._bid else None)

    def size_at(self, is_bid: bool, price: Price) -> Shares:  # noqa: FBT001 -- the key of a level
        """Displayed size at one YES price; 0 where no level is."""
        return (self._bids if is_bid else self._asks).get(price, Shares(0))

    def top_size(self, outcome: Outcome, side: Side) -> Shares:
        """Displayed size that rests at the outcome's best bid (BUY) or best ask (SELL); 0 when that side is empty."""
        is_bid = (side is Side.BUY) is (outcome is Outcome.YES)
        return self.size_at(is_bid, self._bid if is_bid else self._ask)

    def bids(self, count: int) -> tuple[tuple[Price, Shares], ...]:
        """The best ``count`` YES bids, highest first."""
        return tuple(sorted(self._bids.items(), reverse=True)[:count])

    def asks(self, count: int) -> tuple[tuple[Price, Shares], ...]:
        """The best ``count`` YES asks, lowest first."""
        return tuple(sorted(self._asks.items())[:count])

    def sweep(self, outcome: Outcome, side: Side, shares: Shares, limit: Price) -> Sweep:
        """What taking ``shares`` at ``limit`` or better would bring now, all in the outcome's own prices."""
        buys = side is Side.BUY
        hits_asks = buys is (outcome is Outcome.YES)
        best = self.top(outcome).ask if buys else self.top(outcome).bid
        if best is None or (best > limit if buys else best < limit):
            return Sweep(Shares(0), Usdc(0), None)
        levels = sorted(self._asks.items()) if hits_asks else sorted(self._bids.items(), reverse=True)
        left, total, worst = int(shares), 0, None
        for yes_price, size in levels:
            price = yes_price if outcome is Outcome.YES else Price(ONE - yes_price)
            if left <= 0 or (price > limit if buys else price < limit):
                break
            taken = min(left, size)
            left -= taken
            total += price * taken
            worst = price
        amount = -(-total // ONE) if buys else total // ONE
        return Sweep(Shares(shares - left), Usdc(amount), worst)
