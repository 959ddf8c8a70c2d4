"""A gap counts by its size, whichever side it is on."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.core.sides import LEG, ours, theirs, twice

HELD = {LEG: "10"}


@given(st.integers(-50_000_000, 50_000_000))
def test_a_gap_counts_by_its_size_alone(gap: int) -> None:
    mine = ours(held=HELD)
    told = theirs(held=HELD)
    assert told.figures is not None
    told = replace(told, figures={**told.figures, LEG: told.figures[LEG] + gap})

    found = twice(mine, told).differences

    assert len(found) == (gap != 0)
    assert any(each.is_mismatch for each in found) is (abs(gap) > 10_000)
