"""Worlds that several tests look at. Made once a session by ``conftest``."""

from dataclasses import dataclass, field

import msgspec

from core.ids import MarketId, TokenId
from core.units import Ms
from simulator import wire
from simulator.announcer import Frame
from simulator.evening import SHIFT_MS
from simulator.sheets import Sheet
from simulator.world import Event, World

START = Ms(83_000 * SHIFT_MS + 3 * 3_600_000)  # three hours into a shift
MINUTE_MS = 60_000
BOOKISH = (wire.Book, wire.PriceChange, wire.BestBidAsk)


@dataclass(frozen=True, slots=True)
class Hour:
    """What stays of an hour: no books, but all that markets and matches went through.

    ``world`` is as it was when the hour was over; whoever looks at it leaves it there.
    ``events`` are those of each minute; ``late`` are markets that were spoken of after their resolution;
    ``samples`` the JSON of the first message of each type.
    """

    world: World
    frames: list[Frame] = field(default_factory=list)
    words: list[wire.MatchMessage] = field(default_factory=list)
    events: list[list[Event]] = field(default_factory=list)
    late: set[MarketId] = field(default_factory=set)
    samples: dict[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> list[wire.MarketMessage]:
        return [message for frame in self.frames for message in frame.messages]

    @property
    def resolutions(self) -> dict[MarketId, wire.MarketResolved]:
        found = [message for message in self.messages if isinstance(message, wire.MarketResolved)]
        return {message.market: message for message in found}


def an_hour(seed: int) -> Hour:
    hour, gone = Hour(World(seed, START)), set[MarketId]()
    for minute in range(60):
        said = hour.world.step(Ms(START + (minute + 1) * MINUTE_MS))
        for frame in said.frames:
            first = frame.messages[0]
            if first.event_type not in hour.samples:
                hour.samples[first.event_type] = msgspec.json.encode(first).decode()
            if frame.market_id in gone:
                hour.late.add(frame.market_id)
            if isinstance(first, wire.MarketResolved):
                gone.add(frame.market_id)
            if not isinstance(first, BOOKISH):
                hour.frames.append(frame)
        hour.words.extend(said.matches)
        hour.events.append(hour.world.events())
    return hour


def tokens(sheet: Sheet) -> list[TokenId]:
    return [sheet.terms.yes_token, sheet.terms.no_token]
