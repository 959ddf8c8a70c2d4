"""Which markets and tokens are asked about, and what a token is: the map between the venue's names and ours."""

from collections.abc import Collection
from dataclasses import dataclass, field

from core.differences import Leg
from core.events import FeeSchedule
from core.ids import MarketId, Outcome, TokenId
from feeds import selectors as feeds


@dataclass(slots=True)
class Tokens:
    """Both ways between a token and its leg. ``learn`` adds what only the Data API knew."""

    leg_of: dict[TokenId, Leg] = field(default_factory=dict)
    token_of: dict[Leg, TokenId] = field(default_factory=dict)

    def learn(self, token: TokenId, leg: Leg) -> None:
        self.leg_of.setdefault(token, leg)
        self.token_of.setdefault(leg, token)


def tokens_of(market_ids: Collection[MarketId]) -> tuple[Tokens, dict[MarketId, FeeSchedule | None]]:
    """Tokens and fees of every market that is open, and of these whatever their state, as discovery read them."""
    found = Tokens()
    listings = feeds.listed_markets(also=market_ids)
    for listing in listings:
        found.learn(listing.yes_token, (listing.market_id, Outcome.YES))
        found.learn(listing.no_token, (listing.market_id, Outcome.NO))
    return found, {listing.market_id: listing.fees for listing in listings}
