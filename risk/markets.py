"""Which markets exist: told by the app that knows them, since risk may not import it."""

from collections.abc import Callable
from typing import Final

from risk.errors import UnknownMarket

Resolve = Callable[[str], str | None]
_resolvers: Final[list[Resolve]] = []


def register_market_resolver(resolve: Resolve) -> None:
    """Take the function that turns an id or a slug into a market id, ``None`` for neither. The last one counts."""
    _resolvers[:] = [resolve]


def resolve_market(name: str) -> str:
    """The market id of an id or a slug as a person typed it. Raises ``UnknownMarket``."""
    for resolve in _resolvers:
        found = resolve(name)
        if found is not None:
            return found
    raise UnknownMarket(f"no market has the id or slug {name!r}")
