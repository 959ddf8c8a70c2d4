"""What a strategy may see of one market, and what it may answer. It changes nothing here."""

from dataclasses import dataclass
from enum import StrEnum

from core.book import Book
from core.events import MarketListed, Verdict
from core.ids import Outcome, Side
from core.intents import OrderKind, Purpose
from core.orders import Orders
from core.pair import PairLedger
from core.trading import Action
from core.units import Ms, Price, Shares, Usdc


class Gate(StrEnum):
    """Why or why not, in the order in which a proposal passes them."""

    TRADING = "trading"  # halts and what is legal in the market's state
    BOOK = "book"  # trusted
    MIRROR = "mirror"  # the two tokens' top prices agree now
    FEES = "fees"
    UNKNOWN = "unknown"  # no order whose fate nobody knows
    WINDOW = "window"  # the venue takes marketable orders now
    LEG = "leg"  # a leg is open too long, or completing it would lose too much
    COMPLETE = "complete"  # the lagging leg can be taken below the ceiling
    TIMING = "timing"  # in play, or close to game start
    CALM = "calm"  # no score, lead or price jump just now
    CERTAINTY = "certainty"  # not near resolution
    LIQUIDITY = "liquidity"
    COST = "cost"  # spent in this market
    EDGE = "edge"  # both bids together stay below the ceiling


class Unit(StrEnum):
    PRICE = "price"
    SHARES = "shares"
    USDC = "usdc"
    MS = "ms"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One gate with the value that met the limit. ``word`` speaks where no number can."""

    gate: Gate
    passed: bool
    unit: Unit
    value: int | None
    limit: int | None
    word: str


def said(gate: Gate, word: str, *, passed: bool) -> GateCheck:
    """A gate about which no number speaks."""
    return GateCheck(gate, passed, Unit.WORD, None, None, word)


@dataclass(frozen=True, slots=True)
class Mood:
    """What the match and the price did lately, as far as it matters to quoting.

    ``over``: the map or series the market is about has been decided; what is left is resolution.

    Units:
        pulled_until_ms: quotes stay away until then; 0 when calm.
        naked_since_ms:  since when one leg has been ahead by more than dust; ``None`` when none is.
    """

    in_play: bool | None
    deciding: bool
    pulled_until_ms: Ms
    pulled_why: str
    naked_since_ms: Ms | None
    over: bool


@dataclass(frozen=True, slots=True)
class View:
    """One market at one moment.

    Units:
        own_shown:      the venue's book contains our own orders.
        marketable_min: USDC, the venue's smallest marketable order.
        cash_short:     the account lately had not cash enough for an order.
        takes_marketable: the venue takes orders now that match at once, not quotes alone (``core.windows``).
    """

    listing: MarketListed
    book: Book
    pair: PairLedger
    orders: Orders
    mood: Mood
    legal: frozenset[Action]
    halted: str | None
    own_shown: bool
    marketable_min: Usdc
    cash_short: bool
    takes_marketable: bool
    now: Ms


@dataclass(frozen=True, slots=True)
class Wanted:
    """One order a strategy would like to have. The engine turns it into a ``Place`` and asks the judge."""

    outcome: Outcome
    side: Side
    price: Price
    shares: Shares
    kind: OrderKind
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Proposal:
    """The strategy's answer. Quotes not wanted any more are withdrawn; takes wait until none rests."""

    verdict: Verdict
    gates: tuple[GateCheck, ...]
    wanted: tuple[Wanted, ...]
    merge: Shares

    @property
    def failed(self) -> Gate | None:
        """The first gate that was not passed."""
        return next((check.gate for check in self.gates if not check.passed), None)
