"""What is published about a market: its ids, its names, its terms. Both REST and the channel read this."""

from dataclasses import dataclass
from typing import Final

from core.ids import MarketId, Outcome, TokenId
from core.units import SHARE, Ms, Price, Prob, Shares
from simulator.chance import digest
from simulator.evening import Booking
from simulator.exchange.orders import Terms
from simulator.matches.games import SHAPES

TICK: Final = Price(100)
MIN_SIZE: Final = Shares(5 * SHARE)
TAKER_DELAY_MS: Final = Ms(1_000)  # secondsDelay of esports (polymarket.md 3.7)
FEE_RATE: Final = Prob(50_000)  # esports (polymarket.md 4)
REBATE: Final = Prob(150_000)
GAME_IDS_FROM: Final = 40_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """One market of a match. ``map_number`` is ``None`` for the market on the whole series."""

    terms: Terms
    booking: Booking
    map_number: int | None
    number: str
    question: str
    slug: str
    group_title: str
    sports_type: str

    def token(self, outcome: Outcome) -> TokenId:
        return self.terms.yes_token if outcome is Outcome.YES else self.terms.no_token

    def name(self, outcome: Outcome) -> str:
        """The team that wins with this outcome. YES is always team 0."""
        return self.booking.teams[0 if outcome is Outcome.YES else 1].name


def game_id(booking: Booking) -> int:
    """The id the match feed and the venue's event share."""
    return GAME_IDS_FROM + booking.number


def event_title(booking: Booking) -> str:
    one, two = booking.teams
    game = SHAPES[booking.game].title
    return f"{game}: {one.name} vs {two.name} (BO{booking.series.best_of}) - {booking.tournament}"


def sheet(seed: int, booking: Booking, event_slug: str, map_number: int | None) -> Sheet:
    """Describe one market. The ids belong to the seed and the match for ever."""
    purpose = "series" if map_number is None else f"game{map_number}"
    title = event_title(booking)
    return Sheet(
        terms=Terms(
            market_id=MarketId("0x" + digest(seed, "market", booking.number, purpose)),
            yes_token=_token(seed, booking, purpose, Outcome.YES),
            no_token=_token(seed, booking, purpose, Outcome.NO),
            tick=TICK,
            min_size=MIN_SIZE,
            delay_ms=TAKER_DELAY_MS,
            fee_rate=FEE_RATE,
        ),
        booking=booking,
        map_number=map_number,
        number=f"{booking.number}{map_number or 0}",
        question=title if map_number is None else f"{title}: Game {map_number} Winner",
        slug=event_slug if map_number is None else f"{event_slug}-{purpose}",
        group_title="Match Winner" if map_number is None else f"Game {map_number} Winner",
        sports_type="moneyline" if map_number is None else "child_moneyline",
    )


def _token(seed: int, booking: Booking, purpose: str, outcome: Outcome) -> TokenId:
    """77 decimal digits, as the venue's token ids have."""
    digits = int(digest(seed, "token", booking.number, purpose, outcome), 16)
    return TokenId(str(10**76 + digits % (9 * 10**76)))
