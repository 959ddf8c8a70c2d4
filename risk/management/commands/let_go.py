"""``manage.py let_go NAME --reason R``: a person who may log in no more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.access import colleagues
from risk.errors import RiskError


class Command(BaseCommand):
    help = "Let a person log in no more; sessions and tokens end. What they did stays on record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--reason", required=True, help="why, for the record")

    def handle(self, *_: Any, name: str, reason: str, **__: Any) -> str:
        try:
            colleagues.let_go(name=name, reason=reason, by=services.shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"{name} may log in no more"
