"""``manage.py run_source NAME``: one source in the foreground."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feeds import supervisor
from feeds.errors import UnknownSource


class Command(BaseCommand):
    help = (
        "Run one source until TERM or Ctrl-C. Not beside a worker that runs it: each word would come twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help=f"which source; there is: {supervisor.MATCHES}")

    def handle(self, *_: Any, name: str, **__: Any) -> None:
        try:
            source = supervisor.named(name)
        except UnknownSource as error:
            raise CommandError(str(error)) from error
        asyncio.run(_until_told(source))


async def _until_told(source: supervisor.Run) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await source(stop)
