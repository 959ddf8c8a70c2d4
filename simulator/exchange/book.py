"""One market's book in YES terms: price levels, each a queue in order of arrival.

There is no second book for NO. Its bids are these asks seen from the other side, so the two can never
disagree and the sum of both best asks can never be below one.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

from core.ids import OrderId
from core.units import ONE, Price, Shares
from simulator.exchange.orders import Order

Levels = tuple[tuple[Price, Shares], ...]


class Level:
    """The orders at one price, oldest first."""

    __slots__ = ("orders", "size")

    def __init__(self) -> None:
        self.orders: dict[OrderId, Order] = {}
        self.size = Shares(0)


class Ladder:
    """One side of the book, best price first in ``prices`` order of ``sign``."""

    __slots__ = ("_keys", "_levels", "_sign")

    def __init__(self, *, bids: bool) -> None:
        self._sign = -1 if bids else 1
        self._keys: list[int] = []  # sign * price, ascending: the best price is always the first
        self._levels: dict[Price, Level] = {}

    @property
    def best(self) -> Price | None:
        return Price(self._sign * self._keys[0]) if self._keys else None

    def size(self, price: Price) -> Shares:
        level = self._levels.get(price)
        return level.size if level else Shares(0)

    def levels(self) -> Levels:
        """Price and total size of each level, best first."""
        return tuple(
            (price, self._levels[price].size) for price in (Price(self._sign * key) for key in self._keys)
        )

    def orders(self) -> Iterator[Order]:
        """Every order in the order in which it would be matched: best price, then earliest."""
        for key in self._keys:
            yield from self._levels[Price(self._sign * key)].orders.values()

    def add(self, order: Order) -> None:
        level = self._levels.get(order.at)
        if level is None:
            level = self._levels[order.at] = Level()
            insort(self._keys, self._sign * order.at)
        level.orders[order.order_id] = order
        level.size = Shares(level.size + order.remaining)

    def take(self, order: Order, shares: Shares) -> None:
        """Take ``shares`` from an order that rests here; it leaves the book when nothing remains."""
        level = self._levels[order.at]
        order.remaining = Shares(order.remaining - shares)
        level.size = Shares(level.size - shares)
        assert order.remaining >= 0, f"order {order.order_id} overfilled"
        if not order.remaining:
            self._drop(order, level)

    def remove(self, order: Order) -> None:
        """Withdraw what remains of an order."""
        level = self._levels[order.at]
        level.size = Shares(level.size - order.remaining)
        self._drop(order, level)

    def _drop(self, order: Order, level: Level) -> None:
        del level.orders[order.order_id]
        if not level.orders:
            del self._levels[order.at]
            del self._keys[bisect_left(self._keys, self._sign * order.at)]


class Book:
    """Both sides of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Ladder(bids=True)
        self.asks = Ladder(bids=False)

    def side(self, *, bids: bool) -> Ladder:
        return self.bids if bids else self.asks

    @property
    def mid(self) -> Price | None:
        """Halfway between the best prices; ``None`` when a side is empty."""
        bid, ask = self.bids.best, self.asks.best
        return None if bid is None or ask is None else Price((bid + ask) // 2)

    def crosses(self, order: Order) -> bool:
        """Whether the order could be matched at once."""
        best = self.side(bids=not order.is_bid).best
        if best is None:
            return False
        return order.at >= best if order.is_bid else order.at <= best


def mirrored_levels(levels: Levels) -> Levels:
    """One side of the YES book as the NO book shows it: its other side, still best first."""
    return tuple((Price(ONE - price), size) for price, size in levels)
