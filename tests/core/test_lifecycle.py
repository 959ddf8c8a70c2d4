"""The table of ``core.lifecycle``, told a second time from trading.md 11 and compared pair by pair."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lifecycle import CLOSED, IGNORED, NEXT, OPEN, Happening, IllegalTransition, Status, step

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

# What a venue may also say, because answers come over two roads, late, or after the order was given up.
LATE = {
    Status.PENDING: set(),
    Status.SENT: {Status.CANCELLED, Status.EXPIRED, Status.NEVER_LANDED},
    Status.DELAYED: {Status.EXPIRED, Status.NEVER_LANDED},
    Status.LIVE: {Status.NEVER_LANDED},
    Status.PARTIAL: set(),
    Status.CANCELLING: {Status.EXPIRED, Status.NEVER_LANDED},
    Status.UNKNOWN: set(),
    Status.MATCHED: {Status.EXPIRED},
    Status.CANCELLED: {Status.LIVE},
    Status.EXPIRED: {Status.LIVE},
    Status.REJECTED: {Status.LIVE, Status.MATCHED, Status.CANCELLED, Status.EXPIRED},
    Status.NEVER_LANDED: {Status.LIVE, Status.DELAYED, Status.MATCHED, Status.CANCELLED, Status.EXPIRED},
}

# Ours alone to do, and never done: nothing is answered before it left, nothing refused is sent.
IMPOSSIBLE = {
    (Status.PENDING, Happening.ACKED_LIVE),
    (Status.PENDING, Happening.ACKED_DELAYED),
    (Status.PENDING, Happening.ACKED_MATCHED),
    (Status.PENDING, Happening.CANCEL_FAILED),
    (Status.PENDING, Happening.CANCELLED),
    (Status.PENDING, Happening.EXPIRED),
    (Status.PENDING, Happening.NOT_FOUND),
    (Status.PENDING, Happening.REAPPEARED),
    (Status.REJECTED, Happening.SENT),
    (Status.NEVER_LANDED, Happening.SENT),
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
        assert (status, happening) in IMPOSSIBLE


@pytest.mark.parametrize("status", list(Status))
def test_the_moves_are_those_of_the_page_and_what_may_come_late(status: Status) -> None:
    moves = {after for happening, after in NEXT[status].items() if happening not in FILLS}

    assert moves == PAGE[status] | LATE[status]


@pytest.mark.parametrize("status", list(Status))
def test_a_fill_may_follow_anything(status: Status) -> None:
    assert step(status, Happening.FILLED_WHOLE) is Status.MATCHED
    assert step(status, Happening.FILLED_PART) is AFTER_PART[status]


FOUND = {Happening.ACKED_LIVE, Happening.ACKED_DELAYED, Happening.ACKED_MATCHED}


@pytest.mark.parametrize("status", list(Status))
def test_an_order_that_ended_opens_again_only_when_it_is_seen_there(status: Status) -> None:
    reopening = {happening for happening, after in NEXT[status].items() if after in OPEN}

    if status in (Status.CANCELLED, Status.EXPIRED):
        assert reopening == {Happening.REAPPEARED}
    elif status in (Status.REJECTED, Status.NEVER_LANDED):
        assert reopening <= FOUND | FILLS | {Happening.REAPPEARED}, "it is there after all"


@pytest.mark.parametrize("status", [Status.LIVE, Status.PARTIAL, Status.CANCELLING, Status.MATCHED, *CLOSED])
def test_a_refusal_never_takes_from_the_book_what_was_seen_there(status: Status) -> None:
    """Identical bytes were sent twice: the second were refused because of the first."""
    assert step(status, Happening.REJECTED) is status


@pytest.mark.parametrize("late", [Happening.SENT, Happening.ACKED_LIVE, Happening.ACKED_DELAYED])
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.EXPIRED, Status.MATCHED])
def test_a_late_beginning_does_not_undo_an_end(status: Status, late: Happening) -> None:
    assert step(status, late) is status


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.SENT, Status.DELAYED, Status.LIVE, Status.CANCELLING]
)
def test_no_answer_never_closes_an_order(status: Status) -> None:
    assert step(status, Happening.UNANSWERED) in OPEN


@pytest.mark.parametrize("status", [Status.PARTIAL, Status.MATCHED])
def test_what_traded_had_landed(status: Status) -> None:
    assert step(status, Happening.NOT_FOUND) is not Status.NEVER_LANDED


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
        Status.CANCELLED: {Happening.CANCELLED, Happening.NOT_FOUND},
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
