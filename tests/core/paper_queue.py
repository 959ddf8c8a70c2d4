"""Words for the tests of the fill model: a market with two levels a side, and orders put beside it."""

from core.events import Evidence
from core.ids import OrderId, Outcome, Side
from core.paper_market import Match, PaperMarket, PaperOrder
from core.units import Shares
from tests.core.accounts import BUY, T0, YES, a_book, a_listing, a_place


def a_market(bids: str = "0.48x100 0.47x50", asks: str = "0.52x100 0.53x50") -> PaperMarket:
    market = PaperMarket(a_listing())
    market.changed(a_book(bids, asks), T0)
    return market


def an_order(
    outcome: Outcome = YES, side: Side = BUY, at: str = "0.48", size: str = "20", *, key: str = "k1"
) -> PaperOrder:
    return PaperOrder(a_place(outcome, side, at, size, key=key), OrderId(f"id-{key}"))


def resting(market: PaperMarket, *orders: PaperOrder) -> None:
    for order in orders:
        market.join(order)


def gave(matches: list[Match]) -> list[tuple[str, Shares, Evidence]]:
    return [(match.order.place.key, match.shares, match.evidence) for match in matches]
