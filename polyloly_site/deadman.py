"""The dead man's message: ops, which tells everybody everything, is silent itself. Kept by the launcher.

A trader that is silent is told by ops. When ops is what died, or Redis through which it shows that it lives, only the
launcher is left: it needs neither, nor the database.
"""

from collections.abc import Callable
from typing import Final

from redis import RedisError

from infra import channels, clock, heartbeat, logs
from infra.channels import Channel, Note, Tone
from polyloly_site.env import Polyloly

SILENT_MS: Final = 20_000
WATCHED: Final = ("ops",)

log = logs.get("deadman")


def lights() -> frozenset[str]:
    """The processes that beat. None of them when Redis does not answer."""
    try:
        return frozenset(each.process for each in heartbeat.alive())
    except RedisError:
        return frozenset()


class DeadMan:
    """``look`` each second. Each silence is told once, and its end."""

    def __init__(
        self, told: list[Channel], mode: str, *, seen: Callable[[], frozenset[str]] = lights
    ) -> None:
        self._channels = told
        self._mode = mode.upper()
        self._seen = seen
        self._heard_ms: int | None = None  # nothing is silent before it was heard
        self._told = False

    def look(self, now: int | None = None) -> None:
        """``now``: monotonic ms."""
        now = clock.monotonic_ms() if now is None else now
        if all(name in self._seen() for name in WATCHED):
            if self._told:
                self._tell(
                    Note(f"[{self._mode}] back", "ops lives again and tells what there is.", Tone.GOOD)
                )
            self._heard_ms, self._told = now, False
            return
        if self._heard_ms is None or self._told or now - self._heard_ms < SILENT_MS:
            return
        self._told = True
        words = f"ops gave no sign of life for {SILENT_MS // 1000} s: nobody watches the trader. Look at logs/ops.out."
        self._tell(Note(f"[{self._mode}] P0: Bot silent", words, Tone.BAD))

    def _tell(self, note: Note) -> None:
        log.error("dead man speaks", event_type="error", said=note.title, channels=len(self._channels))
        for channel in self._channels:
            channel.start(note)  # nobody waits: one that hangs keeps no other from being told


def of(polyloly: Polyloly) -> DeadMan:
    urls = polyloly.alert_urls
    told = [] if urls is None else channels.opened(channels.split(urls.get_secret_value()))
    return DeadMan(told, polyloly.mode.value)
