"""A trader that only talks: publishes rows through the real Redis and channel layer, four times a second."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Self

from infra import clock, redis
from tests.e2e.evening import Evening
from trading.board.publishing import Publisher

EVERY_S = 0.25


class FakeTrader:
    """Publishes an ``Evening`` on a thread of its own until ``fall_silent``. Use as a context."""

    def __init__(self, seed: int = 7, *, moving: bool = True) -> None:
        self.evening = Evening(seed, clock.now_ms())
        self.moving = moving
        self.overrides: dict[str, Mapping[str, Any] | None] = {}
        self._over = threading.Event()
        self._spoke = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._talk()), name="fake trader", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._spoke.wait(10), "the fake trader published nothing"
        return self

    def __exit__(self, *_: object) -> None:
        self.fall_silent()

    def fall_silent(self) -> None:
        """Stop as a killed process does: the snapshot stays until it is too old."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def say(self, **rows: Mapping[str, Any] | None) -> None:
        """From the next publication on these rows are as given (``None``: gone). Keys: ``market__ID``."""
        self.overrides |= {key.replace("__", ":"): row for key, row in rows.items()}

    def rows(self) -> dict[str, Any]:
        shown = self.evening.rows() | self.overrides
        return {key: row for key, row in shown.items() if row is not None}

    async def _talk(self) -> None:
        publisher = Publisher(epoch=clock.now_ms())
        while not self._over.is_set():
            now = clock.now_ms()
            self.evening.now_ms = now
            if self.moving:
                self.evening.step(now)
            await publisher.publish(self.rows())
            self._spoke.set()
            await asyncio.to_thread(self._over.wait, EVERY_S)
        await redis.close_async()
