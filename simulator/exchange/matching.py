"""Price-time priority: which resting orders an incoming one meets, and how much of each.

A match is at the resting order's price, so the taker gets all of any improvement (polymarket.md 3.6).
"""

from typing import NamedTuple

from core.units import Price, Shares
from simulator.exchange.book import Book
from simulator.exchange.orders import Order


class Match(NamedTuple):
    """``shares`` of the resting ``maker`` order. The price is its price, in YES terms."""

    maker: Order
    shares: Shares

    @property
    def at(self) -> Price:
        return self.maker.at


def sweep(book: Book, taker: Order) -> tuple[Match, ...]:
    """What the order would match now. Changes nothing: the exchange first checks that it can be paid."""
    found: list[Match] = []
    left = taker.remaining
    for maker in book.side(bids=not taker.is_bid).orders():
        reachable = maker.at <= taker.at if taker.is_bid else maker.at >= taker.at
        if not left or not reachable:
            break
        shares = min(left, maker.remaining)
        found.append(Match(maker, shares))
        left = Shares(left - shares)
    return tuple(found)
