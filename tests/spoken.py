"""What is logged while something runs, as its lines say it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra import logs


@contextmanager
def lines() -> Iterator[list[dict[str, Any]]]:
    """Filled when the block ends."""
    said: list[dict[str, Any]] = []
    writer, stream = logs.destination.writer, logs.destination.stream
    heard = io.StringIO()
    logs.destination.writer, logs.destination.stream = None, heard
    try:
        yield said
    finally:
        logs.destination.writer, logs.destination.stream = writer, stream
        said += [json.loads(line) for line in heard.getvalue().splitlines()]
