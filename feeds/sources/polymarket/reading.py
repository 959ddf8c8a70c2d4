"""What the parser needs beside its eyes: a market's terms, why reading stopped, and when a thing was said."""

from typing import Final

from core.events import BookChanged, BookEvent, BookSnapshot, MarketResolved
from core.ids import MarketId, Outcome
from core.units import Ms
from feeds.refusals import RefusalReason
from feeds.sources.polymarket.texts import MirroredPrices, Prices
from feeds.sources.polymarket.wire import Message

AHEAD_MAX_MS: Final = 60_000  # a stamp further in our future would outrank every later message
OLDEST_MS: Final = 1_400_000_000_000  # 2014; smaller numbers are seconds, or nonsense

ParsedEvent = BookEvent | MarketResolved


class Refused(Exception):
    """Stop reading this message, or this change of it."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Terms:
    """What it takes to read one market's messages."""

    __slots__ = ("market_id", "mirrored", "no", "prices", "yes")

    def __init__(self, market_id: MarketId, prices: Prices, mirrored: MirroredPrices) -> None:
        self.market_id = market_id
        self.yes = ""
        self.no = ""
        self.prices = prices
        self.mirrored = mirrored


def unstated_tops(terms: Terms, heard_ms: Ms) -> tuple[BookChanged, ...]:
    """We refused what was said of this book, so what its tops are now is unknown. Without levels it changes none."""
    both = (Outcome.YES, Outcome.NO)
    return (BookChanged(terms.market_id, heard_ms, heard_ms, (), None, None, ends_frame=True, unstated=both),)


def said_when(message: Message, heard_ms: Ms) -> Ms:
    """The venue's stamp: digits, in milliseconds, and not in our future."""
    text = message.timestamp
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        reason = RefusalReason.BAD_TIMESTAMP if text else RefusalReason.MISSING_FIELD
        raise Refused(reason, f"timestamp {text!r}")
    said_ms = Ms(int(text))
    if said_ms < OLDEST_MS:
        raise Refused(RefusalReason.BAD_TIMESTAMP, f"timestamp {text} is not in milliseconds")
    if said_ms > heard_ms + AHEAD_MAX_MS:
        raise Refused(RefusalReason.CLOCK_JUMP, f"said {said_ms - heard_ms} ms after it was heard")
    return said_ms


def ends_marked(events: list[ParsedEvent]) -> tuple[ParsedEvent, ...]:
    """Of a frame with several messages, only the last book event of each market ends it."""
    ended: set[MarketId] = set()
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        if isinstance(event, BookChanged | BookSnapshot):
            if event.market_id in ended:
                events[index] = event._replace(ends_frame=False)
            ended.add(event.market_id)
    return tuple(events)
