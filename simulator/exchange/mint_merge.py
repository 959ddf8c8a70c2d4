"""What changes hands when two orders meet. There are three cases and one sum.

    BUY YES  meets SELL YES   complementary: tokens move from seller to buyer
    BUY YES  meets BUY NO     mint: two buyers together pay 1 USDC, a new YES and NO are made for it
    SELL NO  meets SELL YES   merge: two sellers give a YES and a NO back for 1 USDC

In each case every BUY pays its own price and gets its tokens, every SELL gives its tokens and gets its own
price. What the buyers pay beyond what the sellers get is the collateral that goes in, or comes out.
"""

from enum import StrEnum

from core.ids import Side
from core.units import Price, Shares, Usdc, cost
from simulator.exchange.orders import Order, own_price


class Kind(StrEnum):
    COMPLEMENTARY = "complementary"
    MINT = "mint"
    MERGE = "merge"


def kind_of(one: Order, other: Order) -> Kind:
    if one.outcome is other.outcome:
        return Kind.COMPLEMENTARY
    return Kind.MINT if one.side is Side.BUY else Kind.MERGE


def settle(one: Order, other: Order, shares: Shares, at: Price) -> Usdc:
    """Exchange cash and tokens; return the collateral added (negative: paid out), fees apart.

    Exact, because the two own prices of a mint or merge sum to one and sizes lie on 0.01 share.
    """
    added = Usdc(-_deliver(one, shares, at) - _deliver(other, shares, at))
    expected = {Kind.COMPLEMENTARY: 0, Kind.MINT: shares, Kind.MERGE: -shares}[kind_of(one, other)]
    assert added == expected, f"{added} collateral for {shares} shares"
    return added


def _deliver(order: Order, shares: Shares, at: Price) -> Usdc:
    """Give one party its tokens or cash; return the cash it received (negative: paid)."""
    amount = cost(own_price(order, at), shares)
    buys = order.side is Side.BUY
    order.owner.add_tokens((order.market_id, order.outcome), shares if buys else Shares(-shares))
    received = Usdc(-amount) if buys else amount
    order.owner.add_cash(received)
    return received
