"""``manage.py up``: everything in one terminal."""

import os
import sys
import webbrowser
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from infra import clock
from polyloly_site import env, launcher


class Command(BaseCommand):
    help = "Start everything in this terminal and print a log-in link. Ctrl-C ends it in order."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", help="of the console; the simulator listens on the next one (default: $PORT)"
        )
        parser.add_argument(
            "--speed", help="how fast the simulated evening runs, 1 is real time (default: $SPEED)"
        )
        parser.add_argument("--no-browser", action="store_true", help="print the link only")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("port", "speed"):
            if options[name] is not None:
                os.environ[name.upper()] = options[name]
        polyloly = env.load()
        settings.POLYLOLY = polyloly
        clock.start(polyloly.speed)
        opens_browser = not options["no_browser"] and has_screen()

        def announce(link: str) -> None:
            self.stdout.write(link)
            self.stdout.flush()
            if opens_browser:
                webbrowser.open(link)

        try:
            launcher.run(polyloly, announce=announce)
        except launcher.CannotStart as error:
            raise CommandError(str(error)) from error


def has_screen() -> bool:
    """Is there a person with a graphical browser at this terminal?"""
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
