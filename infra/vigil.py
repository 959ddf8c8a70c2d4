"""A look at something each second on a thread of its own, whatever Redis, beat, the database or the queue do.

A Celery task is asked for through Redis; what must go on without it is looked at from here. Several processes may
keep the same vigil: what it does must bear to be done twice.
"""

import threading
from collections.abc import Callable
from typing import Final

from django.db import close_old_connections

from infra import clock, logs

EVERY_MS: Final = 1_000
END_WITHIN_S: Final = 2.0

log = logs.get("vigil")


class Vigil:
    """Calls ``look`` until ``stop``; what it raises is logged and the next look comes all the same."""

    def __init__(self, name: str, look: Callable[[], object], *, every_ms: int = EVERY_MS) -> None:
        self._name = name
        self._look = look
        self._every_ms = every_ms
        self._over = threading.Event()
        self._said: str | None = None
        self._thread = threading.Thread(target=self._keep, name=f"vigil {name}", daemon=True)

    def start(self) -> "Vigil":
        self._thread.start()
        return self

    def stop(self) -> None:
        """Look no more. A look that hangs is left behind."""
        self._over.set()
        self._thread.join(END_WITHIN_S)

    def _keep(self) -> None:
        while True:
            began = clock.monotonic_ms()
            self._look_once()
            took_ms = clock.monotonic_ms() - began
            if self._over.wait(max(0, self._every_ms - took_ms) / 1000):
                return

    def _look_once(self) -> None:
        """One look. The same trouble is told once until it has changed or gone."""
        said: str | None = None
        try:
            close_old_connections()
            self._look()
        except Exception as error:  # noqa: BLE001 process edge: whoever watches must not fall asleep
            said = f"{type(error).__name__}: {error}"
        if said is not None and said != self._said:
            log.error("vigil disturbed", vigil=self._name, error=said, event_type="error")
        elif said is None and self._said is not None:
            log.info("vigil goes on", vigil=self._name)
        self._said = said
