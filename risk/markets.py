"""Which markets exist: told by the app that knows them, since risk may not import it."""

import re
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError

from risk.errors import UnknownMarket

Resolve = Callable[[str], str | None]
CONDITION_ID: Final = re.compile(r"0x[0-9a-fA-F]{64}")


def nothing_known(_name: str) -> str | None:
    """The resolver before any was registered."""
    return None


_resolver: Resolve = nothing_known


def register_market_resolver(resolve: Resolve) -> Resolve:
    """Take the function that turns an id or a slug into a market id, ``None`` for neither. Returns the one before."""
    global _resolver
    before, _resolver = _resolver, resolve
    return before


def resolve_market(name: str) -> str:
    """The market id of an id or a slug as a person typed it. Raises ``UnknownMarket``.

    An id is taken as it is while the database is away: halting a market must not wait for its name.
    """
    try:
        found = _resolver(name)
    except DatabaseError:
        if CONDITION_ID.fullmatch(name) is None:
            raise
        return name.lower()
    if found is None:
        raise UnknownMarket(f"no market has the id or slug {name!r}")
    return found
