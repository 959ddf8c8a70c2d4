"""The trading state's table, whole: every state with every happening, and what is legal in each."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.trading import (
    IGNORED,
    LEGAL,
    NEXT,
    Action,
    Happening,
    IllegalTransition,
    State,
    holding,
    legal,
    state_from_ledger,
    step,
)
from core.units import Shares, shares

ORDERS = frozenset({Action.QUOTE, Action.COMPLETE, Action.OPEN_TAKE, Action.TEMPORAL_BUY})
DUST = shares("5")


@pytest.mark.parametrize(("state", "happening"), list(product(State, Happening)))
def test_every_pair_is_a_move_a_repeat_or_refused(state: State, happening: Happening) -> None:
    moves = happening in NEXT[state]
    repeats = (state, happening) in IGNORED

    assert not (moves and repeats), "a pair has one meaning"
    if moves:
        assert step(state, happening) is NEXT[state][happening] is not state
    elif repeats:
        assert step(state, happening) is state
    else:
        with pytest.raises(IllegalTransition, match=f"{happening} cannot follow {state}"):
            step(state, happening)


@pytest.mark.parametrize("state", State)
def test_resolution_moves_any_state_to_resolved(state: State) -> None:
    assert step(state, Happening.RESOLVED) is State.RESOLVED


@pytest.mark.parametrize("happening", [Happening.FLAT, Happening.LEG, Happening.PAIR])
@pytest.mark.parametrize("state", State)
def test_what_is_held_may_be_told_in_every_state(state: State, happening: Happening) -> None:
    """Late fills reach every state, the last one included."""
    step(state, happening)


def test_nothing_leaves_resolved() -> None:
    assert NEXT[State.RESOLVED] == {}


def test_a_new_leg_on_a_locked_pair_is_a_pair_being_built() -> None:
    assert step(State.LOCKED_PAIR, Happening.LEG) is State.BUILDING_PAIR


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (State.IDLE, ORDERS | {Action.MERGE}),
        (State.BUILDING_PAIR, ORDERS | {Action.MERGE}),
        (State.LOCKED_PAIR, ORDERS | {Action.MERGE}),
        (State.TEMPORAL_ACTIVE, {Action.TEMPORAL_BUY, Action.COMPLETE, Action.MERGE}),
        (State.FINALIZING, {Action.TEMPORAL_BUY, Action.COMPLETE, Action.MERGE}),
        (State.RESOLVED, {Action.MERGE, Action.REDEEM}),
    ],
)
def test_what_is_legal_in_each_state(state: State, allowed: frozenset[Action]) -> None:
    assert legal(state, halted=False) == allowed


def test_every_state_says_what_is_legal_in_it() -> None:
    assert set(LEGAL) == set(NEXT) == set(State)


@pytest.mark.parametrize("state", State)
def test_a_halt_leaves_only_merge_and_redeem(state: State) -> None:
    allowed = legal(state, halted=True)

    assert Action.MERGE in allowed
    assert not allowed & ORDERS
    assert allowed <= legal(state, halted=False)


@pytest.mark.parametrize(
    ("yes", "no", "state"),
    [
        ("0", "0", State.IDLE),
        ("4.99", "0", State.IDLE),
        ("5", "0", State.BUILDING_PAIR),
        ("0", "5", State.BUILDING_PAIR),
        ("30", "30", State.LOCKED_PAIR),
        ("34.99", "30", State.LOCKED_PAIR),
        ("35", "30", State.BUILDING_PAIR),
    ],
)
def test_the_ledger_says_the_state_and_dust_is_no_leg(yes: str, no: str, state: State) -> None:
    assert state_from_ledger(shares(yes), shares(no), DUST) is state


@given(
    st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)), min_size=1),
)
def test_the_state_after_any_history_of_holdings_is_the_one_of_the_ledger(
    history: list[tuple[int, int]],
) -> None:
    state = State.IDLE

    for yes, no in history:
        state = step(state, holding(Shares(yes), Shares(no), DUST))

    assert state is state_from_ledger(Shares(history[-1][0]), Shares(history[-1][1]), DUST)
