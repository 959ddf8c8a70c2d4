"""What the parser must know of a listed market."""

from core.events import MarketListed
from core.ids import MarketId, Outcome, TokenId
from core.units import Price


def tokens_of(listing: MarketListed) -> dict[TokenId, tuple[MarketId, Outcome, Price]]:
    """Both tokens of a market, as ``Parser.learn`` takes them."""
    return {
        listing.yes_token: (listing.market_id, Outcome.YES, listing.tick),
        listing.no_token: (listing.market_id, Outcome.NO, listing.tick),
    }
