"""``manage.py restart_adapter NAME``: start one connection to the world anew, and wait until it runs again."""

import threading
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from core.units import Ms
from infra import clock
from infra.clock import now_ms
from risk import adapters, services
from risk.adapters import Adapter
from risk.errors import RiskError

RUNS_WITHIN_MS: Final = 30_000
LOOK_S: Final = 0.25


class Command(BaseCommand):
    help = "Start one connection to the world anew, and wait until it runs again. Trading of other markets goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="such as polymarket, discovery or matches")
        parser.add_argument("--reason", default="", help="why, for the record")

    def handle(self, *_: Any, name: str, reason: str, **__: Any) -> str:
        by = services.shell()
        try:
            ran = adapters.restart_adapter(name=name, reason=reason or f"by {by.name}", by=by, at=now_ms())
            again = _once_it_runs(ran)
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        if again is None:
            raise CommandError(
                f"{name} was told to start anew and does not run again after {RUNS_WITHIN_MS // 1000} s: see "
                "manage.py healthcheck and the log"
            )
        return f"{name} restarted: it runs since {clock.to_datetime(again):%Y-%m-%d %H:%M:%S} UTC"


def _once_it_runs(ran: Adapter) -> Ms | None:
    """When what runs now began, once that is another than what ran before; ``None`` when it never was."""
    end, pause = clock.monotonic_ms() + RUNS_WITHIN_MS, threading.Event()
    while clock.monotonic_ms() < end:
        now = adapters.adapter(ran.name).since_ms
        if now is not None and now != ran.since_ms:
            return now
        pause.wait(LOOK_S)
    return None
