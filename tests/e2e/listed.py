"""The evening's markets as rows of the database, as discovery would have written them."""

from core.units import micro, price
from feeds.models import Market
from feeds.selectors import venue_in_use
from tests.e2e.evening import Evening


def list_markets(evening: Evening) -> None:
    """Write each market of the evening once."""
    Market.objects.bulk_create(
        [
            Market(
                market_id=row["market_id"],
                venue=venue_in_use(),
                event_id=row["event_id"],
                slug=f"evening-{n}",
                title=row["title"],
                kind=row["kind"],
                map_number=row["map_number"],
                tick=price(row["tick"]),
                min_size=micro(row["min_size"]),
                delay_ms=row["delay_ms"],
                fee_rate=50_000,
                fee_exponent=1,
                rebate=150_000,
                wiped_at_start=False,
                state="open",
                found_ms=evening.began_ms,
                seen_ms=evening.began_ms,
            )
            for n, row in enumerate(evening.markets.values())
        ],
        ignore_conflicts=True,
    )
