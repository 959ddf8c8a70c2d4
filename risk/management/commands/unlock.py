"""``manage.py unlock [WHO ...]``: end lockouts of the log-in; without a name, say which there are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.access import lockouts
from risk.models import Lockout


class Command(BaseCommand):
    help = "Say who is locked out of the log-in; with names, addresses or --all, let them try again at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("who", nargs="*", help="names, addresses or browsers, as this command lists them")
        parser.add_argument("--all", action="store_true", dest="everybody", help="every lockout in force")

    def handle(self, *_: Any, who: list[str], everybody: bool, **__: Any) -> str:
        at = now_ms()
        rows = list(lockouts.in_force(at))
        if not who and not everybody:
            return "\n".join(self.line(row) for row in rows) or "nobody is locked out"
        unknown = set(who) - {row.subject for row in rows}
        if unknown:
            raise CommandError(f"not locked out: {', '.join(sorted(unknown))}; manage.py unlock lists who is")
        for row in rows:
            if everybody or row.subject in who:
                by = services.shell()
                lockouts.lift(lockout_id=row.pk, reason="by manage.py unlock", by=by, at=at)
        return f"{len(rows) if everybody else len(who)} may try again"

    def line(self, row: Lockout) -> str:
        left = lockouts.minutes_left(row, at=now_ms())
        return f"{row.kind} {row.subject}: {row.tries} wrong tries, last from {row.from_address}, {left} min left"
