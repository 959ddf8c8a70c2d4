"""Seeded dice and names. Everything random in the simulator is drawn from here.

Each match, market and actor has dice of its own, named after it: adding a market does not change what
happens in another one, and the same moment of the same seed can be computed again after a restart.
"""

from collections.abc import Mapping
from hashlib import sha256
from random import Random
from typing import TypeVar

T = TypeVar("T")


def dice(seed: int, *names: object) -> Random:
    """A generator for one purpose. The same seed and names roll the same numbers in every process."""
    return Random(_joined(seed, names))


def digest(seed: int, *names: object) -> str:
    """64 hex digits that belong to these names for ever."""
    return sha256(_joined(seed, names).encode()).hexdigest()


def pick(dice: Random, weights: Mapping[T, int]) -> T:
    """One of the keys, as often as its weight says."""
    return dice.choices(list(weights), list(weights.values()))[0]


def _joined(seed: int, names: tuple[object, ...]) -> str:
    return "|".join(map(str, (seed, *names)))
