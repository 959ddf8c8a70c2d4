"""What the shard hands to its records. Mostly the core's own words, as they come out of a step."""

from dataclasses import dataclass

from core.events import Event, FillSeen, FillSettled
from core.ids import MarketId
from core.notes import Booked, Decided, OrderMoved
from core.units import Ms


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The engine raised on ``event``. Its market is halted; the event is kept to replay it."""

    market_id: MarketId
    event: Event
    error: str
    at_ms: Ms


Record = OrderMoved | FillSeen | FillSettled | Booked | Decided | StepFailed
