"""Whether a difference between two sums is explained by what is still under way. Pure.

Of each thing under way nobody knows yet whether the other side shows it: any part of them may explain the difference.
All parts are tried while there are few enough. Beyond that most of it has arrived, since little is under way at once:
parts of at most four are tried, and what lies outside every possible sum is known.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Final

SUMS_MAX: Final = 20_000


def unexplained(difference: int, under_way: Iterable[int]) -> int | None:
    """What is left of ``difference`` beside the nearest sum of any part of ``under_way``; 0: all is explained.

    ``None``: too much is under way to tell, and some part of it may explain everything.
    """
    amounts = [amount for amount in under_way if amount]
    sums = {0}
    for amount in amounts:
        sums |= {each + amount for each in sums}
        if len(sums) > SUMS_MAX:
            return 0 if _by_few(difference, amounts) else _outside(difference, amounts)
    nearest = min(sums, key=lambda each: (abs(difference - each), each))
    return difference - nearest


def _by_few(difference: int, amounts: list[int]) -> bool:
    """Whether at most four of them make exactly this difference."""
    pairs: dict[int, list[tuple[int, int]]] = {}
    for one, other in combinations(range(len(amounts)), 2):
        pairs.setdefault(amounts[one] + amounts[other], []).append((one, other))
    if difference == 0 or difference in amounts or difference in pairs:
        return True
    for number, amount in enumerate(amounts):
        if any(number not in pair for pair in pairs.get(difference - amount, ())):
            return True
    return any(
        set(pair).isdisjoint(other)
        for total, found in pairs.items()
        for pair in found
        for other in pairs.get(difference - total, ())
    )


def _outside(difference: int, amounts: list[int]) -> int | None:
    least = sum(amount for amount in amounts if amount < 0)
    most = sum(amount for amount in amounts if amount > 0)
    if difference < least:
        return difference - least
    return difference - most if difference > most else None
