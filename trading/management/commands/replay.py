"""``manage.py replay``: a recording through the same engine, reported as one JSON object."""

import asyncio
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.errors import CannotReplay
from trading.replay import Progress, Replay


def pace(text: str) -> Fraction | None:
    """``max``, or how many times faster than it was recorded."""
    if text == "max":
        return None
    try:
        speed = Fraction(text)
    except (ValueError, ZeroDivisionError):
        speed = Fraction(0)
    if speed <= 0:
        raise ArgumentTypeError(f"{text!r} is no speed: give max, or a number above 0 such as 10")
    return speed


class Command(BaseCommand):
    help = (
        "Drive a recording through the engine and the paper gateway, and say what was decided. No database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a recording, or a folder of them")
        parser.add_argument("--speed", type=pace, default=None, help="max (default), or times its own pace")
        parser.add_argument("--market-defaults", type=Path, help="terms the tape does not state")
        parser.add_argument("--no-quote-in-play", action="store_true", help="quote before the game only")
        parser.add_argument("--report", type=Path, help="write the JSON object to this file as well")
        parser.add_argument("--json", action="store_true", help="print the JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> str | None:
        try:
            run = Replay.of(
                options["path"],
                defaults=options["market_defaults"],
                quote_in_play=not options["no_quote_in_play"],
            )
        except CannotReplay as error:
            raise CommandError(str(error)) from error
        report = asyncio.run(run.run(speed=options["speed"], told=self._tell))
        if not report["frames"]:
            refused = report["refused_input"] or "nothing in it"
            raise CommandError(f"{options['path'].name} holds no frame that can be replayed: {refused}")
        report = {"tape": options["path"].name, **report}
        shown = json.dumps(report, indent=None if options["json"] else 2)
        if options["report"] is not None:
            options["report"].write_text(json.dumps(report, indent=2) + "\n")
        return shown

    def _tell(self, progress: Progress) -> None:
        """A line that replaces itself, for people only."""
        if sys.stderr.isatty():
            self.stderr.write(
                f"\r{progress.frames:,} frames, {progress.tape_ms / 60_000:,.1f} minutes of tape", ending=""
            )
