"""Titles of markets, for pages that have only their ids."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Q

from feeds import selectors as feeds

MAP: Final = re.compile(r"\bmap (\d{1,2})\b", re.IGNORECASE)
BETWEEN: Final = frozenset({"v", "vs", "·"})


def market_titles(market_ids: Iterable[str]) -> dict[str, str]:
    """Titles by id; an id nobody listed is left out."""
    rows = feeds.markets().filter(market_id__in=set(market_ids)).prefetch_related(None)
    return dict(rows.values_list("market_id", "title"))


def short_titles(market_ids: Iterable[str]) -> dict[str, str]:
    """Both teams and the map, as the board names markets; the venue's title of one whose match is not known."""
    rows = feeds.markets().filter(market_id__in=set(market_ids)).prefetch_related(None)
    facts = rows.values_list("market_id", "title", "kind", "map_number", "match__teams")
    return {market_id: short(title, kind, number, teams) for market_id, title, kind, number, teams in facts}


def short(title: str, kind: str, map_number: int | None, teams: Sequence[str] | None) -> str:
    if teams is None or len(teams) != 2:
        return title
    return " v ".join(teams) + (f" · map {map_number}" if kind == "map" else "")


def market_ids(text: str) -> list[str]:
    """Markets whose id begins with ``text``, or that have all its words in title or teams, whatever the case.

    A name as the tables show it, "T1 v HLE · map 2", finds that market.
    """
    found = MAP.search(text)
    words = MAP.sub(" ", text).split()
    fits = Q(map_number=int(found[1])) if found else Q()
    for word in words:
        if word.lower() not in BETWEEN:
            fits &= Q(title__icontains=word) | Q(match__title__icontains=word)
    rows = feeds.markets().filter(Q(market_id__istartswith=text.strip()) | fits)
    return list(rows.prefetch_related(None).values_list("market_id", flat=True))
