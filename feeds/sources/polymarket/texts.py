"""Venue texts to integers by look-up: the same few thousand texts arrive over and over. Misses are parsed exactly."""

from typing import Final

from core import units
from core.events import Top
from core.units import ONE, Price, Shares

PRICES_MAX: Final = 20_000  # every price on the finest grid, in two spellings
SIZES_MAX: Final = 30_000
TOPS_MAX: Final = 20_000


class OffGrid(ValueError):
    """A price that no order could have: not on the market's tick, or not between 0 and 1."""


class NegativeSize(ValueError):
    """A size below zero."""


class Prices(dict[str, Price]):
    """Price text to price, for one tick. Raises ``OffGrid`` or ``ValueError`` with the text."""

    def __init__(self, tick: Price) -> None:
        super().__init__()
        self.tick = tick

    def __missing__(self, text: str) -> Price:
        if len(self) >= PRICES_MAX:
            self.clear()
        price = self[text] = self._read(text)
        return price

    def has(self, text: str) -> bool:
        """Whether an order could have this price."""
        try:
            return bool(self[text])
        except OffGrid:
            return False

    def _read(self, text: str) -> Price:
        try:
            price = units.price(text)
        except ValueError:
            raise OffGrid(f"not a price: {text!r}") from None
        if not 0 < price < ONE or price % self.tick:
            raise OffGrid(f"{text} is not on the grid of {units.text(self.tick, 4)}")
        return price


class MirroredPrices(Prices):
    """Price text of the NO token to the YES price of the same level."""

    def _read(self, text: str) -> Price:
        return units.mirrored(super()._read(text))


class Sizes(dict[str, Shares]):
    """Size text to shares. Raises ``NegativeSize`` or ``ValueError`` with the text."""

    def __missing__(self, text: str) -> Shares:
        if len(self) >= SIZES_MAX:
            self.clear()
        size = self[text] = _size(text)
        return size


def _size(text: str) -> Shares:
    """As ``units.shares``, three times as fast on the texts the venue sends; anything else is left to that."""
    whole, _, digits = text.partition(".")
    if (
        len(text) < 15
        and text.isascii()
        and whole.isdigit()
        and (digits.isdigit() if digits else whole == text)
    ):
        if len(digits) <= 6:
            return Shares(int(whole) * 1_000_000 + (int(digits) * 10 ** (6 - len(digits)) if digits else 0))
    elif text.startswith("-"):
        raise NegativeSize(f"size {text} is negative")
    return units.shares(text)


class Tops(dict[tuple[str, str], Top | None]):
    """Stated best bid and ask to a top. "0" and "1" state an empty side; "" states nothing: ``None``."""

    def __missing__(self, texts: tuple[str, str]) -> Top | None:
        if len(self) >= TOPS_MAX:
            self.clear()
        top = self[texts] = _top(*texts)
        return top


def _top(bid: str, ask: str) -> Top | None:
    if not bid or not ask:
        return None
    lowest, highest = units.price(bid), units.price(ask)
    return Top(lowest or None, highest if highest < ONE else None)
