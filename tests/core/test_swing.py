"""The swing against the plain definition: the farthest value that was in effect within the window."""

from hypothesis import given
from hypothesis import strategies as st

from core.swing import Swing
from core.units import Ms

WINDOW = 5_000


def naive(moves: list[tuple[int, int]]) -> int:
    """``moves``: (time, value), oldest first; the last one is being judged."""
    now, value = moves[-1]
    ends = [at for at, _ in moves[1:]]
    inside = [was for (_, was), end in zip(moves, ends, strict=False) if end > now - WINDOW]
    return max((abs(was - value) for was in inside), default=0)


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 20)), min_size=1, max_size=40))
def test_it_knows_the_farthest_value_within_the_window(steps: list[tuple[int, int]]) -> None:
    swing, moves, now = Swing(Ms(WINDOW)), [], 0

    for wait, value in steps:
        now += wait
        moves.append((now, value))
        assert swing.move(value, Ms(now)) == naive(moves)


def test_forgetting_begins_again() -> None:
    swing = Swing(Ms(WINDOW))
    swing.move(10, Ms(0))
    swing.move(20, Ms(1))

    swing.forget(20)

    assert swing.move(21, Ms(2)) == 1
