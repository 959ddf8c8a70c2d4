"""The site as a Django app: the home of ``manage.py up`` and ``manage.py healthcheck``."""

import os

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as django_admin


class ConsoleAdminConfig(django_admin.AdminConfig):
    """Django's admin with our own site in it."""

    default = False
    default_site = "polyloly_site.admin_site.ConsoleAdminSite"


class SiteConfig(AppConfig):
    name = "polyloly_site"
    default = True
    verbose_name = "polyloly"

    def ready(self) -> None:
        """Clock, log and checks, the same in every process."""
        from infra import children, clock, logs
        from polyloly_site import checks, keys, machine_checks, money_checks, snapshots, time_sync
        from risk import services as risk
        from trading import services as trading

        polyloly = settings.POLYLOLY
        clock.start(polyloly.speed)
        children.watch_parent()
        process = os.environ.get("POLYLOLY_PROCESS", "command")
        logs.start(polyloly.logs_dir / "bot.jsonl", mode=polyloly.mode, process=process)
        machine_checks.register()
        time_sync.register()
        checks.register()
        money_checks.register()
        money_checks.mark_key()
        risk.register_state(snapshots.whole)
        trading.register_files(snapshots.write)
        if process == keys.HOLDER and polyloly.wallet is not None:
            keys.note_wallet(polyloly.var_dir, polyloly.wallet)
