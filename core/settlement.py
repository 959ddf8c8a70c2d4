"""What becomes of a trade and of a merge on the chain, as tables: ``SETTLES`` is a fill's, ``MERGES`` a merge's.

Each is total with the set beside it: a pair of state and word is a move, a harmless repeat or
``IllegalTransition``. A trade that was CONFIRMED never fails, and one that FAILED never lands.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.events import FillStatus, WalletStatus
from core.lifecycle import IllegalTransition

SETTLES: Final[Mapping[FillStatus, frozenset[FillStatus]]] = {
    FillStatus.MATCHED: frozenset(
        {FillStatus.MINED, FillStatus.CONFIRMED, FillStatus.RETRYING, FillStatus.FAILED}
    ),
    FillStatus.MINED: frozenset({FillStatus.CONFIRMED, FillStatus.RETRYING, FillStatus.FAILED}),
    FillStatus.RETRYING: frozenset({FillStatus.MINED, FillStatus.CONFIRMED, FillStatus.FAILED}),
    FillStatus.CONFIRMED: frozenset(),
    FillStatus.FAILED: frozenset(),
}

# The same trade is told once per status, in any order. What is behind us is no news.
SETTLED_BEFORE: Final = frozenset(
    {(status, status) for status in FillStatus}
    | {
        (FillStatus.MINED, FillStatus.MATCHED),
        (FillStatus.RETRYING, FillStatus.MATCHED),
        (FillStatus.CONFIRMED, FillStatus.MATCHED),
        (FillStatus.CONFIRMED, FillStatus.MINED),
        (FillStatus.CONFIRMED, FillStatus.RETRYING),
        (FillStatus.FAILED, FillStatus.MATCHED),
        (FillStatus.FAILED, FillStatus.MINED),
        (FillStatus.FAILED, FillStatus.RETRYING),
    }
)


class MergeState(StrEnum):
    PLANNED = "planned"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # stays reserved; never resubmitted before the nonce was checked


MERGES: Final[Mapping[MergeState, Mapping[WalletStatus, MergeState]]] = {
    MergeState.PLANNED: {
        WalletStatus.SUBMITTED: MergeState.SUBMITTED,
        WalletStatus.CONFIRMED: MergeState.CONFIRMED,
        WalletStatus.FAILED: MergeState.FAILED,  # it never left
        WalletStatus.UNKNOWN: MergeState.UNKNOWN,
    },
    MergeState.SUBMITTED: {
        WalletStatus.CONFIRMED: MergeState.CONFIRMED,
        WalletStatus.FAILED: MergeState.FAILED,
        WalletStatus.UNKNOWN: MergeState.UNKNOWN,
    },
    MergeState.UNKNOWN: {
        WalletStatus.CONFIRMED: MergeState.CONFIRMED,
        WalletStatus.FAILED: MergeState.FAILED,
    },
    MergeState.CONFIRMED: {},
    MergeState.FAILED: {},
}

MERGED_BEFORE: Final = frozenset(
    {
        (MergeState.SUBMITTED, WalletStatus.SUBMITTED),
        (MergeState.UNKNOWN, WalletStatus.SUBMITTED),
        (MergeState.UNKNOWN, WalletStatus.UNKNOWN),
        (MergeState.CONFIRMED, WalletStatus.SUBMITTED),
        (MergeState.CONFIRMED, WalletStatus.CONFIRMED),
        (MergeState.CONFIRMED, WalletStatus.UNKNOWN),
        (MergeState.FAILED, WalletStatus.SUBMITTED),
        (MergeState.FAILED, WalletStatus.FAILED),
        (MergeState.FAILED, WalletStatus.UNKNOWN),
    }
)


def settle(status: FillStatus, told: FillStatus) -> FillStatus:
    """Return the fill's status after ``told``; ``status`` itself if that is behind us."""
    if (status, told) in SETTLED_BEFORE:
        return status
    if told not in SETTLES[status]:
        raise IllegalTransition(status, told)
    return told


def step_merge(state: MergeState, told: WalletStatus) -> MergeState:
    """Return the merge's state after ``told``; ``state`` itself if it is a harmless repeat."""
    if (state, told) in MERGED_BEFORE:
        return state
    try:
        return MERGES[state][told]
    except KeyError:
        raise IllegalTransition(state, told) from None
