"""The true probabilities of the simulated worlds, exact by construction. ``walk`` plays by the same rule.

A map is a walk of single steps between two walls (gambler's ruin): team 0 wins at the upper wall, team 1
at the lower. With ``ratio`` = chance of a step down / chance of a step up, the probability of meeting the
upper wall first is known in closed form for every position, so the simulator can say at any moment what a
perfectly informed trader would pay. Later maps of a series are independent of each other given both teams'
strength, which the simulator knows.
"""

from functools import cache
from typing import Final

from core.units import CERTAIN, Prob

WALL: Final = 40  # steps from even to either wall: one step moves an even map by 1.25 %


def step_ratio(even: float) -> float:
    """Chance of a step down over a step up, so that the map is won with ``even`` from the middle."""
    return float(((1 - even) / even) ** (1 / WALL))


def map_win(position: int, ratio: float) -> float:
    """Probability that team 0 wins the map from ``position`` steps above even."""
    if abs(ratio - 1) < 1e-9:
        return (position + WALL) / (2 * WALL)
    return float((1 - ratio ** (position + WALL)) / (1 - ratio ** (2 * WALL)))


def series_win(best_of: int, maps: tuple[int, int], current: float, later: float) -> float:
    """Probability that team 0 wins the series.

    ``current`` is its probability for the map that is on or comes next, ``later`` for each one after it.
    """
    need = best_of // 2 + 1
    if max(maps) == need:
        return float(maps[0] == need)
    won = _from_score(need, maps[0] + 1, maps[1], later)
    lost = _from_score(need, maps[0], maps[1] + 1, later)
    return current * won + (1 - current) * lost


def as_prob(chance: float) -> Prob:
    return Prob(round(chance * CERTAIN))


@cache
def _from_score(need: int, ours: int, theirs: int, chance: float) -> float:
    if need in (ours, theirs):
        return float(ours == need)
    won = _from_score(need, ours + 1, theirs, chance)
    lost = _from_score(need, ours, theirs + 1, chance)
    return chance * won + (1 - chance) * lost
