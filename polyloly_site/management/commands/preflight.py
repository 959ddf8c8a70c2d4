"""``manage.py preflight``: every check that real money needs, asked anew and kept. 0 passed, 1 not."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from infra.clock import now_ms
from polyloly_site.management.commands.healthcheck import line
from risk.access.people import shell
from risk.arming import preflight


class Command(BaseCommand):
    help = "Run the preflight and keep what it found; arming needs one that passed within ten minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")

    def handle(self, *_: Any, **options: Any) -> None:
        row = preflight.run(by=shell(), at=now_ms())
        found = preflight.read(row)
        if options["json"]:
            told = {"id": row.pk, "passed": row.passed, "checks": [asdict(check) for check in found]}
            self.stdout.write(json.dumps(told))
        else:
            for check in found:
                self.stdout.write(line(check))
            verdict = (
                "passed: it counts for ten minutes"
                if row.passed
                else "failed: see to the lines that say FAIL"
            )
            self.stdout.write(f"preflight {row.pk} {verdict}")
        sys.exit(0 if row.passed else 1)
