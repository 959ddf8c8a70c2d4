"""Venue texts to integers by look-up: the same few thousand texts arrive over and over. Misses are parsed exactly."""

from typing import Final

from core import units
from core.events import Top
from core.units import ONE, Price, Shares

PRICES_MAX: Final = 20_000  # every price on the finest grid, in two spellings
SIZES_MAX: Final = 60_000  # 12 MB; an evening's tape of twelve markets has 59,393
TOPS_MAX: Final = 20_000


class OffGrid(ValueError):
    """A price that no order could have: not on the market's tick, or not between 0 and 1."""


class NegativeSize(ValueError):
    """A size below zero."""


class Prices(dict[str, Price]):
    """Price text to price, for one tick, filled from the start. Raises ``OffGrid`` with the text."""

    def __init__(self, tick: Price) -> None:
        super().__init__()
        self.tick = tick
        for price in range(tick, ONE, tick):
            text = units.text(price, 4)
            self[text] = self._read(text)

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
        # As ``units.shares``, three times as fast on what the venue sends; anything else is left to that.
        whole, _, digits = text.partition(".")
        micro = whole + digits.ljust(6, "0")
        if (
            micro.isdigit()
            and micro.isascii()
            and 6 < len(micro) < 22
            and len(digits) <= 6
            and text[-1] != "."
        ):
            size = Shares(int(micro))
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
            lowest, highest = self._price(bid), self._price(ask)
            top = Top(lowest or None, highest if highest < ONE else None)
        self[texts] = top
        return top

    def _price(self, text: str) -> Price:
        price = self._prices.get(text)
        return units.price(text) if price is None else price
