"""The units of the core. A number without a unit does not enter this package."""

import re
from typing import Final, NewType

Price = NewType("Price", int)  # 1/10,000 USDC per share; 0.48 is 4800
Shares = NewType("Shares", int)  # 1/1,000,000 share; one share pays 1 USDC if it wins
Usdc = NewType("Usdc", int)  # 1/1,000,000 USDC
Prob = NewType("Prob", int)  # 1/1,000,000; also fee rates, confidence, edge, fractions
Ms = NewType("Ms", int)  # milliseconds since the Unix epoch, UTC; also spans of time

ONE: Final = Price(10_000)
SHARE: Final = Shares(1_000_000)
USDC: Final = Usdc(1_000_000)
CERTAIN: Final = Prob(1_000_000)
SHARE_STEP: Final = Shares(10_000)  # venue sizes lie on 0.01 share (polymarket.md 3.5)

PRICE: Final = re.compile(r"(?P<whole>0|1(?=\.?0*$))(\.(?P<digits>\d{1,4})0*)?")
MICRO: Final = re.compile(r"(?P<whole>\d{1,15})(\.(?P<digits>\d{1,6})0*)?")


def price(text: str) -> Price:
    """Parse a venue price, 0 to 1 with at most 4 decimals. Text only: a float has already lost the cent."""
    match = PRICE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a price: {text!r}")
    return Price(int(match["whole"]) * 10_000 + int((match["digits"] or "").ljust(4, "0")))


def micro(text: str) -> int:
    """Parse a non-negative decimal with at most 6 decimals into millionths. Raises ``ValueError`` with the text."""
    match = MICRO.fullmatch(text)
    if match is None:
        raise ValueError(f"not an amount with at most 6 decimals: {text!r}")
    return int(match["whole"]) * 1_000_000 + int((match["digits"] or "").ljust(6, "0"))


def shares(text: str) -> Shares:
    """Parse a venue size into shares."""
    return Shares(micro(text))


def usdc(text: str) -> Usdc:
    """Parse an amount of USDC."""
    return Usdc(micro(text))


def cost(at: Price, size: Shares) -> Usdc:
    """What ``size`` shares cost at ``at``. Exact for prices on 1/10,000 and sizes on 0.01 share."""
    return Usdc(at * size // ONE)


def cost_up(at: Price, size: Shares) -> Usdc:
    """As ``cost``, rounded against us where the size is not on the venue's step."""
    return Usdc(-(-at * size // ONE))


def mirrored(at: Price) -> Price:
    """The same level seen from the other outcome: a bid for YES at p is an ask for NO at 1 - p."""
    return Price(ONE - at)


def floor_to(size: Shares, step: Shares = SHARE_STEP) -> Shares:
    """Round a size down to the venue's step."""
    return Shares(size - size % step)


def text(value: int, places: int) -> str:
    """Render an integer of 10**-places units without trailing zeros: ``text(4800, 4) == '0.48'``."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**places)
    digits = f"{rest:0{places}d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
