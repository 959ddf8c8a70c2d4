"""The simulator's match feed: one JSON object a message, its only shape."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.json import Decoder

from core.events import SignalKind
from feeds.listings import Game

PING: Final = "PING"
PONG: Final = "PONG"

Count = Annotated[int, Meta(ge=0, le=100_000)]
TeamIndex = Annotated[int, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class WireWord(Struct):
    """Where a match stands after something happened, or merely where it stands (every 2 s)."""

    match_id: Annotated[str, Meta(pattern=r"^[0-9]{1,30}$")]
    game: Game
    teams: tuple[Name, Name]
    tournament: Annotated[str, Meta(max_length=300, pattern=r"^[^\x00]*$")]
    best_of: Annotated[int, Meta(ge=1, le=9)]
    kind: SignalKind
    map_number: Annotated[int, Meta(ge=1, le=9)]
    maps: tuple[Count, Count]
    score: tuple[Count, Count]
    lead: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
    clock_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    winner: TeamIndex | None
    said_ms: Annotated[int, Meta(ge=1_400_000_000_000, le=4_100_000_000_000)]


words: Final = Decoder(WireWord)
