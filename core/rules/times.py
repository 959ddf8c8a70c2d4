"""When orders that open may leave at all, by the calendar and by the match (trading.md 6 and 12)."""

from typing import Final

from core.intents import OrderKind, Place
from core.limits import Limits
from core.rules.exposure import Exposure
from core.rules.verdict import Refused, Rule
from core.units import Ms

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
PEAK_HOURS: Final = ((14, 16), (20, 22))  # UTC; the first is in, the second out
PEAK: Final = frozenset(hour for first, last in PEAK_HOURS for hour in range(first, last))
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH_DAY: Final = 3  # 1 January 1970 was a Thursday
SATURDAY: Final = 5


def weekday(now: Ms) -> int:
    """0 is Monday, by UTC."""
    return (now // DAY_MS + EPOCH_DAY) % 7


def is_peak(now: Ms) -> bool:
    """Whether ``now`` is in the hours in which everybody trades, and opening orders are halved."""
    return now % DAY_MS // HOUR_MS in PEAK


def refusal(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Refused | None:
    """Binds opening orders only; the quote times bind those that rest."""
    day = weekday(now)
    if day >= SATURDAY and not limits.weekend_trading:
        detail = f"it is {DAYS[day]} in UTC, when opening needs weekend_trading_enabled"
        return Refused(intent, Rule.WEEKEND, detail, DAYS[day], "weekend_trading_enabled", now)
    if intent.kind is OrderKind.QUOTE and exposure.quote_bar is not None:
        found, asked = exposure.quote_bar
        return Refused(
            intent, Rule.QUOTE_TIME, f"no time to quote: {found}, must be {asked}", found, asked, now
        )
    return None
