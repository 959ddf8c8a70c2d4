"""Venue texts to integers by look-up: the same few thousand texts arrive over and over. Misses are parsed exactly."""

from typing import Final

from core import units
from core.events import Top
from core.units import ONE, SHARE, Price, Shares

PRICES_MAX: Final = 20_000  # texts kept: every price on the finest grid, in two spellings
SIZES_MAX: Final = 60_000  # 12 MB; an evening's tape of twelve markets has 59,393
TOPS_MAX: Final = 20_000
# What up to two decimals are in millionths of a share; sizes rarely have more.
FRACTIONS: Final = {"": 0} | {
    f"{number:0{places}d}": number * 10 ** (6 - places) for places in (1, 2) for number in range(10**places)
}


class OffGrid(ValueError):
    """A price that no order could have: not on the market's tick, or not between 0 and 1."""


class NegativeSize(ValueError):
    """A size below zero."""


class Grid:
    """The prices that orders of one tick may have, by text, for both tokens.

    ``yes`` and ``no`` hold every price in the venue's spelling from the start, ``no`` mirrored into YES terms. They
    are plain dictionaries: looking up in those costs two thirds of a look-up in a subclass. What they do not hold
    is for ``price``.
    """

    __slots__ = ("no", "tick", "tick_text", "yes")

    def __init__(self, tick: Price) -> None:
        self.tick = tick
        self.tick_text = units.text(tick, 4)
        self.yes: dict[str, Price] = {}
        self.no: dict[str, Price] = {}
        for price in range(tick, ONE, tick):
            self._keep(units.text(price, 4), Price(price))

    def price(self, text: str) -> Price:
        """The price behind any spelling, kept from then on. Raises ``OffGrid`` with the text."""
        known = self.yes.get(text)
        if known is not None:
            return known
        try:
            price = units.price(text)
        except ValueError:
            raise OffGrid(f"not a price: {text!r}") from None
        if not 0 < price < ONE or price % self.tick:
            raise OffGrid(f"{text} is not on the grid of {self.tick_text}")
        if len(self.yes) < PRICES_MAX:
            self._keep(text, price)
        return price

    def has(self, text: str) -> bool:
        """Whether an order could have this price."""
        try:
            return bool(self.price(text))
        except OffGrid:
            return False

    def _keep(self, text: str, price: Price) -> None:
        self.yes[text] = price
        self.no[text] = units.mirrored(price)


class Sizes(dict[str, Shares]):
    """Size text to shares. Raises ``NegativeSize`` or ``ValueError`` with the text."""

    def __missing__(self, text: str) -> Shares:
        # As ``units.shares``, three times as fast on what the venue sends; anything else is left to that.
        whole, dot, digits = text.partition(".")
        part = FRACTIONS.get(digits)
        if (
            part is not None
            and whole.isdigit()
            and whole.isascii()
            and len(whole) < 16
            and (digits or not dot)
        ):
            # No call of the type's name: this line is a tenth of what a busy frame costs.
            size: Shares = int(whole) * SHARE + part
        elif text.startswith("-"):
            raise NegativeSize(f"size {text} is negative")
        else:
            size = units.shares(text)
        if len(self) >= SIZES_MAX:
            self.clear()
        self[text] = size
        return size


class Tops(dict[tuple[str, str], Top | None]):
    """Stated best bid and ask to a top. "0" and "1" state an empty side; "" states nothing: ``None``.

    Raises ``ValueError`` with the text. The same texts give the same object, so an unchanged top is seen at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._prices = {units.text(price, 4): Price(price) for price in range(0, ONE + 1, 10)}

    def __missing__(self, texts: tuple[str, str]) -> Top | None:
        if len(self) >= TOPS_MAX:
            self.clear()
        bid, ask = texts
        top = None
        if bid and ask:
            lowest, highest = self.price(bid), self.price(ask)
            top = Top(lowest or None, highest if highest < ONE else None)
        self[texts] = top
        return top

    def price(self, text: str) -> Price:
        """Any price from 0 to 1 with at most 4 decimals."""
        price = self._prices.get(text)
        return units.price(text) if price is None else price
