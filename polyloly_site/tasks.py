"""What the site itself does on a schedule, in the ops worker."""

import os

from celery import shared_task
from django.conf import settings

from infra import logs
from infra.children import PARENT_VARIABLE
from polyloly_site import snapshots, time_sync


@shared_task(name="site.write_snapshot", ignore_result=True)  # type: ignore[untyped-decorator]
def write_snapshot() -> None:
    """Every 30 s: the files of ``data/``."""
    snapshots.write()


@shared_task(name="site.check_time", ignore_result=True)  # type: ignore[untyped-decorator]
def check_time() -> None:
    """Every 30 s: ask the time server when it is due."""
    time_sync.ask_when_due()


@shared_task(name="site.rotate_log", ignore_result=True)  # type: ignore[untyped-decorator]
def rotate_log() -> None:
    """Each minute, where no launcher does it: among containers."""
    if PARENT_VARIABLE not in os.environ:
        logs.rotate(settings.POLYLOLY.logs_dir / "bot.jsonl")
