"""What the venue checks before it takes an order, and what an order holds back while it is open."""

from typing import Final

from core.ids import Side
from core.units import ONE, SHARE_STEP, Ms, Shares, Usdc, cost_up
from simulator.exchange.listing import Listing
from simulator.exchange.matching import Step
from simulator.exchange.orders import Order, Refusal, TimeInForce

EXPIRES_EARLY_MS: Final = 60_000  # before the stated expiration (polymarket.md 3.6)
EXPIRES_AFTER_MS: Final = 180_000  # from now, the earliest stated expiration that is taken


def refusal_of(order: Order, listing: Listing) -> Refusal | None:
    """Why the order may not be taken, its owner's balance included; ``None`` when it may."""
    assert order.tif.rests or not order.post_only, "the wire refuses post-only orders that never rest"
    if order.price % listing.tick or not listing.tick <= order.price <= ONE - listing.tick:
        return Refusal.OFF_TICK
    if order.size < listing.terms.min_size:
        return Refusal.BELOW_MINIMUM
    if order.size % SHARE_STEP and order.budget is None:
        return Refusal.OFF_STEP
    if (order.tif is TimeInForce.GTD) is not (order.expires_ms is not None):
        return Refusal.BAD_EXPIRATION
    if order.expires_ms is not None and order.expires_ms < order.placed_ms + EXPIRES_AFTER_MS:
        return Refusal.BAD_EXPIRATION
    crosses = listing.book.crosses(order)
    if order.post_only and crosses:
        return Refusal.WOULD_CROSS
    if order.tif is TimeInForce.FAK and not crosses:
        return Refusal.FAK_NO_MATCH
    if order.side is Side.BUY:
        short = order.owner.free_cash < to_hold_back(order)
    else:
        short = order.owner.free((order.market_id, order.outcome)) < to_hold_back(order)
    if short:
        return Refusal.NOT_ENOUGH
    return Refusal.FOK_NOT_FILLED if order.tif is TimeInForce.FOK and not crosses else None


def expiry_ms(order: Order) -> Ms | None:
    """When the exchange takes the order off the book."""
    return None if order.expires_ms is None else Ms(order.expires_ms - EXPIRES_EARLY_MS)


def to_hold_back(order: Order) -> int:
    """Cash for a BUY, at its own price or its budget; for a SELL the shares."""
    if order.side is Side.SELL:
        return order.remaining
    return cost_up(order.price, order.remaining) if order.budget is None else order.budget


def hold_back(order: Order, amount: int) -> None:
    """Lock that much of the owner's cash or shares for the order, instead of what it locked so far."""
    more = amount - order.held_back
    order.held_back = amount
    if order.side is Side.BUY:
        order.owner.lock_cash(Usdc(more))
    else:
        order.owner.lock_tokens((order.market_id, order.outcome), Shares(more))


def can_pay(taker: Order, found: tuple[Step, ...]) -> bool:
    """Whether the free cash covers the matches with their fees, and the rest at the order's own price.

    A SELL locked its shares when it was placed and pays its fee out of the proceeds.
    """
    if taker.side is Side.SELL:
        return True
    spent = sum(step.amount + step.fee for step in found)
    rest = Shares(taker.remaining - sum(step.shares for step in found)) if taker.tif.rests else Shares(0)
    return spent + cost_up(taker.price, rest) <= taker.owner.free_cash
