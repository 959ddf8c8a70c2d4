"""``manage.py halt R``: the stop button of the shell."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from infra.clock import now_ms
from risk import services
from risk.errors import HaltKept
from risk.services import HaltCode


class Command(BaseCommand):
    help = "Stop all trading now. The runners cancel their open orders and prove it. Again is fine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason", help="why, for the record and the console")

    def handle(self, *_: Any, reason: str, **__: Any) -> str:
        try:
            halt = services.halt_trading(
                code=HaltCode.MANUAL, detail=reason, by=services.shell(), at=now_ms()
            )
        except HaltKept as kept:
            return f"halted, {kept}"
        why = f"{halt.code}, {halt.detail}" if halt.detail else halt.code
        return f"halted, round {halt.pressed}: {why}"
