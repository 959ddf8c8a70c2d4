"""``manage.py make_user NAME --role ROLE``: let a colleague in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.access import colleagues, links
from risk.access.people import Role
from risk.errors import RiskError


class Command(BaseCommand):
    help = "Make a person with a role and print a link that lets them in once. There they set a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="to log in with, and for the record")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])

    def handle(self, *_: Any, name: str, role: str, **__: Any) -> str:
        by = services.shell()
        try:
            colleagues.make_user(name=name, role=Role(role), by=by, at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"{name} is {role}\n{links.once(name, by=by)}"
