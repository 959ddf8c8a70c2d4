"""Titles of markets, for pages that have only their ids."""

from collections.abc import Iterable

from feeds import selectors as feeds


def market_titles(market_ids: Iterable[str]) -> dict[str, str]:
    """Titles by id; an id nobody listed is left out."""
    wanted = set(market_ids)
    return {row.market_id: row.title for row in feeds.market_rows() if row.market_id in wanted}


def market_ids(text: str) -> list[str]:
    """Markets whose id begins with ``text`` or whose title contains it, without regard to case."""
    sought = text.strip().lower()
    return [
        row.market_id
        for row in feeds.market_rows()
        if row.market_id.startswith(sought) or sought in row.title.lower()
    ]
