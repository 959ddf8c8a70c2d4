"""``manage.py record``: keep what the market channel says, without trading on it."""

import asyncio
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from feeds import selectors
from feeds.recording import record


class Command(BaseCommand):
    help = "Record all listed markets until TERM or Ctrl-C, or for some minutes. A trader records by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.POLYLOLY.recordings_dir, help="where to")
        parser.add_argument("--minutes", type=float, help="how long; without it until told to stop")

    def handle(self, *_: Any, folder: Path, minutes: float | None, **__: Any) -> str:
        written = asyncio.run(_until_told(folder, minutes))
        return f"{written} lines in {folder}"


async def _until_told(folder: Path, minutes: float | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if minutes is not None:
        loop.call_later(minutes * 60, stop.set)
    return await record(settings.POLYLOLY.urls.market_ws, folder, selectors.listed_markets, stop=stop)
