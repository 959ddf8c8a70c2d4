"""Keeps every frame as it came: the venue keeps no history. JSON lines, zstandard, readable by ``feeds.tapes``.

A line is ``{"recv_ms": ..., "frame": <the frame>}``; a frame that is no JSON is kept as ``"text"``; a market's
definition is ``{"recv_ms": ..., "listed": <event>}``; what could not be kept is ``{"recv_ms": ..., "dropped": n}``.
"""

import os
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
import zstandard

from core.events import MarketListed
from core.ids import MarketId
from core.units import Ms
from infra import clock, codec, logs

WAITING_MAX: Final = 50_000  # lines; a minute of a busy evening, should the disk hang
FLUSH_S: Final = 1.0
PEEK_S: Final = 0.1
FILE_BYTES_MAX: Final = 256 * 1024 * 1024  # of lines, before compression; about a tenth of that on disk
LEVEL: Final = 3

log = logs.get("recorder")


class Recorder:
    """Writes on a thread of its own. ``frame`` and ``listed`` never wait: with a full queue they drop and count.

    A killed process leaves a readable file that ends at most a second early. Each file begins with the
    definitions of all markets known then, so that it can be read by itself.
    """

    def __init__(self, folder: Path) -> None:
        self.dropped = 0
        self.written = 0
        self._folder = folder
        self._waiting: deque[tuple[Ms, bytes | MarketListed]] = deque()
        self._markets: dict[MarketId, MarketListed] = {}
        self._dropped_told = 0
        self._files = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write_until_over, name="recorder", daemon=True)
        self._thread.start()

    def frame(self, frame: bytes | str, heard_ms: Ms) -> None:
        """Keep one frame."""
        self._put(heard_ms, frame if isinstance(frame, bytes) else frame.encode())

    def listed(self, listing: MarketListed) -> None:
        """Keep a market's definition, or its new terms."""
        self._put(listing.heard_ms, listing)

    def _put(self, heard_ms: Ms, item: bytes | MarketListed) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
        else:
            self._waiting.append((heard_ms, item))

    def close(self) -> None:
        """Write what waits, end the file, end the thread. Blocks; call it off the loop."""
        self._over.set()
        self._thread.join()

    def _write_until_over(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            while not self._write_file():
                pass
        except OSError as error:
            # A full disk must not end trading. What is not kept is counted, and the queue stays bounded.
            log.error("recording ended", event_type="error", error=str(error), folder=str(self._folder))

    def _write_file(self) -> bool:
        """One file, until it is long enough or the recorder is closed; true in the latter case."""
        self._files += 1
        path = self._folder / _name(clock.now_ms(), self._files)
        with path.open("xb") as raw, _Lines(raw) as lines:
            for listing in list(self._markets.values()):
                lines.write(_listing_line(listing))
            while lines.size < FILE_BYTES_MAX:
                over = self._over.is_set()
                self._drain(lines)
                lines.flush_if_due()
                if over and not self._waiting:
                    return True
                self._over.wait(PEEK_S)
        return False

    def _drain(self, lines: "_Lines") -> None:
        while self._waiting and lines.size < FILE_BYTES_MAX:
            heard_ms, item = self._waiting.popleft()
            if isinstance(item, MarketListed):
                self._markets[item.market_id] = item
                lines.write(_listing_line(item))
            else:
                lines.write(frame_line(item, heard_ms))
            self.written += 1
            if self.dropped != self._dropped_told:
                missing, self._dropped_told = self.dropped - self._dropped_told, self.dropped
                lines.write(b'{"recv_ms":%d,"dropped":%d}\n' % (heard_ms, missing))
                log.error("frames not recorded", event_type="error", dropped=missing)


class _Lines:
    """A zstandard file of lines, on disk at least once a second."""

    def __init__(self, raw: BinaryIO) -> None:
        self.size = 0
        self._raw = raw
        self._writer = zstandard.ZstdCompressor(level=LEVEL).stream_writer(raw, closefd=False)
        self._flushed_at = clock.monotonic_ms()
        self._dirty = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()  # type: ignore[no-untyped-call]

    def write(self, line: bytes) -> None:
        self._writer.write(line)
        self.size += len(line)
        self._dirty = True

    def flush_if_due(self) -> None:
        now = clock.monotonic_ms()
        if self._dirty and now - self._flushed_at >= FLUSH_S * 1000:
            self._writer.flush(zstandard.FLUSH_BLOCK)
            self._raw.flush()
            self._flushed_at, self._dirty = now, False


def frame_line(frame: bytes, heard_ms: Ms) -> bytes:
    """One frame as one line. Line breaks between tokens of JSON become spaces; inside texts there are none."""
    body = frame.strip()
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError:
        text = msgspec.json.encode(frame.decode("utf-8", "replace"))
        return b'{"recv_ms":%d,"text":%s}\n' % (heard_ms, text)
    if b"\n" in body or b"\r" in body:
        body = body.replace(b"\r", b" ").replace(b"\n", b" ")
    return b'{"recv_ms":%d,"frame":%s}\n' % (heard_ms, body)


def _listing_line(listing: MarketListed) -> bytes:
    return b'{"recv_ms":%d,"listed":%s}\n' % (listing.heard_ms, codec.dump(listing))


def _name(now_ms: Ms, number: int) -> str:
    moment = datetime.fromtimestamp(now_ms // 1000, tz=UTC)
    return f"market-{moment:%Y%m%dT%H%M%S}-{os.getpid()}-{number}.jsonl.zst"
