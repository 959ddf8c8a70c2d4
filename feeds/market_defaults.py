"""The terms of a market that its recording does not state, by category, from ``config/market_defaults.yaml``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from core import units
from core.events import FeeSchedule
from core.units import Ms, Price, Prob, Shares

SHIPPED: Final = Path(__file__).resolve().parent.parent / "config" / "market_defaults.yaml"


class BadDefaults(Exception):
    """The defaults file cannot be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Terms of one category."""

    category: str
    fees: FeeSchedule
    tick: Price
    min_size: Shares
    delay_ms: Ms


@dataclass(frozen=True, slots=True)
class MarketDefaults:
    """All categories. ``unnamed`` is the one of a market that names none."""

    path: Path
    categories: dict[str, Defaults]
    unnamed: str

    def of(self, category: str | None) -> Defaults:
        return self.categories.get(category or self.unnamed, self.categories[self.unnamed])


class _Terms(msgspec.Struct, forbid_unknown_fields=True):
    fee_rate: str
    fee_exponent: int
    rebate: str
    tick: str
    min_size: str
    delay_ms: int


class _File(msgspec.Struct, forbid_unknown_fields=True):
    categories: dict[str, _Terms]
    unnamed: str


def load(path: Path = SHIPPED) -> MarketDefaults:
    """Read a defaults file. Raises ``BadDefaults``."""
    try:
        file = msgspec.yaml.decode(path.read_bytes(), type=_File)
        categories = {name: _defaults(name, terms) for name, terms in file.categories.items()}
    except OSError as error:
        raise BadDefaults(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise BadDefaults(f"{path}: {error}") from error
    if file.unnamed not in categories:
        raise BadDefaults(f"{path}: unnamed: no category is called {file.unnamed!r}")
    return MarketDefaults(path, categories, file.unnamed)


def _defaults(category: str, terms: _Terms) -> Defaults:
    fees = FeeSchedule(Prob(units.micro(terms.fee_rate)), terms.fee_exponent, Prob(units.micro(terms.rebate)))
    return Defaults(category, fees, units.price(terms.tick), units.shares(terms.min_size), Ms(terms.delay_ms))
