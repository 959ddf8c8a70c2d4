"""Celery's doors into feeds. Beat sends each every second; a worker that finds it taken returns at once."""

from functools import partial

from celery import shared_task

from feeds import discovery, supervisor
from infra.loops import run_loop


@shared_task(name="feeds.discover", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def discover() -> None:
    """Find markets at the venue until the lease is lost or the worker ends."""
    run_loop("feed:discovery", discovery.run)


@shared_task(name="feeds.run_source", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def run_source(source: str) -> None:
    """Run one source until its lease is lost or the worker ends. Raises ``UnknownSource``."""
    run_loop(f"feed:{source}", partial(supervisor.run, source=supervisor.named(source)))
