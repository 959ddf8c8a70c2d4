"""``manage.py reset R``: end a halt from the shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.errors import ChecksFailed, RiskError


class Command(BaseCommand):
    help = "End the halt of all trading, after a passing health check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason", help="why trading may go on, for the record")
        parser.add_argument(
            "--override", action="store_true", help="end it although checks fail; each is named in the record"
        )

    def handle(self, *_: Any, reason: str, override: bool, **__: Any) -> str:
        try:
            services.reset_trading(reason=reason, by=services.shell(), at=now_ms(), override=override)
        except ChecksFailed as refused:
            raise CommandError(
                f"{refused}. To end it all the same: --override, which is recorded"
            ) from refused
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return "trading goes on"
