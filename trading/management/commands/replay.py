"""``manage.py replay``: a recording through the same engine, reported as one JSON object."""

import asyncio
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from feeds.market_defaults import SHIPPED, BadDefaults, load
from feeds.tapes import NotATape, open_tape
from trading.replay import Progress, Replay
from trading.setup import engine_setup


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
        parser.add_argument(
            "--market-defaults", type=Path, default=SHIPPED, help="terms the tape does not state"
        )
        parser.add_argument("--no-quote-in-play", action="store_true", help="quote before the game only")
        parser.add_argument("--report", type=Path, help="write the JSON object to this file as well")
        parser.add_argument("--json", action="store_true", help="print the JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> str | None:
        try:
            tape = open_tape(options["path"], load(options["market_defaults"]))
        except (NotATape, BadDefaults) as error:
            raise CommandError(str(error)) from error
        setup = engine_setup("replay:main", own_shown=False, quote_in_play=not options["no_quote_in_play"])
        run = Replay(tape, setup, settings.POLYLOLY.start_cash)
        report = asyncio.run(run.run(speed=options["speed"], told=self._tell))
        report = {"tape": options["path"].name, **report}
        report["market_defaults"] = {
            "file": options["market_defaults"].name,
            "used": report["market_defaults"],
        }
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
