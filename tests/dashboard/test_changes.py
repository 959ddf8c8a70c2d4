"""A browser that applies every change sees what a fresh snapshot says. For all boards, not for examples."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.changes import apply, diff
from trading.board.board import Board

values = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=3)
    | st.lists(st.integers(0, 3), max_size=2)
)
rows = st.dictionaries(st.sampled_from(["bid", "ask", "orders", "state"]), values, max_size=3)
boards = st.dictionaries(st.sampled_from(["totals", "market:a", "market:b", "fill:1", "fill:2"]), rows)

# The first draw makes every strategy: on a busy machine that alone is "too slow".
unhurried = settings(suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(boards, boards)
def test_old_rows_and_their_changes_are_the_new_rows(
    old: dict[str, dict[str, object]], new: dict[str, dict[str, object]]
) -> None:
    assert apply(old, diff(old, new)) == new


@unhurried
@given(boards, boards)
def test_only_rows_that_differ_are_sent(
    old: dict[str, dict[str, object]], new: dict[str, dict[str, object]]
) -> None:
    assert all(old.get(key) != new.get(key) for key in diff(old, new))


@unhurried
@given(boards, boards)
def test_a_change_that_arrives_twice_does_no_harm(
    old: dict[str, dict[str, object]], new: dict[str, dict[str, object]]
) -> None:
    changes = diff(old, new)

    assert apply(apply(old, changes), changes) == new


@given(st.lists(boards, min_size=1, max_size=6))
def test_the_trader_numbers_the_same_changes_as_we_would(history: list[dict[str, dict[str, object]]]) -> None:
    board = Board(epoch=1)
    seen: dict[str, dict[str, object]] = {}
    for now in history:
        change = board.change(now)
        assert (dict(change.rows) if change is not None else {}) == diff(seen, now)
        seen = now

    assert board.snapshot()["rows"] == history[-1]
