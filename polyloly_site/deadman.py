"""The dead man's message: ops, which tells everybody everything, is silent itself. Kept by the launcher.

A trader that is silent is told by ops. When ops is what died, or Redis through which it shows that it lives, only the
launcher is left: it needs neither, nor the database.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Final

from redis import RedisError

from infra import channels, clock, heartbeat, logs
from infra.channels import Channel, Note, Tone, Verdict
from polyloly_site.env import Polyloly

SILENT_MS: Final = 20_000
RETRY_MS: Final = (5_000, 15_000, 60_000)  # the last again and again
TRIES_MAX: Final = 10  # some seven minutes
WATCHED: Final = ("ops",)

log = logs.get("deadman")


def lights() -> frozenset[str]:
    """The processes that beat. None of them when Redis does not answer."""
    try:
        return frozenset(each.process for each in heartbeat.alive())
    except RedisError:
        return frozenset()


class DeadMan:
    """``look`` each second. Each silence is told once on every channel, and its end to whom it was told."""

    def __init__(
        self, told: Iterable[Channel], mode: str, *, seen: Callable[[], frozenset[str]] = lights
    ) -> None:
        self._lines = [_Line(channel, mode.upper()) for channel in told]
        self._seen = seen
        self._heard_ms: int | None = None  # nothing is silent before it was heard

    def look(self, now: int | None = None) -> None:
        """``now``: monotonic ms. Never waits."""
        now = clock.monotonic_ms() if now is None else now
        if all(name in self._seen() for name in WATCHED):
            self._heard_ms = now
        silent = self._heard_ms is not None and now - self._heard_ms >= SILENT_MS
        for line in self._lines:
            line.tell(now, silent=silent)


class _Line:
    """One channel: what it was told last, and what is on its way. One that hangs keeps no other from being told."""

    def __init__(self, channel: Channel, mode: str) -> None:
        self._channel = channel
        self._mode = mode
        self._wanted = False  # whether it is to be told of a silence
        self._told = False  # whether the last word that got through was of one
        self._sent: tuple[Future[Verdict], bool] | None = None  # on its way, and whether it is of one
        self._failed = 0
        self._due_ms = 0

    def tell(self, now: int, *, silent: bool) -> None:
        """Say what it is not told yet; again when that failed, after a pause that grows, and at last no more."""
        if self._sent is not None:
            sent, of_silence = self._sent
            if not sent.done():
                return
            self._hear(sent.result(), now, silent=of_silence)
        if silent != self._wanted:
            self._wanted, self._failed, self._due_ms = silent, 0, 0
        if silent == self._told or self._failed == TRIES_MAX or now < self._due_ms:
            return
        note = self._note(silent=silent)
        log.error("dead man speaks", event_type="error", said=note.title, channel=self._channel.name)
        self._sent = self._channel.start(note), silent

    def _hear(self, verdict: Verdict, now: int, *, silent: bool) -> None:
        self._sent = None
        if verdict.succeeded:
            self._told = silent
            return
        self._due_ms = now + RETRY_MS[min(self._failed, len(RETRY_MS) - 1)]
        self._failed += 1
        log.error(
            "dead man not heard",
            event_type="error",
            channel=self._channel.name,
            why=verdict.detail,
            number=self._failed,
        )

    def _note(self, *, silent: bool) -> Note:
        if not silent:
            return Note(f"[{self._mode}] back", "ops lives again and tells what there is.", Tone.GOOD)
        words = f"ops gave no sign of life for {SILENT_MS // 1000} s: nobody watches the trader. Look at logs/ops.out."
        return Note(f"[{self._mode}] P0: Bot silent", words, Tone.BAD)


def of(polyloly: Polyloly) -> DeadMan:
    urls = polyloly.alert_urls
    told = [] if urls is None else channels.opened(channels.split(urls.get_secret_value()))
    return DeadMan(told, polyloly.mode.value)
