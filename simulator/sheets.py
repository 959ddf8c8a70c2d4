"""What is published about a market: its ids, its names, its terms. Both REST and the channel read this.

Most markets are of the venue's first protocol, some of them neg-risk; some are of its second, whose condition
ids have 31 bytes and name the outcomes' position ids (polymarket.md 3.1). Who trades there does not care.
"""

from dataclasses import dataclass
from typing import Final

from core.ids import MarketId, Outcome, TokenId
from core.units import SHARE, Ms, Price, Prob, Shares
from simulator.chance import dice, digest, pick
from simulator.evening import Booking
from simulator.exchange.orders import Terms, Version
from simulator.matches.games import SHAPES

TICK: Final = Price(100)
MIN_SIZE: Final = Shares(5 * SHARE)
TAKER_DELAY_MS: Final = Ms(1_000)  # secondsDelay of esports (polymarket.md 3.7)
FEE_RATE: Final = Prob(50_000)  # esports (polymarket.md 4)
REBATE: Final = Prob(150_000)
GAME_IDS_FROM: Final = 40_000_000
PROTOCOLS: Final = {(Version.V1, False): 55, (Version.V1, True): 20, (Version.V2, False): 25}  # and neg-risk
STRAY_IDS: Final = {True: 35, False: 65}  # v1 markets with position ids that have no book (polymarket.md 0.2)
BINARY_MODULE: Final = "01"
CONDITION_DIGITS: Final = 62  # of a v2 condition: module, 16 bytes of its own, zeros
OUTCOME_BITS: Final = 8


@dataclass(frozen=True, slots=True)
class Sheet:
    """One market of a match. ``map_number`` is ``None`` for the market on the whole series.

    ``dice_name`` is what its traders' dice are called: the same whichever protocol the market is of.
    ``position_ids`` are what Gamma shows as such; only a v2 market's are its tokens.
    """

    terms: Terms
    booking: Booking
    map_number: int | None
    number: str
    question: str
    slug: str
    group_title: str
    sports_type: str
    dice_name: str
    position_ids: tuple[TokenId, TokenId] | None

    def token(self, outcome: Outcome) -> TokenId:
        return self.terms.token(outcome)

    @property
    def condition_id(self) -> str:
        """As Gamma writes it: 31 bytes of a v2 market. Everybody else pads it to 32."""
        whole = self.terms.market_id
        return whole if self.terms.version is Version.V1 else whole[: len("0x") + CONDITION_DIGITS]

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
    name = "0x" + digest(seed, "market", booking.number, purpose)
    rolls = dice(seed, "protocol", booking.number, purpose)
    version, neg_risk = pick(rolls, PROTOCOLS)
    condition = _v2_condition(name)
    position_ids = _position_ids(condition)
    if version is Version.V2:
        market_id, tokens = MarketId(condition.ljust(len(name), "0")), position_ids
    else:
        market_id = MarketId(name)
        tokens = (
            _token(seed, booking, purpose, Outcome.YES),
            _token(seed, booking, purpose, Outcome.NO),
        )
    return Sheet(
        terms=Terms(
            market_id=market_id,
            yes_token=tokens[0],
            no_token=tokens[1],
            tick=TICK,
            min_size=MIN_SIZE,
            delay_ms=TAKER_DELAY_MS,
            fee_rate=FEE_RATE,
            neg_risk=neg_risk,
            version=version,
        ),
        booking=booking,
        map_number=map_number,
        number=f"{booking.number}{map_number or 0}",
        question=title if map_number is None else f"{title}: Game {map_number} Winner",
        slug=event_slug if map_number is None else f"{event_slug}-{purpose}",
        group_title="Match Winner" if map_number is None else f"Game {map_number} Winner",
        sports_type="moneyline" if map_number is None else "child_moneyline",
        dice_name=name,
        position_ids=position_ids if version is Version.V2 or pick(rolls, STRAY_IDS) else None,
    )


def _v2_condition(name: str) -> str:
    """31 bytes; the zeros are what clients know the position ids of the second protocol by."""
    own = name.removeprefix("0x")[:32]
    return f"0x{BINARY_MODULE}{own}".ljust(len("0x") + CONDITION_DIGITS, "0")


def _position_ids(condition: str) -> tuple[TokenId, TokenId]:
    first = int(condition, 16) << OUTCOME_BITS
    return TokenId(str(first)), TokenId(str(first | 1))


def _token(seed: int, booking: Booking, purpose: str, outcome: Outcome) -> TokenId:
    """77 decimal digits, as the venue's token ids have."""
    digits = int(digest(seed, "token", booking.number, purpose, outcome), 16)
    return TokenId(str(10**76 + digits % (9 * 10**76)))
