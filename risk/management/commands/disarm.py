"""``manage.py disarm [R]``: no order reaches the venue from here on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from infra.clock import now_ms
from risk.access.people import shell
from risk.arming import arming


class Command(BaseCommand):
    help = "Disarm: no order leaves from here on, what rests is withdrawn, the paper account goes on. Again is fine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason", nargs="?", default="", help="why, if there is time to say")

    def handle(self, *_: Any, reason: str, **__: Any) -> str:
        ended = arming.disarm(reason=reason, by=shell(), at=now_ms())
        return "not armed any more" if ended else "nothing was armed"
