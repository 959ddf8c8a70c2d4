"""Every limit that people agree on: its name in ``config/base.yaml``, unit, range, and what fits into what.

The settings and the service that changes limits read them through the same class, so a limit has one meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from core.limits import MARKETABLE_MIN, Limits
from core.units import USDC, Ms, Price, Shares, Usdc, text
from infra.amounts import PriceText, SecondsText, SharesText, UsdcText

USDC_MAX: Final = 1_000_000_000 * USDC  # beyond it somebody slipped
SPAN_MAX: Final = 86_400_000
Value = int | str | bool


class Unit(StrEnum):
    """What the number of a limit counts."""

    USDC = "usdc"
    SHARES = "shares"
    PRICE = "price"
    COUNT = "count"
    BPS = "bps"
    MS = "ms"
    SECONDS = "seconds"  # kept in ms
    SWITCH = "switch"


class Turn(StrEnum):
    """Which way a change goes."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"


PLACES: Final = {Unit.USDC: 6, Unit.SHARES: 6, Unit.PRICE: 4, Unit.SECONDS: 3}
UNITS: Final[Mapping[str, Unit]] = {
    "daily_loss": Unit.USDC,
    "total_exposure": Unit.USDC,
    "group_exposure": Unit.USDC,
    "market_exposure": Unit.USDC,
    "orders_per_second": Unit.COUNT,
    "open_orders": Unit.COUNT,
    "leg_imbalance_usdc": Unit.USDC,
    "leg_imbalance_shares": Unit.SHARES,
    "order_min": Unit.USDC,
    "order_max": Unit.USDC,
    "slippage_bps": Unit.BPS,
    "breaker_rejects": Unit.COUNT,
    "breaker_cancels": Unit.COUNT,
    "breaker_answer_s": Unit.SECONDS,
    "breaker_open_s": Unit.SECONDS,
    "weekend_trading_enabled": Unit.SWITCH,
    "calm_mid_range": Unit.PRICE,
    "clock_skew_ms": Unit.MS,
}
# A higher one lets less through; with all others it lets more.
HIGHER_TIGHTENS: Final = frozenset({"order_min", "breaker_open_s"})
# The first must not be above the second.
ORDER: Final = (
    ("order_min", "order_max"),
    ("market_exposure", "group_exposure"),
    ("group_exposure", "total_exposure"),
    ("breaker_answer_s", "breaker_open_s"),  # an order is judged before the next one is tried
)

Amount = Annotated[UsdcText, Field(gt=0, le=USDC_MAX)]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a limit. ``words`` name the value and what it may be."""

    name: str
    words: str


class LimitFields(BaseModel):
    """What the judge holds every order against (trading.md 12), in the core's units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    daily_loss: Amount
    total_exposure: Amount
    group_exposure: Amount
    market_exposure: Amount
    orders_per_second: int = Field(gt=0, le=1_000)
    open_orders: int = Field(gt=0, le=1_000)
    leg_imbalance_usdc: Amount
    leg_imbalance_shares: Annotated[SharesText, Field(gt=0, le=USDC_MAX)]
    order_min: Amount
    order_max: Amount
    slippage_bps: int = Field(ge=0, le=10_000)
    breaker_rejects: int = Field(gt=0, le=1_000)
    breaker_cancels: int = Field(gt=0, le=1_000)
    breaker_answer_s: Annotated[SecondsText, Field(gt=0, le=SPAN_MAX)]
    breaker_open_s: Annotated[SecondsText, Field(gt=0, le=SPAN_MAX)]
    weekend_trading_enabled: bool
    calm_mid_range: Annotated[PriceText, Field(gt=0)]
    clock_skew_ms: int = Field(gt=0, le=60_000)

    @model_validator(mode="after")
    def ordered(self) -> Self:
        """The smaller limit must fit into the larger one."""
        wrong = out_of_order(self.numbers())
        if wrong:
            raise ValueError("; ".join(f"{complaint.name} {complaint.words}" for complaint in wrong))
        return self

    def numbers(self) -> dict[str, int]:
        """Every limit by name in the core's units; a switch is 0 or 1."""
        return {name: int(getattr(self, name)) for name in UNITS}

    def values(self) -> dict[str, Value]:
        """Every limit by name as it is kept: decimal text, whole numbers, booleans."""
        return {name: kept(name, number) for name, number in self.numbers().items()}

    def core(self, *, speed: Fraction) -> Limits:
        """As the engine takes them. Its milliseconds are those of a clock that runs at ``speed``."""
        return Limits(
            order_min=Usdc(self.order_min),
            order_max=Usdc(self.order_max),
            position=Usdc(self.market_exposure),
            group=Usdc(self.group_exposure),
            total_exposure=Usdc(self.total_exposure),
            daily_loss=Usdc(self.daily_loss),
            imbalance=Usdc(self.leg_imbalance_usdc),
            imbalance_shares=Shares(self.leg_imbalance_shares),
            open_orders=self.open_orders,
            orders_per_s=self.orders_per_second,
            slippage_bps=self.slippage_bps,
            marketable_min=MARKETABLE_MIN,
            breaker_rejects=self.breaker_rejects,
            breaker_cancels=self.breaker_cancels,
            # Real: it measures the venue and the wire, whatever the clock's speed.
            breaker_answer_ms=Ms(int(self.breaker_answer_s * speed)),
            breaker_open_ms=Ms(self.breaker_open_s),
            weekend_trading=self.weekend_trading_enabled,
            calm=Price(self.calm_mid_range),
            skew_ms=Ms(int(self.clock_skew_ms * speed)),
        )


ADAPTERS: Final[Mapping[str, TypeAdapter[Any]]] = {
    # A field by itself, with its own range: the type is only known at run time.
    name: TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
    for name, field in LimitFields.model_fields.items()
}


def shown(name: str, number: int) -> str:
    """A limit's number as people write it."""
    unit = UNITS[name]
    if unit is Unit.SWITCH:
        return "true" if number else "false"
    return text(number, PLACES.get(unit, 0))


def kept(name: str, number: int) -> Value:
    """A limit's number as a row keeps it."""
    unit = UNITS[name]
    if unit in PLACES:
        return shown(name, number)
    return bool(number) if unit is Unit.SWITCH else number


def turn(name: str, before: int, after: int) -> Turn:
    """Whether a change lets more or less through."""
    higher = after > before
    return Turn.TIGHTENS if higher == (name in HIGHER_TIGHTENS) else Turn.LOOSENS


def out_of_order(numbers: Mapping[str, int]) -> list[Complaint]:
    """What does not fit into what, as far as both are known."""
    return [
        Complaint(small, f"{shown(small, numbers[small])} is above {large} {shown(large, numbers[large])}")
        for small, large in ORDER
        if small in numbers and large in numbers and numbers[small] > numbers[large]
    ]


def complaints(values: Mapping[str, object]) -> list[Complaint]:
    """Everything that is wrong with these limits at once: names, types, ranges, order. Empty: nothing is."""
    found = [
        Complaint(name, f"is no limit; there are {', '.join(UNITS)}") for name in values if name not in UNITS
    ]
    numbers: dict[str, int] = {}
    for name, adapter in ADAPTERS.items():
        if name not in values:
            found.append(Complaint(name, "is missing"))
            continue
        try:
            numbers[name] = int(adapter.validate_python(values[name]))
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            found.append(Complaint(name, f"{said} (was {values[name]!r})"))
    return found + out_of_order(numbers)
