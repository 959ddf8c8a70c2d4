"""One market's trading state: a total table, and what is legal in each state (trading.md 10).

A halt is not a state but a flag beside it: ending the halt must find the state the ledger says, not the
one we left. Read ``NEXT`` first.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.units import Shares


class State(StrEnum):
    IDLE = "IDLE"
    BUILDING_PAIR = "BUILDING_PAIR"
    LOCKED_PAIR = "LOCKED_PAIR"
    TEMPORAL_ACTIVE = "TEMPORAL_ACTIVE"
    FINALIZING = "FINALIZING"
    RESOLVED = "RESOLVED"


class Happening(StrEnum):
    FLAT = "flat"  # we hold nothing
    LEG = "leg"  # one leg is ahead by more than dust
    PAIR = "pair"  # both legs are level but for dust
    TEMPORAL_OPENED = "temporal_opened"
    TEMPORAL_CLOSED = "temporal_closed"
    TRUTH_FINAL = "truth_final"
    RESOLVED = "resolved"


class Action(StrEnum):
    QUOTE = "quote"
    COMPLETE = "complete"  # a reducing order
    OPEN_TAKE = "open_take"
    TEMPORAL_BUY = "temporal_buy"
    MERGE = "merge"
    REDEEM = "redeem"


class IllegalTransition(Exception):
    """Something happened to a market that cannot happen in its state."""

    def __init__(self, state: State, happening: Happening) -> None:
        super().__init__(f"{happening} cannot follow {state}")
        self.state = state
        self.happening = happening


NEXT: Final[Mapping[State, Mapping[Happening, State]]] = {
    State.IDLE: {
        Happening.LEG: State.BUILDING_PAIR,
        Happening.PAIR: State.LOCKED_PAIR,
        Happening.TEMPORAL_OPENED: State.TEMPORAL_ACTIVE,
        Happening.TRUTH_FINAL: State.FINALIZING,
        Happening.RESOLVED: State.RESOLVED,
    },
    State.BUILDING_PAIR: {
        Happening.FLAT: State.IDLE,
        Happening.PAIR: State.LOCKED_PAIR,
        Happening.TEMPORAL_OPENED: State.TEMPORAL_ACTIVE,
        Happening.TRUTH_FINAL: State.FINALIZING,
        Happening.RESOLVED: State.RESOLVED,
    },
    State.LOCKED_PAIR: {
        Happening.FLAT: State.IDLE,
        Happening.LEG: State.BUILDING_PAIR,
        Happening.TEMPORAL_OPENED: State.TEMPORAL_ACTIVE,
        Happening.TRUTH_FINAL: State.FINALIZING,
        Happening.RESOLVED: State.RESOLVED,
    },
    State.TEMPORAL_ACTIVE: {
        Happening.TEMPORAL_CLOSED: State.IDLE,
        Happening.TRUTH_FINAL: State.FINALIZING,
        Happening.RESOLVED: State.RESOLVED,
    },
    State.FINALIZING: {
        Happening.RESOLVED: State.RESOLVED,
    },
    State.RESOLVED: {},
}

# What is held is told after every fill, whether or not it moved the state. Late fills reach every state.
IGNORED: Final = frozenset(
    {
        (State.IDLE, Happening.FLAT),
        (State.IDLE, Happening.TEMPORAL_CLOSED),
        (State.BUILDING_PAIR, Happening.LEG),
        (State.BUILDING_PAIR, Happening.TEMPORAL_CLOSED),
        (State.LOCKED_PAIR, Happening.PAIR),
        (State.LOCKED_PAIR, Happening.TEMPORAL_CLOSED),
        (State.TEMPORAL_ACTIVE, Happening.FLAT),
        (State.TEMPORAL_ACTIVE, Happening.LEG),
        (State.TEMPORAL_ACTIVE, Happening.PAIR),
        (State.TEMPORAL_ACTIVE, Happening.TEMPORAL_OPENED),
        (State.FINALIZING, Happening.FLAT),
        (State.FINALIZING, Happening.LEG),
        (State.FINALIZING, Happening.PAIR),
        (State.FINALIZING, Happening.TEMPORAL_CLOSED),
        (State.FINALIZING, Happening.TRUTH_FINAL),
        (State.RESOLVED, Happening.FLAT),
        (State.RESOLVED, Happening.LEG),
        (State.RESOLVED, Happening.PAIR),
        (State.RESOLVED, Happening.TEMPORAL_CLOSED),
        (State.RESOLVED, Happening.TRUTH_FINAL),
        (State.RESOLVED, Happening.RESOLVED),
    }
)

BUILDING: Final = frozenset(
    {Action.QUOTE, Action.COMPLETE, Action.OPEN_TAKE, Action.TEMPORAL_BUY, Action.MERGE}
)

LEGAL: Final[Mapping[State, frozenset[Action]]] = {
    State.IDLE: BUILDING,
    State.BUILDING_PAIR: BUILDING,
    State.LOCKED_PAIR: BUILDING,
    State.TEMPORAL_ACTIVE: frozenset({Action.TEMPORAL_BUY, Action.COMPLETE, Action.MERGE}),
    State.FINALIZING: frozenset({Action.TEMPORAL_BUY, Action.COMPLETE, Action.MERGE}),
    State.RESOLVED: frozenset({Action.MERGE, Action.REDEEM}),
}

LEGAL_IN_HALT: Final = frozenset({Action.MERGE, Action.REDEEM})


def step(state: State, happening: Happening) -> State:
    """Return the state after ``happening``; ``state`` itself if it changes nothing."""
    if (state, happening) in IGNORED:
        return state
    try:
        return NEXT[state][happening]
    except KeyError:
        raise IllegalTransition(state, happening) from None


def legal(state: State, *, halted: bool) -> frozenset[Action]:
    """What may be asked for now."""
    return LEGAL[state] & LEGAL_IN_HALT if halted else LEGAL[state]


def holding(yes: Shares, no: Shares, dust: Shares) -> Happening:
    """Say what the ledger holds. A difference below ``dust`` (the venue's minimum order) is no leg."""
    if abs(yes - no) >= dust:
        return Happening.LEG
    if min(yes, no) > 0:
        return Happening.PAIR
    return Happening.FLAT


def state_from_ledger(yes: Shares, no: Shares, dust: Shares) -> State:
    """The state a market starts in, or returns to when its halt ends."""
    return step(State.IDLE, holding(yes, no, dust))
