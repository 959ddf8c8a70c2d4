"""The parts of the settings: what each strategy is told. Limits are ``risk.limits.fields``'s."""

import re
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from infra.amounts import PriceText, SecondsText, SharesText, UsdcText

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


class LogIn(Section):
    """How many wrong tries within a span of real time, of a person or from an address, and for how long none then."""

    tries_person: int = Field(ge=3, le=100)
    tries_address: int = Field(ge=3, le=1000)
    window_min: Minutes
    cool_off_min: Minutes


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
