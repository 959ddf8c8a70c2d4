"""``manage.py reset R``: end a halt from the shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.errors import RiskError


class Command(BaseCommand):
    help = "End the halt of all trading, after a passing health check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason", help="why trading may go on, for the record")

    def handle(self, *_: Any, reason: str, **__: Any) -> str:
        try:
            services.reset_trading(reason=reason, by=services.shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return "trading goes on"
