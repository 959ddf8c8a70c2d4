"""The tables of ``core.settlement``: what a trade and a merge become on the chain, in every order of words."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import FillStatus, WalletStatus
from core.lifecycle import IllegalTransition
from core.settlement import (
    MERGED_BEFORE,
    MERGES,
    SETTLED_BEFORE,
    SETTLES,
    MergeState,
    settle,
    step_merge,
)


@pytest.mark.parametrize(("status", "told"), list(product(FillStatus, FillStatus)))
def test_every_settlement_is_a_move_a_repeat_or_refused(status: FillStatus, told: FillStatus) -> None:
    moves = told in SETTLES[status]
    repeats = (status, told) in SETTLED_BEFORE
    assert not (moves and repeats)
    if moves:
        assert settle(status, told) is told
    elif repeats:
        assert settle(status, told) is status
    else:
        with pytest.raises(IllegalTransition, match=f"^{told} cannot follow {status}$"):
            settle(status, told)


def test_what_is_final_stays_and_its_contrary_is_an_error() -> None:
    for final, contrary in (
        (FillStatus.CONFIRMED, FillStatus.FAILED),
        (FillStatus.FAILED, FillStatus.CONFIRMED),
    ):
        assert SETTLES[final] == frozenset()
        with pytest.raises(IllegalTransition):
            settle(final, contrary)


@given(st.lists(st.sampled_from(list(FillStatus)), max_size=12))
def test_a_fill_is_confirmed_only_when_somebody_said_so(history: list[FillStatus]) -> None:
    status = FillStatus.MATCHED
    for told in history:
        with suppress(IllegalTransition):
            status = settle(status, told)

    if status in (FillStatus.CONFIRMED, FillStatus.FAILED):
        assert status in history


@pytest.mark.parametrize(("state", "told"), list(product(MergeState, WalletStatus)))
def test_every_word_about_a_merge_is_a_move_a_repeat_or_refused(
    state: MergeState, told: WalletStatus
) -> None:
    moves = told in MERGES[state]
    repeats = (state, told) in MERGED_BEFORE
    assert not (moves and repeats)
    if moves:
        assert step_merge(state, told) is MERGES[state][told]
    elif repeats:
        assert step_merge(state, told) is state
    else:
        with pytest.raises(IllegalTransition, match=f"^{told} cannot follow {state}$"):
            step_merge(state, told)


def test_an_unknown_merge_is_settled_by_its_outcome_only() -> None:
    assert step_merge(MergeState.UNKNOWN, WalletStatus.SUBMITTED) is MergeState.UNKNOWN
    assert step_merge(MergeState.UNKNOWN, WalletStatus.CONFIRMED) is MergeState.CONFIRMED
    assert step_merge(MergeState.UNKNOWN, WalletStatus.FAILED) is MergeState.FAILED


def test_a_merge_is_never_confirmed_and_failed() -> None:
    with pytest.raises(IllegalTransition):
        step_merge(MergeState.CONFIRMED, WalletStatus.FAILED)
    with pytest.raises(IllegalTransition):
        step_merge(MergeState.FAILED, WalletStatus.CONFIRMED)
