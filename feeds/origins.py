"""Which sources tell of matches in this stack, and of whom each has it.

Two sources that read one origin say one thing twice: OpenDota and Steam both have Valve's word (trading.md 7).
"""

from collections.abc import Mapping
from typing import Final

ORIGIN: Final[Mapping[str, str]] = {
    "grid": "grid",
    "liquipedia": "liquipedia",
    "lolesports": "riot",
    "opendota": "valve",
    "pandascore": "pandascore",
    "polymarket_sports": "pandascore",  # counts with it until it was measured to be another (trading.md 7)
    "simulator": "simulator",
    "steam": "valve",
}
# What runs beside each venue's own market data. A source that is added to a stack is added here.
RUN: Final[Mapping[str, tuple[str, ...]]] = {"simulator": ("simulator",), "polymarket": ()}


def independent(venue: str) -> tuple[str, ...]:
    """The origins that tell of matches with this venue, each once, in alphabetical order."""
    return tuple(sorted({ORIGIN[source] for source in RUN[venue]}))
