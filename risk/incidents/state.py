"""What everything looks like now: told by the app that sees everything, since risk may import none of the others."""

from collections.abc import Callable
from typing import Any

State = Callable[[], dict[str, Any]]


def nothing_told() -> dict[str, Any]:
    """The state before anybody registered how to tell it."""
    return {}


_state: State = nothing_told


def register_state(tell: State) -> State:
    """Take the function that tells the whole state as JSON values. Returns the one before."""
    global _state
    before, _state = _state, tell
    return before


def state_now() -> dict[str, Any]:
    """The whole state. Raises what the function raises: a snapshot that is not whole is none."""
    return _state()
