"""One thread that works off what a loop gives it, in order, and tells the loop what became of each.

An executor does the same by a future with a lock of its own, and tells by a callback of that future; between a row's
commit and its order's bytes that is half of the way back (decision 0012).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Pen:
    """Owned by the loop that runs when it is made. ``end`` it.

    A daemon: work that hangs does not keep the process, and what is cut off in its middle was never answered for.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._given: SimpleQueue[tuple[Callable[[], Any], Callable[[Any], object]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[], T], told: Callable[[T | Exception], object]) -> None:
        """Do it on the thread. ``told`` is called on the loop with what it returned or raised."""
        self._given.put((work, told))

    def end(self) -> None:
        """Work off what was given, and end."""
        self._given.put(None)

    def _run(self) -> None:
        while (given := self._given.get()) is not None:
            work, told = given
            try:
                done = work()
            except Exception as error:  # noqa: BLE001 thread edge: it is the asker's
                done = error
            with suppress(RuntimeError):  # the loop is closed: nobody asks any more
                self._loop.call_soon_threadsafe(told, done)
