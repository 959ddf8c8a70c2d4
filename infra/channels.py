"""Ways to reach people: one ``apprise`` URL each. A URL is a secret; only its scheme is ever shown.

apprise is synchronous and a service may hang, so a message leaves on a thread of its own, and nobody waits for it
longer than ``SEND_MS``. A channel whose last message still hangs takes no other: one thread each, never more.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    import apprise

SEND_MS: Final = 10_000
DETAIL_MAX: Final = 300
CHANNELS_MAX: Final = 10
# A URL may hold commas itself; one before the next scheme separates two.
BETWEEN: Final = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)|\s+")
SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
PARTS: Final = re.compile(r"[/:@?&=#,\s]+")
PART_MIN: Final = 4  # a shorter part of a URL is no secret, and hiding it would hide half of every sentence


class Tone(StrEnum):
    """How a message looks where a service can show it."""

    BAD = "failure"
    SOON = "warning"
    CALM = "info"
    GOOD = "success"


@dataclass(frozen=True, slots=True)
class Note:
    """What is sent: plain text. Services that know markup get it escaped."""

    title: str
    body: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one try. ``detail`` is for people and holds nothing of the URL."""

    succeeded: bool
    detail: str


class Unusable(ValueError):
    """An address that is no channel. The message tells its number and scheme, never the address."""


class Channel:
    """One service, safe from any thread. ``name`` is its scheme, with a number where two have the same."""

    def __init__(self, name: str, service: "apprise.Apprise", url: str) -> None:
        self.name = name
        self._service = service
        self._hidden = parts_of(url)
        self._busy = threading.Lock()

    def __repr__(self) -> str:
        return f"<Channel {self.name}>"

    def start(self, note: Note) -> "Future[Verdict]":
        """Begin to send on a thread of its own. Never waits, never raises; the future ends when the service does."""
        sent: Future[Verdict] = Future()
        sent.set_running_or_notify_cancel()
        if not self._busy.acquire(blocking=False):
            sent.set_result(Verdict(succeeded=False, detail="still busy with the message before"))
            return sent
        threading.Thread(
            target=self._send, args=(note, sent), name=f"channel {self.name}", daemon=True
        ).start()
        return sent

    def send(self, note: Note) -> Verdict:
        """Send and wait, at most ``SEND_MS``."""
        try:
            return self.start(note).result(SEND_MS / 1000)
        except TimeoutError:
            return too_late()

    async def send_from_loop(self, note: Note) -> Verdict:
        """The same without blocking the loop."""
        sent = asyncio.wrap_future(self.start(note))
        try:
            async with asyncio.timeout(SEND_MS / 1000):
                return await sent
        except TimeoutError:
            return too_late()

    def _send(self, note: Note, sent: "Future[Verdict]") -> None:
        try:
            verdict = self._notify(note)
        except Exception as error:  # noqa: BLE001 process edge: a service's library must not end our thread silently
            verdict = Verdict(succeeded=False, detail=f"its library failed: {type(error).__name__}")
        finally:
            self._busy.release()
        sent.set_result(verdict)

    def _notify(self, note: Note) -> Verdict:
        from apprise import NotifyFormat, NotifyType

        result = self._service.notify(
            title=note.title,
            body=note.body,
            notify_type=NotifyType(note.tone.value),
            body_format=NotifyFormat.TEXT,
        )
        if result:
            return Verdict(succeeded=True, detail="taken")
        said = [entry.message for service in result for attempt in service for entry in attempt]
        words = "; ".join(said) or "refused without a reason"
        return Verdict(succeeded=False, detail=self._without_secrets(words))

    def _without_secrets(self, words: str) -> str:
        for part in self._hidden:
            words = words.replace(part, "…")
        return " ".join(words.split())[:DETAIL_MAX]


def too_late() -> Verdict:
    return Verdict(succeeded=False, detail=f"no answer within {SEND_MS // 1000} s: it may still arrive")


def parts_of(url: str) -> tuple[str, ...]:
    """Every part of a URL that may be a secret, the longest first: none of them may be in a sentence."""
    scheme = SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    parts = {part for text in (rest, unquote(rest)) for part in PARTS.split(text)}
    return tuple(sorted((part for part in parts if len(part) >= PART_MIN), key=len, reverse=True))


def split(text: str) -> list[str]:
    """The addresses of a setting: one a line, or with spaces or commas between."""
    return [address for address in BETWEEN.split(text.strip().strip(",")) if address]


def opened(addresses: Sequence[str]) -> list[Channel]:
    """A channel for each address. Nobody is asked yet. Raises ``Unusable``."""
    if len(addresses) > CHANNELS_MAX:
        raise Unusable(f"{len(addresses)} addresses, at most {CHANNELS_MAX} are told")
    services = [_service(number, address) for number, address in enumerate(addresses, start=1)]
    names = _numbered(str(getattr(service[0], "schema", "")) or "unnamed" for service in services)
    return [
        Channel(name, service, url) for name, service, url in zip(names, services, addresses, strict=True)
    ]


def _service(number: int, address: str) -> "apprise.Apprise":
    scheme = SCHEME.match(address)
    if scheme is None:
        raise Unusable(f"number {number} is no address: it must begin with a scheme such as tgram://")
    _silence_library()
    # Loaded by who tells people only: it takes half a second.
    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    service = Apprise(asset=AppriseAsset(storage_mode=PersistentStoreMode.MEMORY))
    if not service.add(address):
        raise Unusable(f"number {number} ({scheme[1].lower()}) is not one that apprise understands")
    return service


def _numbered(schemes: Iterable[str]) -> list[str]:
    """ "json", "json 2": names that tell channels apart and nothing else."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for scheme in schemes:
        seen[scheme] = seen.get(scheme, 0) + 1
        names.append(scheme if seen[scheme] == 1 else f"{scheme} {seen[scheme]}")
    return names


@cache
def _silence_library() -> None:
    """apprise's lines, and those of what it sends with, may name an address: they go nowhere."""
    for name in ("apprise", "urllib3", "requests"):
        quiet = logging.getLogger(name)
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
