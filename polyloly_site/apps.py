"""The site as a Django app: the home of ``manage.py up`` and ``manage.py healthcheck``."""

import os

from django.apps import AppConfig
from django.conf import settings


class SiteConfig(AppConfig):
    name = "polyloly_site"
    verbose_name = "polyloly"

    def ready(self) -> None:
        """Clock, log and checks, the same in every process."""
        from infra import children, clock, logs
        from polyloly_site import checks, keys

        polyloly = settings.POLYLOLY
        clock.start(polyloly.speed)
        children.watch_parent()
        process = os.environ.get("POLYLOLY_PROCESS", "command")
        logs.start(polyloly.logs_dir / "bot.jsonl", mode=polyloly.mode, process=process)
        checks.register()
        if process == keys.HOLDER and polyloly.wallet is not None:
            keys.note_wallet(polyloly.var_dir, polyloly.wallet)
