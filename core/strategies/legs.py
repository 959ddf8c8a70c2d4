"""The ways out of an open leg, priced on the book as it is (trading.md 6). Read ``ways_out`` first.

On one mirrored book a sale at the bid and a completion at the ask are the same price seen from two sides; they
differ in what is allowed: a completion may lose ``max_leg_loss`` at most and leaves a pair, a sale leaves cash.
"""

from dataclasses import dataclass

from core.fees import dearest, fee_estimate
from core.ids import Outcome, Side
from core.strategies import others
from core.strategies.view import View
from core.units import ONE, Price, Shares, Usdc, cost_up, floor_to


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What each way out of a leg of ``size`` shares would lose now; ``None``: the book does not offer it.

    Units:
        complete, sell: USDC lost, fees in; negative is a gain.
        cost:     what the shares of the leg cost, in USDC.
        settled:  every share of the leg is confirmed and free: it can be sold, and completing it is no bet.
    """

    ahead: Outcome
    size: Shares
    cost: Usdc
    complete: Usdc | None
    sell: Usdc | None
    settled: bool


def average(view: View, outcome: Outcome) -> Price:
    """Average cost of a leg, rounded up to 1/10,000: estimates round against us. 0 when none is held."""
    avg = view.pair.avg(outcome)
    return Price(-(-avg // 100)) if avg is not None else Price(0)


def confirmed_lead(view: View, ahead: Outcome) -> Shares:
    """By how much ``ahead`` leads even if its unconfirmed fills fail, in the venue's steps."""
    return floor_to(Shares(max(0, view.pair.confirmed(ahead) - view.pair.held(ahead.other))))


def ways_out(view: View, ahead: Outcome) -> WaysOut:
    """Price completing and selling the whole surplus, however deep the book must be swept for it."""
    size = floor_to(view.pair.exposed)
    cost = cost_up(average(view, ahead), size)
    bought = _swept(view, ahead.other, Side.BUY, size)
    sold = _swept(view, ahead, Side.SELL, size)
    sellable = floor_to(view.pair.sellable(ahead))
    return WaysOut(
        ahead=ahead,
        size=size,
        cost=cost,
        complete=None if bought is None else Usdc(cost + bought - size),
        sell=None if sold is None else Usdc(cost - sold),
        settled=min(sellable, confirmed_lead(view, ahead)) >= size,
    )


def _swept(view: View, outcome: Outcome, side: Side, size: Shares) -> Usdc | None:
    """What buying costs or selling brings, the fee in; ``None`` when the book is not deep enough."""
    tick, top = view.listing.tick, others.best(view, outcome, side.other)
    swept = others.sweep(view, outcome, side, size, Price(ONE - tick) if side is Side.BUY else tick)
    if top is None or swept.filled < size or swept.worst is None:
        return None
    charged = fee(view, dearest(top, swept.worst), size)
    return Usdc(swept.amount + charged) if side is Side.BUY else Usdc(swept.amount - charged)


def fee(view: View, at: Price, size: Shares) -> Usdc:
    assert view.listing.fees is not None, "the fees gate came first"
    return fee_estimate(view.listing.fees, at, size)


def buy_limit(view: View, ways: WaysOut, most: Usdc) -> Price | None:
    """The limit for taking the lagging leg: one tick beyond its ask, or less so that the whole costs ``most`` at
    the limit itself: the venue holds a taker back, and the book may be another one then. ``None``: no limit does.
    """
    ask = others.best(view, ways.ahead.other, Side.SELL)
    if ask is None:
        return None
    tick = view.listing.tick
    for limit in (Price(ask + tick), ask):
        spend = cost_up(limit, ways.size)
        fits = limit <= ONE - tick and spend + fee(view, limit, ways.size) <= most
        if fits and spend >= view.marketable_min:
            return limit
    return None


def sell_limit(view: View, ways: WaysOut) -> Price | None:
    """The limit for selling the leg: one tick below its bid, or at it where less is no marketable order."""
    bid = others.best(view, ways.ahead, Side.BUY)
    if bid is None:
        return None
    tick = view.listing.tick
    for limit in (Price(bid - tick), bid):
        if limit >= tick and cost_up(limit, ways.size) >= view.marketable_min:
            return limit
    return None
