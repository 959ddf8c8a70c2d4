"""What the account is worth now (trading.md 12).

Equity = cash (locks of open orders included) + 1 for each locked pair + the excess at the swept bid, net of
fee. A book that is not trusted, or whose market failed, is valued at its last trusted bid for 60 s, then 0.10
lower, and marked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.book import Trust
from core.desk import Desk
from core.fees import dearest, fee_estimate
from core.ids import MarketId, Outcome, Side
from core.ledger import Ledger
from core.units import ONE, Ms, Price, Usdc, cost

GRACE_MS: Final = Ms(60_000)
HAIRCUT: Final = Price(1_000)
NOTHING: Final = Usdc(0)


@dataclass(frozen=True, slots=True)
class Valuation:
    """Units: USDC all. ``marked`` are markets valued by an old price or not at all; ``unpriced`` those of them
    for which no price was ever known since the start, so that their surplus counts 0."""

    cash: Usdc
    locked: Usdc
    excess: Usdc
    exposure: Usdc
    realized: Usdc
    marked: tuple[MarketId, ...]
    unpriced: tuple[MarketId, ...]
    at_ms: Ms

    @property
    def equity(self) -> Usdc:
        return Usdc(self.cash + self.locked + self.excess)


def value(ledger: Ledger, desks: Iterable[Desk], now: Ms, *, away: Usdc = NOTHING) -> Valuation:
    """Value every desk by its own book. ``away``: what is at risk in markets that are not listed."""
    locked = excess = 0
    exposure = int(away)
    marked: list[MarketId] = []
    unpriced: list[MarketId] = []
    listed: set[MarketId] = set()
    for desk in desks:
        listed.add(desk.listing.market_id)
        exposure += desk.at_risk()
        paid = desk.resolved_worth
        if paid is not None:
            locked += paid
            continue
        locked += desk.pair.locked
        worth, sure = excess_worth(desk, now)
        excess += worth
        if not sure:
            marked.append(desk.listing.market_id)
            if desk.book.trust is not Trust.TRUSTED and desk.pair.exposed_outcome not in desk.trusted_bids:
                unpriced.append(desk.listing.market_id)
    for market_id in dict.fromkeys(position.market_id for position in ledger.positions()):
        if market_id not in listed:
            # Held from before, its market not heard of yet: a pair pays 1 all the same.
            yes, no = (ledger.held(market_id, outcome) for outcome in Outcome)
            locked += min(yes, no)
            marked.append(market_id)
            unpriced.append(market_id)
    return Valuation(
        ledger.cash,
        Usdc(locked),
        Usdc(excess),
        Usdc(exposure),
        ledger.realized(),
        tuple(marked),
        tuple(unpriced),
        now,
    )


def excess_worth(desk: Desk, now: Ms) -> tuple[Usdc, bool]:
    """What the surplus leg would bring now, and whether that price can be relied on."""
    ahead, size = desk.pair.exposed_outcome, desk.pair.exposed
    if ahead is None:
        return Usdc(0), True
    if desk.book.trust is Trust.TRUSTED and not desk.broken:
        swept = desk.book.sweep(ahead, Side.SELL, size, desk.listing.tick)
        fees = desk.listing.fees
        bid, charge = desk.book.top(ahead).bid, 0
        if fees is not None and swept.worst is not None and bid is not None:
            charge = fee_estimate(fees, dearest(bid, swept.worst), swept.filled)
        return Usdc(max(0, swept.amount - charge)), swept.filled == size and fees is not None
    last, at_ms = desk.trusted_bids.get(ahead, (Price(0), Ms(0)))
    old = now - at_ms > GRACE_MS
    price = Price(max(0, last - HAIRCUT)) if old else last
    assert price <= ONE, "a bid is a price"
    return cost(price, size), False
