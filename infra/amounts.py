"""Exact amounts for pydantic models: decimal text in, integers of the core's units out. A float is refused."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator

from core import units
from core.units import Ms, Price, Prob, Shares, Usdc


def decimal(parse: Callable[[str], int]) -> BeforeValidator:
    """Accept decimal text or a whole number; an ``int`` of the core's units comes out."""

    def convert(value: object) -> int:
        if isinstance(value, bool | float):
            raise ValueError(f"write it as text in quotes, not {value!r}")  # noqa: TRY004 pydantic wants ValueError
        return parse(str(value))

    return BeforeValidator(convert)


def seconds(text: str) -> int:
    return units.micro(text) // 1000


UsdcText = Annotated[Usdc, decimal(units.usdc)]
PriceText = Annotated[Price, decimal(units.price)]
SharesText = Annotated[Shares, decimal(units.shares)]
ProbText = Annotated[Prob, decimal(units.micro)]
SecondsText = Annotated[Ms, decimal(seconds)]
