"""The parts of the settings: exact amounts as text, limits, and what each strategy is told."""

import re
from collections.abc import Callable
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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

DAY_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def minute_of_day(value: object) -> int:
    """ "22:30" as minutes since midnight. Without its quotes YAML would read a number, base 60."""
    found = DAY_TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'write it as a time of day in quotes, "00:00" to "23:59", not {value!r}')
    return int(found[1]) * 60 + int(found[2])


DayTime = Annotated[int, BeforeValidator(minute_of_day)]
Minutes = Annotated[int, Field(ge=1, le=1_440)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Section):
    """What the judge holds every order against (trading.md 12). Amounts in the core's units; ``..._s`` arrive in
    ms, as every span inside."""

    daily_loss: UsdcText
    total_exposure: UsdcText
    market_exposure: UsdcText
    orders_per_second: int = Field(gt=0)
    open_orders: int = Field(gt=0)
    leg_imbalance_usdc: UsdcText
    leg_imbalance_shares: SharesText
    order_min: UsdcText
    order_max: UsdcText
    slippage_bps: int = Field(ge=0, le=10_000)
    breaker_rejects: int = Field(gt=0)
    breaker_cancels: int = Field(gt=0)
    breaker_answer_s: SecondsText = Field(gt=0)
    breaker_open_s: SecondsText = Field(gt=0)

    @model_validator(mode="after")
    def ordered(self) -> Self:
        """The smaller limit must fit into the larger one."""
        if self.order_min > self.order_max:
            raise ValueError("order_min is above order_max")
        if self.market_exposure > self.total_exposure:
            raise ValueError("market_exposure is above total_exposure")
        if self.breaker_open_s <= self.breaker_answer_s:
            raise ValueError(
                "breaker_open_s must be above breaker_answer_s: an order is judged before the next"
            )
        return self


class PairArb(Section):
    """Pair arbitrage (trading.md 6). ``naked_leg_max_s`` arrives in ms, as every span inside."""

    pair_cost_cap: PriceText
    min_edge: PriceText
    step: UsdcText
    max_total_cost: UsdcText
    rebalance_shares: SharesText
    min_liquidity: UsdcText
    naked_leg_max_s: SecondsText
    max_leg_loss: UsdcText
    merge_min_shares: SharesText
    quote_in_play: bool | None = None  # unset: only at the simulator


class Alerts(Section):
    """When and how often people are told. Times of day are UTC, in minutes since midnight; spans are real time."""

    quiet_from: DayTime  # the same as quiet_until: no quiet hours
    quiet_until: DayTime
    repeat_p0_min: Minutes
    repeat_p1_min: Minutes
    repeat_p2_min: Minutes
    repeat_p3_min: Minutes
    messages_a_minute: int = Field(ge=2, le=60)
    disk_free_min_mb: int = Field(ge=1)
