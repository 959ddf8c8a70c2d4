"""``manage.py make_token USER NAME --scope SCOPE``: a token for the API."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.access import tokens
from risk.errors import RiskError
from risk.models import Scope

NEVER: Final = "never"


def days(text: str) -> int | None:
    return None if text == NEVER else int(text)


class Command(BaseCommand):
    help = "Make a token with which a person uses the API. It is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="whose token")
        parser.add_argument("name", help="to tell it from the others")
        parser.add_argument("--scope", required=True, choices=[scope.value for scope in Scope])
        parser.add_argument("--days", type=days, default=90, help="until it expires, or never (default: 90)")

    def handle(self, *_: Any, user: str, name: str, scope: str, days: int | None, **__: Any) -> str:
        try:
            made = tokens.make_token(
                owner=user, name=name, scope=Scope(scope), days=days, by=services.shell(), at=now_ms()
            )
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"token {made.row.pk} of {user}, {scope}. Keep it, it is not shown again:\n{made.token}"
