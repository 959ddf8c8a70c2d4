"""``new_market`` frames of the market channel: does one of ours come? (polymarket.md 5)

The venue tells every subscriber of every new market, ours are few. What a frame says is a hint to look at the list
again, never terms to trade on.
"""

from typing import Final

import msgspec
from msgspec import Struct

from core.ids import MarketId
from feeds.sources.polymarket.gamma import GAME_SLUGS, KINDS

NEW_MARKET: Final = "new_market"
GAME_TAGS: Final = frozenset({"league-of-legends", "dota-2", "dota2", "lol"})


class Announcement(Struct):
    event_type: str = ""
    market: str = ""
    slug: str = ""
    sports_market_type: str = ""
    tags: list[str] = []


_frames: Final = msgspec.json.Decoder(Announcement | list[Announcement])


def announced(frame: bytes) -> list[MarketId]:
    """New markets of our games and kinds that a frame tells of. Empty for a frame that cannot be read."""
    try:
        said = _frames.decode(frame)
    except msgspec.DecodeError:
        return []
    words = said if isinstance(said, list) else [said]
    return [MarketId(word.market) for word in words if word.event_type == NEW_MARKET and _ours(word)]


def _ours(word: Announcement) -> bool:
    of_a_game = word.slug.partition("-")[0] in GAME_SLUGS or not GAME_TAGS.isdisjoint(word.tags)
    # A kind nobody stated is looked up; one that was stated must be ours.
    return of_a_game and word.sports_market_type in ("", *KINDS)
