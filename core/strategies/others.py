"""The book of the others: what the venue shows, less our own orders where they are in it (trading.md 6).

On paper our orders are not in the book and this is the book itself.
"""

from collections.abc import Sequence

from core.book import Sweep
from core.ids import Outcome, Side
from core.order import Order
from core.strategies.view import View
from core.units import ONE, Price, Shares, Usdc, cost

DEPTH_LEVELS = 3  # levels a side that count as liquidity
ALL = 10_000  # no book has more levels than prices


def _mine(view: View) -> Sequence[Order]:
    """Our own orders that are in the book as it is shown."""
    return view.orders.open() if view.own_shown else ()


def levels(view: View, outcome: Outcome, side: Side, count: int) -> list[tuple[Price, Shares]]:
    """The best levels that rest on a side of an outcome (BUY: bids), in its own prices, best first."""
    bids = (side is Side.BUY) is (outcome is Outcome.YES)
    mine = _mine(view)
    wanted = count + len(mine)  # no more levels can vanish with our own orders than there are orders
    shown = view.book.bids(wanted) if bids else view.book.asks(wanted)
    found = [(price if outcome is Outcome.YES else Price(ONE - price), size) for price, size in shown]
    if mine:
        left = [(price, Shares(size - view.orders.size_at(outcome, price))) for price, size in found]
        found = [(price, size) for price, size in left if size > 0]
    return found[:count]


def best(view: View, outcome: Outcome, side: Side) -> Price | None:
    """The best price that rests on a side of an outcome."""
    if not _mine(view):
        top = view.book.top(outcome)
        return top.bid if side is Side.BUY else top.ask
    return next((price for price, _ in levels(view, outcome, side, 1)), None)


def sweep(view: View, outcome: Outcome, side: Side, size: Shares, limit: Price) -> Sweep:
    """What taking ``size`` at ``limit`` or better would bring, rounded against us."""
    if not view.own_shown:
        return view.book.sweep(outcome, side, size, limit)
    left, total, worst = int(size), 0, None
    for price, offered in levels(view, outcome, side.other, ALL):
        if left <= 0 or (price > limit if side is Side.BUY else price < limit):
            break
        taken = min(left, offered)
        left, total, worst = left - taken, total + price * taken, price
    amount = -(-total // ONE) if side is Side.BUY else total // ONE
    return Sweep(Shares(size - left), Usdc(amount), worst)


def depth(view: View) -> Usdc:
    """What the best levels of the thinner side are worth, in YES prices."""
    sides = (levels(view, Outcome.YES, side, DEPTH_LEVELS) for side in Side)
    return min(Usdc(sum(cost(price, size) for price, size in side)) for side in sides)
