"""``manage.py set_role NAME ROLE --reason R``: what a person may do from now on."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.access import colleagues
from risk.access.people import Role
from risk.errors import RiskError

NONE: Final = "none"


class Command(BaseCommand):
    help = (
        "Give a person exactly this role; none takes it away. Open consoles and tokens follow within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("role", choices=[*(role.value for role in Role), NONE])
        parser.add_argument("--reason", required=True, help="why, for the record")

    def handle(self, *_: Any, name: str, role: str, reason: str, **__: Any) -> str:
        given = None if role == NONE else Role(role)
        try:
            colleagues.set_role(name=name, role=given, reason=reason, by=services.shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"{name} has no role now" if given is None else f"{name} is {given} now"
