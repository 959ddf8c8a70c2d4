"""What a request has changed for good already. Who answers it reads this when the rest of the request fails.

A control commits and is then asked for the state after it: a database that stops in between leaves a control that was
carried out and an answer that cannot be given. That answer must not say that nothing was changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

_noted: ContextVar[list[str] | None] = ContextVar("carried_out", default=None)


@contextmanager
def noted() -> Iterator[list[str]]:
    """The controls that are committed within, in order, as the record names them; within another, that one's."""
    outer = _noted.get()
    if outer is not None:
        yield outer
        return
    controls: list[str] = []
    token = _noted.set(controls)
    try:
        yield controls
    finally:
        _noted.reset(token)


def note(control: str) -> None:
    """A control is being recorded as done: it counts once the transaction around it is committed."""
    controls = _noted.get()
    if controls is not None:
        transaction.on_commit(lambda: controls.append(control))


def so_far() -> tuple[str, ...]:
    """What the request under way has carried out; nothing outside of one."""
    return tuple(_noted.get() or ())
