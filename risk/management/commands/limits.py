"""``manage.py limits``: what was agreed, by whom, and what the files say where it differs."""

from typing import Any

from django.core.management.base import BaseCommand

from infra.clock import now_ms, to_datetime
from risk.limits import limits
from risk.limits.fields import UNITS, shown


class Command(BaseCommand):
    help = "Show the limits that bind."

    def handle(self, *_: Any, **__: Any) -> None:
        found = limits.agree_first(at=now_ms())
        now, files = found.fields.numbers(), limits.configured().numbers()
        self.stdout.write(
            f"version {found.number}, {to_datetime(found.at_ms):%Y-%m-%d %H:%M:%S} UTC by {found.by}: {found.reason}"
        )
        for name, unit in UNITS.items():
            differs = "" if now[name] == files[name] else f"   (config: {shown(name, files[name])})"
            self.stdout.write(f"{name:<24} {shown(name, now[name]):>12} {unit}{differs}")
