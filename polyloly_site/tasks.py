"""What the site itself does on a schedule, in the ops worker."""

from celery import shared_task

from polyloly_site import snapshots


@shared_task(name="site.write_snapshot", ignore_result=True)  # type: ignore[untyped-decorator]
def write_snapshot() -> None:
    """Every 30 s: the files of ``data/``."""
    snapshots.write()
