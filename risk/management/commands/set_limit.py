"""``manage.py set_limit NAME VALUE --reason R``: agree to another limit."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk.access.people import shell
from risk.errors import RiskError
from risk.limits import limits
from risk.limits.fields import UNITS

SWITCHES = {"true": True, "false": False}


class Command(BaseCommand):
    help = "Agree to another limit. The runners take it up within a second."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=list(UNITS), metavar="NAME", help="as manage.py limits shows it")
        parser.add_argument("value", metavar="VALUE", help="decimal text, or true and false")
        parser.add_argument("--reason", required=True, help="why, for the record")

    def handle(self, *_: Any, name: str, value: str, reason: str, **__: Any) -> None:
        now = now_ms()
        written: str | bool | int = SWITCHES.get(value, value)
        if isinstance(written, str) and written.isdigit():
            written = int(written)
        try:
            made, found = limits.change(
                {name: written},
                reason=reason,
                expected_number=limits.agree_first(at=now).number,
                by=shell(),
                at=now,
            )
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        for each in found:
            self.stdout.write(
                f"{each.name}: {each.before} -> {each.after}, {each.turn}; version {made.number}"
            )
