"""``manage.py agree_limits --reason R``: put one's name under the limits as they are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk.access.people import shell
from risk.errors import RiskError
from risk.limits import limits


class Command(BaseCommand):
    help = "Agree to the limits that bind, as manage.py limits shows them. Real money does not start without."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="why, for the record")

    def handle(self, *_: Any, reason: str, **__: Any) -> str:
        try:
            made = limits.agree(reason=reason, by=shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"version {made.number} agreed to by {made.by}"
