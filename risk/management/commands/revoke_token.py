"""``manage.py revoke_token NUMBER``: end a token at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.access import tokens
from risk.errors import RiskError


class Command(BaseCommand):
    help = "End a token at once. Its number is in GET /api/v1/tokens and in the Django admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int)

    def handle(self, *_: Any, number: int, **__: Any) -> str:
        try:
            ended = tokens.revoke_token(token_id=number, by=services.shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"{ended} is revoked"
