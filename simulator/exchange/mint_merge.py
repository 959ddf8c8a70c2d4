"""What changes hands when two orders meet. There are three cases and one sum.

    BUY YES  meets SELL YES   complementary: tokens move from seller to buyer
    BUY YES  meets BUY NO     mint: two buyers together pay 1 USDC, a new YES and NO are made for it
    SELL NO  meets SELL YES   merge: two sellers give a YES and a NO back for 1 USDC

In each case every BUY pays its own price and gets its tokens, every SELL gives its tokens and gets its own
price. What the buyers pay beyond what the sellers get is the collateral that goes in, or comes out.
"""

from enum import StrEnum

from core.ids import Side
from core.units import Price, Shares, Usdc, cost, cost_up
from simulator.exchange.orders import Order, own_price


class Kind(StrEnum):
    COMPLEMENTARY = "complementary"
    MINT = "mint"
    MERGE = "merge"


def kind_of(taker: Order, maker: Order) -> Kind:
    if taker.outcome is maker.outcome:
        return Kind.COMPLEMENTARY
    return Kind.MINT if taker.side is Side.BUY else Kind.MERGE


def amounts(taker: Order, maker: Order, shares: Shares, at: Price) -> tuple[Usdc, Usdc]:
    """What taker and maker each pay or get, fees apart.

    Exact for sizes on 0.01 share. A budget buys other sizes; then a maker pays no more and gets no less
    than its price, and the taker bears what is below a millionth.
    """
    price = own_price(maker, at)
    made = cost(price, shares) if maker.side is Side.BUY else cost_up(price, shares)
    return (made if taker.outcome is maker.outcome else Usdc(shares - made)), made


def settle(taker: Order, maker: Order, shares: Shares, at: Price) -> Usdc:
    """Exchange cash and tokens; return the collateral added (negative: paid out), fees apart."""
    taken, made = amounts(taker, maker, shares, at)
    _deliver(taker, shares, taken)
    _deliver(maker, shares, made)
    return Usdc({Kind.COMPLEMENTARY: 0, Kind.MINT: shares, Kind.MERGE: -shares}[kind_of(taker, maker)])


def _deliver(order: Order, shares: Shares, amount: Usdc) -> None:
    """Give one party its tokens or cash, and take the other from it."""
    buys = order.side is Side.BUY
    order.owner.add_tokens((order.market_id, order.outcome), shares if buys else Shares(-shares))
    order.owner.add_cash(Usdc(-amount) if buys else amount)
    order.filled = Shares(order.filled + shares)
    order.amount = Usdc(order.amount + amount)
