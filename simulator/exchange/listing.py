"""One open market as the exchange keeps it."""

from dataclasses import dataclass
from typing import Final

from core.units import Price, Usdc
from simulator.exchange.book import Book
from simulator.exchange.orders import Terms
from simulator.exchange.prints import Redrawn, TickRefined

FINE_TICK: Final = Price(10)
FINE_ABOVE: Final = Price(9_600)  # polymarket.md 3.5: the tick becomes finer beyond 0.96 and 0.04
FINE_BELOW: Final = Price(400)


@dataclass(slots=True, eq=False)
class Listing:
    """``collateral`` backs each YES and NO in existence with one USDC."""

    terms: Terms
    tick: Price
    book: Book
    collateral: Usdc
    last_price: Price | None  # of the last trade, in YES terms

    def refine_tick(self) -> TickRefined | None:
        """Make the tick finer, once and for ever, when the price nears an end (polymarket.md 3.5).

        Orders that rest stay as they are, on the new grid or off it.
        """
        if self.tick <= FINE_TICK:
            return None
        price = self.book.mid or self.last_price
        if price is None or FINE_BELOW <= price <= FINE_ABOVE:
            return None
        refined = TickRefined(self.terms.market_id, self.tick, FINE_TICK)
        self.tick = FINE_TICK
        return refined


def redrawn(listing: Listing) -> Redrawn:
    """The whole book as it is now."""
    return Redrawn(
        market_id=listing.terms.market_id,
        bids=listing.book.bids.levels(),
        asks=listing.book.asks.levels(),
        tick=listing.tick,
        last_price=listing.last_price,
    )
