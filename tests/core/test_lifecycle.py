"""The tables of ``core.lifecycle``, told a second time from trading.md 11 and compared pair by pair."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import FillStatus, WalletStatus
from core.lifecycle import (
    IGNORED,
    MERGED_BEFORE,
    MERGES,
    NEXT,
    OPEN,
    SETTLED_BEFORE,
    SETTLES,
    Happening,
    IllegalTransition,
    MergeState,
    Status,
    settle,
    step,
    step_merge,
)

FILLS = {Happening.FILLED_PART, Happening.FILLED_WHOLE}

# The moves of trading.md 11, fills left out: they may follow anything. PENDING to REJECTED is an order that
# never left, MATCHED to CANCELLED the killed rest of a marketable order.
PAGE = {
    Status.PENDING: {Status.SENT, Status.UNKNOWN, Status.REJECTED},
    Status.SENT: {Status.LIVE, Status.DELAYED, Status.MATCHED, Status.REJECTED, Status.UNKNOWN},
    Status.DELAYED: {Status.LIVE, Status.MATCHED, Status.CANCELLED, Status.REJECTED, Status.UNKNOWN},
    Status.LIVE: {Status.CANCELLING, Status.MATCHED, Status.EXPIRED, Status.CANCELLED},
    Status.PARTIAL: {Status.CANCELLING, Status.MATCHED, Status.EXPIRED, Status.CANCELLED},
    Status.CANCELLING: {Status.CANCELLED, Status.MATCHED, Status.UNKNOWN},
    Status.UNKNOWN: {
        Status.LIVE,
        Status.DELAYED,
        Status.MATCHED,
        Status.REJECTED,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.NEVER_LANDED,
    },
    Status.MATCHED: {Status.CANCELLED},
    Status.CANCELLED: set(),
    Status.REJECTED: set(),
    Status.EXPIRED: set(),
    Status.NEVER_LANDED: set(),
}

# Where a partial fill leads. A whole one leads to MATCHED from anywhere.
AFTER_PART = {
    Status.PENDING: Status.PARTIAL,
    Status.SENT: Status.PARTIAL,
    Status.DELAYED: Status.PARTIAL,
    Status.LIVE: Status.PARTIAL,
    Status.PARTIAL: Status.PARTIAL,
    Status.CANCELLING: Status.PARTIAL,
    Status.UNKNOWN: Status.PARTIAL,
    Status.REJECTED: Status.PARTIAL,
    Status.NEVER_LANDED: Status.PARTIAL,
    Status.MATCHED: Status.MATCHED,
    Status.CANCELLED: Status.CANCELLED,
    Status.EXPIRED: Status.EXPIRED,
}


@pytest.mark.parametrize(("status", "happening"), list(product(Status, Happening)))
def test_every_pair_is_a_move_a_repeat_or_refused(status: Status, happening: Happening) -> None:
    moves = happening in NEXT[status]
    repeats = (status, happening) in IGNORED
    assert not (moves and repeats), "a pair has one meaning"
    if moves:
        assert step(status, happening) is NEXT[status][happening]
    elif repeats:
        assert step(status, happening) is status
    else:
        with pytest.raises(IllegalTransition, match=f"^{happening} cannot follow {status}$"):
            step(status, happening)


@pytest.mark.parametrize("status", list(Status))
def test_the_moves_are_those_of_the_page(status: Status) -> None:
    moves = {after for happening, after in NEXT[status].items() if happening not in FILLS}

    assert moves == PAGE[status]


@pytest.mark.parametrize("status", list(Status))
def test_a_fill_may_follow_anything(status: Status) -> None:
    assert step(status, Happening.FILLED_WHOLE) is Status.MATCHED
    assert step(status, Happening.FILLED_PART) is AFTER_PART[status]


@pytest.mark.parametrize("status", list(Status))
def test_an_order_that_is_not_open_opens_again_only_by_a_fill(status: Status) -> None:
    if status in OPEN:
        return
    reopening = {happening for happening, after in NEXT[status].items() if after in OPEN}

    assert reopening <= {Happening.FILLED_PART}


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.SENT, Status.DELAYED, Status.LIVE, Status.CANCELLING]
)
def test_no_answer_never_closes_an_order(status: Status) -> None:
    assert step(status, Happening.UNANSWERED) in OPEN


@pytest.mark.parametrize("status", list(Status))
def test_only_the_unknown_can_turn_out_never_to_have_landed(status: Status) -> None:
    if status in (Status.UNKNOWN, Status.NEVER_LANDED):
        assert step(status, Happening.NOT_FOUND) is Status.NEVER_LANDED
    else:
        with pytest.raises(IllegalTransition):
            step(status, Happening.NOT_FOUND)


@pytest.mark.parametrize("status", list(Status))
def test_asking_to_cancel_is_never_an_error(status: Status) -> None:
    """A halt asks for every order there is, whatever became of it."""
    after = step(status, Happening.CANCEL_ASKED)

    assert after is (Status.CANCELLING if status in (Status.LIVE, Status.PARTIAL) else status)


def test_a_cancel_not_carried_out_leaves_the_order_unknown() -> None:
    assert step(Status.CANCELLING, Happening.CANCEL_FAILED) is Status.UNKNOWN


@given(st.lists(st.sampled_from(list(Happening)), max_size=30))
def test_no_history_closes_an_order_without_a_word_that_closes(history: list[Happening]) -> None:
    status, said = Status.PENDING, set()
    for happening in history:
        with suppress(IllegalTransition):
            status = step(status, happening)
            said.add(happening)

    closing = {
        Status.CANCELLED: {Happening.CANCELLED},
        Status.EXPIRED: {Happening.EXPIRED},
        Status.REJECTED: {Happening.REJECTED},
        Status.NEVER_LANDED: {Happening.NOT_FOUND},
        Status.MATCHED: {Happening.ACKED_MATCHED, Happening.FILLED_WHOLE},
    }
    if status not in OPEN:
        assert closing[status] & said


@given(st.lists(st.sampled_from(list(Happening)), max_size=30))
def test_an_order_never_cancels_without_being_on_the_book(history: list[Happening]) -> None:
    status = Status.PENDING
    for happening in history:
        before = status
        with suppress(IllegalTransition):
            status = step(status, happening)
        if status is Status.CANCELLING and before is not Status.CANCELLING:
            assert before in (Status.LIVE, Status.PARTIAL)


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
