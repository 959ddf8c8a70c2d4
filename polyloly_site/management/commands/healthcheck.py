"""``manage.py healthcheck``: every check on a line. 0 all pass, 1 one fails, 2 warnings only."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand

from infra import checks
from infra.checks import Check, Verdict
from polyloly_site.checks import light_of

EXIT: Final = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.WARN: 2}


class Command(BaseCommand):
    help = "Check everything. Exit 0: all pass, 1: something fails, 2: warnings only."
    # A database that is away is what this command is there to tell.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="ask time server, venue and trader anew first; takes seconds"
        )
        parser.add_argument(
            "--check-balance",
            action="store_true",
            help="ask the trader anew what the wallet holds and may spend; part of --full",
        )
        parser.add_argument("--json", action="store_true", help="one JSON list instead of lines")
        parser.add_argument("--process", metavar="NAME", help="only: does this process show its light?")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["full"]:
            checks.ask_all()
        elif options["check_balance"]:
            checks.ask({"wallet"} & checks.askings())  # on paper there is no wallet: the ledger is read
        found = checks.run_all() if options["process"] is None else [light_of(options["process"])]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(check) for check in found]))
        else:
            for check in found:
                self.stdout.write(line(check))
        sys.exit(EXIT[checks.worst(found)])


def line(check: Check) -> str:
    """Name, verdict, detail, age where it was not found out now, next step."""
    ago = "" if check.age_ms is None else f", {check.age_ms // 1000} s ago"
    then = f" -> {check.next_step}" if check.next_step else ""
    return f"{check.name:<14} {check.verdict.upper():<4} {check.detail}{ago}{then}"
