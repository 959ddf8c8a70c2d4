"""Log lines for people at three in the morning: one JSON object a line in ``STATE_DIR/logs/bot.jsonl``.

Fields: ``ts, level, component, event_type, mode, event`` and what the line is about. Many processes append to the
one file. A line is written by a thread of its own from a bounded queue, so that no disk stops the trader; when
the queue is full the line is counted as lost and the next line that gets through says how many were.
"""

import atexit
import io
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from infra import clock

LINES_MAX: Final = 10_000
FLUSH_TIMEOUT_S: Final = 3
FILE_BYTES_MAX: Final = 50_000_000
FILES_KEPT: Final = 5
SECRET_WORDS: Final = ("token", "secret", "password", "private", "authorization", "cookie", "signature")


class LineWriter:
    """Appends lines to one file from a bounded queue. Opens the file again when it was rotated away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = 0
        self._lines: queue.Queue[str | threading.Event] = queue.Queue(LINES_MAX)
        self._file: io.FileIO | None = None
        self._thread = threading.Thread(target=self._write_for_ever, name="log writer", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand one line over; never waits."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.lost += 1

    def flush(self) -> None:
        """Wait, at most ``FLUSH_TIMEOUT_S``, until all lines handed over so far are in the file."""
        written = threading.Event()
        try:
            self._lines.put(written, timeout=FLUSH_TIMEOUT_S)
        except queue.Full:
            return
        written.wait(FLUSH_TIMEOUT_S)

    def _write_for_ever(self) -> None:
        while True:
            batch = [self._lines.get()]
            while len(batch) < 200:
                try:
                    batch.append(self._lines.get_nowait())
                except queue.Empty:
                    break
            text = "".join(f"{item}\n" for item in batch if isinstance(item, str))
            if text:
                self._append(text)
            for item in batch:
                if isinstance(item, threading.Event):
                    item.set()

    def _append(self, text: str) -> None:
        if self.lost:
            lost, self.lost = self.lost, 0
            text += (
                json.dumps({"ts": stamp(), "level": "error", "component": "logs", "lost_lines": lost}) + "\n"
            )
        try:
            # One write call of whole lines: with O_APPEND the lines of several processes do not mix.
            self._opened().write(text.encode())
        except OSError as error:
            sys.stderr.write(f"the log cannot be written: {error}\n")

    def _opened(self) -> io.FileIO:
        if self._file is not None and self._rotated():
            self._file.close()
            self._file = None
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = io.FileIO(self.path, "a")
        return self._file

    def _rotated(self) -> bool:
        assert self._file is not None
        try:
            return self.path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return True


class Destination:
    """Where lines go at the moment: standard error until ``start`` names a file."""

    def __init__(self) -> None:
        self.writer: LineWriter | None = None
        self.stream: TextIO | None = None
        self.fields: dict[str, str] = {}

    def write(self, line: str) -> None:
        if self.writer is not None:
            self.writer.write(line)
        elif self.stream is not None:
            self.stream.write(line + "\n")


destination: Final = Destination()


def start(path: Path, *, mode: str, process: str) -> None:
    """Send this process's lines to ``path``, each with the mode. Flushed at exit."""
    if destination.writer is None or destination.writer.path != path:
        destination.writer = LineWriter(path)
        atexit.register(destination.writer.flush)
    destination.fields = {"mode": mode, "process": process}
    root = logging.getLogger()
    for handler in [held for held in root.handlers if isinstance(held, LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(LibraryHandler(logging.WARNING))


def flush() -> None:
    """Wait until everything logged so far is written."""
    if destination.writer is not None:
        destination.writer.flush()


def rotate(path: Path) -> None:
    """Move a log that has grown too large aside, keeping the last few. The writers notice and open a new one."""
    if not path.exists() or path.stat().st_size < FILE_BYTES_MAX:
        return
    for number in range(FILES_KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def stamp() -> str:
    """The clock as text, UTC, with milliseconds."""
    return clock.to_datetime(clock.now_ms()).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _complete(_: object, level: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Time, level and mode on every line; nothing that is called a secret."""
    shown = {name: "hidden" if _is_secret(name) else value for name, value in fields.items()}
    return {"ts": stamp(), "level": level, **destination.fields, **shown}


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET_WORDS) and not name.endswith("token_id")


class _Sink:
    """What structlog writes to."""

    def msg(self, message: str) -> None:
        destination.write(message)

    debug = info = warning = error = critical = msg


def _render(_: object, __: str, fields: MutableMapping[str, Any]) -> str:
    return json.dumps(fields, default=str, separators=(",", ":"))


_logger_options: Final[dict[str, Any]] = {
    "processors": [
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        _complete,
        _render,
    ],
    "wrapper_class": structlog.make_filtering_bound_logger(logging.INFO),
    "cache_logger_on_first_use": True,
}


def get(component: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of one component. ``log.info("order placed", event_type="order_placed", order_id=...)``."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        _Sink(), component=component, **_logger_options
    )
    return logger


class LibraryHandler(logging.Handler):
    """Warnings of Django, Celery, daphne and friends, in the same file and shape."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: Mapping[str, Any] = {"component": record.name, "event": record.getMessage()}
        if record.exc_info:
            fields = {**fields, "exception": logging.Formatter().formatException(record.exc_info)}
        destination.write(_render(None, "", _complete(None, record.levelname.lower(), dict(fields))))
