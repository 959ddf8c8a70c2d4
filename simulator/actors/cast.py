"""Who trades in a market: three makers, a crowd, one informed taker, each with a finite seeded budget."""

from random import Random
from typing import Final

from core.ids import MarketId
from core.units import SHARE, USDC, Ms, Price, Shares, Usdc
from simulator.actors.crowd import Crowd
from simulator.actors.informed import Informed
from simulator.actors.maker import Maker, MakerStyle
from simulator.actors.sight import Sight
from simulator.actors.trader import Trader
from simulator.chance import dice, pick
from simulator.exchange.venue import Exchange

SPREADS: Final = {100: 2, 200: 3, 300: 4, 400: 4, 600: 2}  # of the tightest maker, in 1/10,000, by weight


def cast(
    exchange: Exchange, market_id: MarketId, seed: int, name: str, sight: Sight, now_ms: Ms
) -> list[Trader]:
    """Hire the traders of one market. They act from ``now_ms`` on; ``name`` is what their dice are called."""
    rolls = dice(seed, "cast", name)
    spread = pick(rolls, SPREADS)

    def person(role: str) -> tuple[Exchange, MarketId, str, Usdc, Random, Ms]:
        budget = Usdc(rolls.randint(15_000, 40_000) * USDC)
        return exchange, market_id, f"{role} {market_id}", budget, dice(seed, role, name), now_ms

    makers = [
        Maker(*person(f"maker {place}"), sight=sight, style=style)
        for place, style in enumerate(_styles(rolls, spread))
    ]
    crowd = Crowd(
        *person("crowd"), sight=sight, every_ms=rolls.randint(7_000, 12_000), size=rolls.uniform(60, 140)
    )
    return [*makers, crowd, Informed(*person("informed"), sight=sight)]


def _styles(rolls: Random, spread: int) -> list[MakerStyle]:
    """The one with the best prices is small; the deeper ones are larger, wider and in less of a hurry."""
    return [
        MakerStyle(
            delay_ms=Ms(rolls.randint(1_000, 4_000)),
            pace_ms=pace_ms,
            half=Price(spread // 2 + wider),
            levels=levels,
            gap=gap,
            size=rolls.randint(*sizes),
            room=Shares(rolls.randint(1_000, 2_500) * SHARE),
            skew=Price(rolls.randint(100, 250)),
            doubt=Price(rolls.randint(15, 40)),
        )
        for pace_ms, wider, levels, gap, sizes in (
            (400, 0, 3, 1, (100, 250)),
            (600, 60, 4, 1, (120, 350)),
            (1_000, 160, 5, 2, (300, 900)),
        )
    ]
