"""Price and size out of the two amounts that were signed, and their precision (polymarket.md 3.5 and 3.6)."""

from typing import Final, NamedTuple

from core.units import ONE, Price, Shares, Usdc, text
from simulator.clob.refusals import Refused

SIZE_PLACES: Final = 2
BASE_PLACES: Final = 6


class Reading(NamedTuple):
    """What an order wants. ``budget`` is what a FOK or FAK BUY spends; it then says only how much at least."""

    price: Price
    size: Shares
    budget: Usdc | None


def read(*, making: int, taking: int, buys: bool, at_market: bool, tick: Price) -> Reading:
    """Amounts in base units. Raises ``Refused`` when they are finer than the venue counts, or ``OffGrid``."""
    amount_places = places(tick) + SIZE_PLACES
    by_size = at_market or not buys
    allowed = (SIZE_PLACES, amount_places) if by_size else (amount_places, SIZE_PLACES)
    if _too_fine(making, allowed[0]) or _too_fine(taking, allowed[1]):
        kind = f"{'market ' if at_market else ''}{'buy' if buys else 'sell'}"
        raise Refused(
            400,
            f"invalid amounts, the {kind} orders maker amount supports a max accuracy of {allowed[0]} "
            f"decimals, taker amount a max of {allowed[1]} decimals",
        )
    money, shares = (making, taking) if buys else (taking, making)
    raw, rest = divmod(money * ONE, shares)
    if at_market:
        # The computed side was rounded down when it was signed, which puts the price a hair above a BUY's
        # limit and below a SELL's: the tick next to it is what was meant.
        up = 0 if buys or not (rest or raw % tick) else 1
        price = Price((raw // tick + up) * tick)
        return Reading(price, Shares(shares), Usdc(money) if buys else None)
    if rest or raw % tick:
        raise OffGrid(text(money * ONE * 10**BASE_PLACES // shares, 4 + BASE_PLACES), tick)
    return Reading(Price(raw), Shares(shares), None)


class OffGrid(Exception):
    """A price between two ticks. The venue names the order in its refusal, so the caller words it."""

    def __init__(self, price: str, tick: Price) -> None:
        super().__init__(f"{price} is not on {tick}")
        self.price = price
        self.tick = tick


def places(tick: Price) -> int:
    """How many decimals a price on this tick has."""
    return len(text(tick, 4).partition(".")[2])


def _too_fine(amount: int, allowed: int) -> bool:
    return bool(amount % 10 ** (BASE_PLACES - allowed))
