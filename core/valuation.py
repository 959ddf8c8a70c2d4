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
from core.ids import MarketId, Outcome, Side, Strategy
from core.ledger import Ledger
from core.units import ONE, Ms, Price, Shares, Usdc, cost

GRACE_MS: Final = Ms(60_000)
HAIRCUT: Final = Price(1_000)
NOTHING: Final = Usdc(0)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the shares of one market would bring now, all strategies together.

    Units:
        yes, no: shares held when it was made.
        worth:   USDC for all of them; ``None``: no price was ever known.
        sure:    by a trusted book, or by what the market paid.
        payout:  what a YES share pays, once it is resolved.
    """

    market_id: MarketId
    yes: Shares
    no: Shares
    worth: Usdc | None
    sure: bool
    payout: Price | None
    at_ms: Ms

    def of(self, yes: Shares, no: Shares) -> Usdc | None:
        """What other numbers of shares would bring: the surplus at the same average. ``None`` where that says
        nothing of them."""
        if self.payout is not None:
            return paid_for(yes, no, self.payout)
        if (yes, no) == (self.yes, self.no):
            return self.worth
        locked, lead, marked_lead = min(yes, no), yes - no, self.yes - self.no
        if not lead:
            return Usdc(locked)
        if self.worth is None or lead * marked_lead <= 0:
            return None
        surplus = self.worth - min(self.yes, self.no)
        return Usdc(locked + surplus * abs(lead) // abs(marked_lead))


def paid_for(yes: Shares, no: Shares, payout: Price) -> Usdc:
    """What shares of a resolved market are worth until they are redeemed."""
    return Usdc((yes * payout + no * (ONE - payout)) // ONE)


@dataclass(frozen=True, slots=True)
class Valuation:
    """Units: USDC all. ``marked`` are markets valued by an old price or not at all; ``unpriced`` those of them
    for which no price was ever known since the start, so that their surplus counts 0. ``deposited``: brought in,
    net; what is above it was earned. ``marks``: of every market in which shares are held."""

    cash: Usdc
    locked: Usdc
    excess: Usdc
    exposure: Usdc
    realized: Usdc
    deposited: Usdc
    marked: tuple[MarketId, ...]
    unpriced: tuple[MarketId, ...]
    marks: tuple[Mark, ...]
    at_ms: Ms

    @property
    def equity(self) -> Usdc:
        return Usdc(self.cash + self.locked + self.excess)

    @property
    def unrealized(self) -> Usdc:
        return Usdc(self.equity - self.deposited - self.realized)


def value(ledger: Ledger, desks: Iterable[Desk], now: Ms, *, away: Usdc = NOTHING) -> Valuation:
    """Value every desk by its own book. ``away``: what is at risk in markets that are not listed."""
    locked = excess = 0
    exposure = int(away) + ledger.at_risk_apart(Strategy.PAIR_ARB)
    marks: list[Mark] = []
    listed: set[MarketId] = set()
    for desk in desks:
        listed.add(desk.listing.market_id)
        exposure += desk.at_risk()
        yes, no = (_held(desk, ledger, outcome) for outcome in Outcome)
        if desk.payout is not None:
            paid = paid_for(yes, no, desk.payout)
            locked += paid
            marks.append(
                Mark(desk.listing.market_id, yes, no, paid, sure=True, payout=desk.payout, at_ms=now)
            )
            continue
        locked += min(yes, no)
        worth, sure = surplus_worth(desk, yes, no, now)
        excess += worth
        priced = sure or desk.book.trust is Trust.TRUSTED or _ahead(yes, no) in desk.trusted_bids
        whole = Usdc(min(yes, no) + worth) if priced else None
        marks.append(Mark(desk.listing.market_id, yes, no, whole, sure=sure, payout=None, at_ms=now))
    for market_id in dict.fromkeys(position.market_id for position in ledger.positions()):
        if market_id not in listed:
            # Held from before, its market not heard of yet: a pair pays 1 all the same.
            yes, no = (ledger.held(market_id, outcome) for outcome in Outcome)
            locked += min(yes, no)
            marks.append(Mark(market_id, yes, no, None, sure=False, payout=None, at_ms=now))
    return Valuation(
        cash=ledger.cash,
        locked=Usdc(locked),
        excess=Usdc(excess),
        exposure=Usdc(exposure),
        realized=ledger.realized(),
        deposited=ledger.deposited,
        marked=tuple(mark.market_id for mark in marks if not mark.sure),
        unpriced=tuple(mark.market_id for mark in marks if mark.worth is None),
        marks=tuple(mark for mark in marks if mark.yes or mark.no),
        at_ms=now,
    )


def _held(desk: Desk, ledger: Ledger, outcome: Outcome) -> Shares:
    apart = ledger.apart(desk.listing.market_id, desk.pair.strategy)
    return Shares(desk.pair.held(outcome) + apart.held(outcome))


def _ahead(yes: Shares, no: Shares) -> Outcome:
    return Outcome.YES if yes > no else Outcome.NO


def excess_worth(desk: Desk, now: Ms) -> tuple[Usdc, bool]:
    """What the pair's surplus leg would bring now, and whether that price can be relied on."""
    return surplus_worth(desk, desk.pair.held(Outcome.YES), desk.pair.held(Outcome.NO), now)


def surplus_worth(desk: Desk, yes: Shares, no: Shares, now: Ms) -> tuple[Usdc, bool]:
    """The same of these numbers of shares."""
    if yes == no:
        return Usdc(0), True
    ahead, size = _ahead(yes, no), Shares(abs(yes - no))
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
