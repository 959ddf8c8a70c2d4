"""What the shard hands to its records. Mostly the core's own words, as they come out of a step."""

from dataclasses import dataclass

from core.breaker import BreakerMoved
from core.events import Event, FillSeen, FillSettled
from core.ids import MarketId
from core.intents import WalletAction
from core.notes import Booked, Decided, OrderMoved
from core.units import Ms


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The engine raised on ``event``. Its market is halted; the event is kept to replay it."""

    market_id: MarketId
    event: Event
    error: str
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class FillBooked:
    """A fill and what it is in the ledger: both are there, or neither."""

    fill: FillSeen
    booked: Booked


@dataclass(frozen=True, slots=True)
class StillOwed:
    """An order ended, and fills that the venue counted in it are still to be told: for the rows it stays open."""

    moved: OrderMoved


Record = (
    OrderMoved
    | StillOwed
    | FillSeen
    | FillBooked
    | FillSettled
    | Booked
    | Decided
    | WalletAction
    | BreakerMoved
    | StepFailed
)
