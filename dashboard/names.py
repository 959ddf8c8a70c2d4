"""Titles of markets, for pages that have only their ids."""

from collections.abc import Iterable

from django.db.models import Q

from feeds import selectors as feeds


def market_titles(market_ids: Iterable[str]) -> dict[str, str]:
    """Titles by id; an id nobody listed is left out."""
    rows = feeds.markets().filter(market_id__in=set(market_ids)).prefetch_related(None)
    return dict(rows.values_list("market_id", "title"))


def market_ids(text: str) -> list[str]:
    """Markets whose id begins with ``text`` or whose title contains it, without regard to case."""
    sought = text.strip()
    rows = feeds.markets().filter(Q(market_id__istartswith=sought) | Q(title__icontains=sought))
    return list(rows.prefetch_related(None).values_list("market_id", flat=True))
