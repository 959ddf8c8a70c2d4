"""Price-time priority: which resting orders an incoming one meets, and how much of each.

A match is at the resting order's price, so the taker gets all of any improvement (polymarket.md 3.6). A BUY
with a budget turns the improvement into more shares instead of less spending.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from core.units import ONE, Price, Prob, Shares, Usdc
from simulator.exchange.book import Book
from simulator.exchange.fees import taker_fee
from simulator.exchange.mint_merge import amounts
from simulator.exchange.orders import Order, own_price


class Match(NamedTuple):
    """``shares`` of the resting ``maker`` order. The price is its price, in YES terms."""

    maker: Order
    shares: Shares

    @property
    def at(self) -> Price:
        return self.maker.at


class Step(NamedTuple):
    """All matches at one price: one trade, with one fee (polymarket.md 4: rounded once a trade)."""

    at: Price
    matches: tuple[Match, ...]
    shares: Shares
    amount: Usdc  # what the taker pays or gets, without the fee
    fee: Usdc


def sweep(book: Book, taker: Order) -> tuple[Match, ...]:
    """What the order would match now. Changes nothing: the exchange first checks that it can be paid."""
    found: list[Match] = []
    left: int = taker.remaining if taker.budget is None else taker.budget
    for maker in book.side(bids=not taker.is_bid).orders():
        reachable = maker.at <= taker.at if taker.is_bid else maker.at >= taker.at
        if not left or not reachable:
            break
        if taker.budget is None:
            shares = min(Shares(left), maker.remaining)
            left -= shares
        else:
            affordable = Shares(left * ONE // own_price(taker, maker.at))
            shares = min(affordable, maker.remaining)
            left -= amounts(taker, maker, shares, maker.at)[0]
        found.append(Match(maker, shares))
    return tuple(found)


def steps(taker: Order, matches: Iterable[Match], fee_rate: Prob) -> tuple[Step, ...]:
    """The matches by price, best first, with what the taker pays or gets at each."""
    found: list[Step] = []
    for at, group in groupby(matches, key=lambda match: match.at):
        at_price = tuple(group)
        shares = Shares(sum(match.shares for match in at_price))
        amount = Usdc(sum(amounts(taker, match.maker, match.shares, at)[0] for match in at_price))
        found.append(Step(at, at_price, shares, amount, taker_fee(at, shares, fee_rate)))
    return tuple(found)


def filled_up(taker: Order, found: tuple[Step, ...]) -> bool:
    """Whether nothing of the order would be left."""
    if taker.budget is None:
        return sum(step.shares for step in found) == taker.remaining
    return sum(step.amount for step in found) == taker.budget
