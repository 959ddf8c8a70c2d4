"""``manage.py look_first``: may this stack start? The launcher's looks, for containers, which start without it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from infra import logs
from polyloly_site import first_look, launcher


class Command(BaseCommand):
    help = "Look at everything a start needs, in order, and log it. Exit 0: it may start; 1: one line says why not."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            first_look.look(settings.POLYLOLY)
        except launcher.CannotStart as error:
            raise CommandError(str(error)) from error
        finally:
            logs.flush()
        self.stdout.write("it may start")
