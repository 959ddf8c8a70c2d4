"""``manage.py verify_audit``: is the record whole?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from risk.audit import check as audit_check
from risk.errors import RiskError


class Command(BaseCommand):
    help = "Follow the audit's chain from its first link. Exit 0: whole, 1: broken."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            found = audit_check.verify()
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        if found.broken is not None:
            self.stdout.write(
                f"broken at link {found.broken.number} ({found.broken.flaw}): {found.broken.words}"
            )
            self.stdout.write(f"{found.links} links before it are whole")
            sys.exit(1)
        self.stdout.write(f"whole: {found.links} links, the last digest is {found.end.digest}")
