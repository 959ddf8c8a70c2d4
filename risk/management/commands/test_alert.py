"""``manage.py test_alert``: does a message reach everybody? 0 all told, 1 somebody was not, or nobody is to be told."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from risk.access.people import shell
from risk.alerts import sender


class Command(BaseCommand):
    help = "Send a test message to every channel of ALERT_URLS. Exit 0: all told, 1: not, or there is none."

    def handle(self, *_: Any, **__: Any) -> None:
        found = sender.send_test(shell().name)
        for name, verdict in found.items():
            self.stdout.write(f"{name:<14} {'told' if verdict.succeeded else 'NOT TOLD'} {verdict.detail}")
        if not found:
            self.stdout.write("nobody is told: set ALERT_URLS, one apprise address a line")
        sys.exit(0 if found and all(verdict.succeeded for verdict in found.values()) else 1)
