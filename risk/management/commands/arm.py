"""``manage.py arm --phrase P --reason R``: let orders spend the wallet's money."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk.access.people import shell
from risk.arming import arming, armings
from risk.errors import RiskError


class Command(BaseCommand):
    help = "Arm: orders reach the venue from here on. Needs a preflight that passed within ten minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="why, for the record")
        parser.add_argument("--phrase", help="the words this names when they are left out or wrong")

    def handle(self, *_: Any, reason: str, phrase: str | None, **__: Any) -> str:
        typed = self._asked() if phrase is None else phrase
        try:
            made = arming.arm(typed=typed, reason=reason, by=shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return (
            f"armed for {made.armed.place.wallet}: expires when no order left for 15 minutes, ends with "
            "manage.py disarm"
        )

    def _asked(self) -> str:
        """Ask a person at a terminal; a script that leaves the phrase out is told what it is."""
        words = armings.state(at=now_ms()).get("phrase")
        return "" if words is None or not sys.stdin.isatty() else input(f"Type exactly: {words}\n> ")
