"""Input we would not take: why, and the text. Every refusal is counted; nothing is skipped in silence."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.ids import MarketId
from core.units import Ms

DETAIL_MAX: Final = 300  # characters of the offending text that are kept


class RefusalReason(StrEnum):
    MALFORMED_JSON = "malformed_json"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 -- a market's token, not a secret
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_NUMBER = "bad_number"
    PRICE_OFF_GRID = "price_off_grid"
    NEGATIVE_SIZE = "negative_size"
    BAD_TIMESTAMP = "bad_timestamp"
    CLOCK_JUMP = "clock_jump"
    TRUNCATED = "truncated"
    UNREADABLE_LINE = "unreadable_line"  # a tape's line that is no record of any layout we know


@dataclass(frozen=True, slots=True)
class Refusal:
    """One piece of input we would not take. ``detail`` names the value and holds the text, shortened."""

    reason: RefusalReason
    detail: str
    market_id: MarketId | None
    heard_ms: Ms | None


OnRefusal = Callable[[Refusal], None]


def shortened(text: str) -> str:
    return text if len(text) <= DETAIL_MAX else f"{text[: DETAIL_MAX - 3]}..."
