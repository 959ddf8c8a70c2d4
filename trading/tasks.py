"""Celery's doors into trading. Beat sends each every second; a worker that finds it taken returns at once."""

from functools import partial

from celery import shared_task

from infra.loops import run_loop
from trading import shard


@shared_task(name="trading.run_shard", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def run_shard(number: int) -> None:
    """Run one shard until its lease is lost or the worker ends."""
    run_loop(f"shard:{number}", partial(shard.run, number=number))
