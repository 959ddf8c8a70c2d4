"""Whether a difference between two sums is explained by what is still under way. Pure.

Of each thing under way nobody knows yet whether the other side shows it: any part of them may explain the difference.
All parts are tried while there are few enough; beyond that only what lies outside every possible sum is known.
"""

from collections.abc import Iterable
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
            return _outside(difference, amounts)
    nearest = min(sums, key=lambda each: (abs(difference - each), each))
    return difference - nearest


def _outside(difference: int, amounts: list[int]) -> int | None:
    least = sum(amount for amount in amounts if amount < 0)
    most = sum(amount for amount in amounts if amount > 0)
    if difference < least:
        return difference - least
    return difference - most if difference > most else None
