"""``manage.py login_link NAME``: let somebody in without a password, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from risk import services
from risk.access import links


class Command(BaseCommand):
    help = "Print a link that logs this person in once, within 15 minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *_: Any, name: str, **__: Any) -> str:
        return links.once(name, by=services.shell())
