"""Celery's doors into trading. Beat sends each every second; a worker that finds it taken returns at once."""

from functools import partial
from typing import Final

from celery import shared_task
from django.conf import settings

from core.units import Ms
from infra.checks import tell_at_start
from infra.clock import now_ms
from infra.loops import run_loop
from trading import services
from trading.health import venue_checks
from trading.models import Trigger
from trading.reconcile import standing
from trading.shard import shard

# A quiet evening makes some ten decisions a second; the orders that came of them are kept for good.
DECISIONS_KEPT: Final = 200_000
DECISION_AGE_MS: Final = 7 * 86_400_000
FORGOTTEN_AT_ONCE: Final = 1_000
BATCHES: Final = 20


@shared_task(name="trading.run_shard", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def run_shard(number: int) -> None:
    """Run one shard until its lease is lost or the worker ends."""
    run_loop(f"shard:{number}", partial(shard.run, number=number))


@shared_task(name="trading.run_wallet", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def run_wallet() -> None:
    """Hold the wallet, where orders are signed, until the lease is lost or the worker ends."""
    wallet = settings.POLYLOLY.wallet
    if wallet is not None and settings.POLYLOLY.private_key is not None:
        # Only the trader needs the official SDK, which takes most of a second to import.
        from trading.wallet import keeper as wallet_keeper

        run_loop(wallet_keeper.name_of(wallet), wallet_keeper.run)


@shared_task(name="trading.check_venue", ignore_result=True)  # type: ignore[untyped-decorator]
def check_venue() -> None:
    """Each 30 s, in ops: what the venue tells anybody, for the health check."""
    venue_checks.ask_public()


@shared_task(name="trading.reconcile", ignore_result=True)  # type: ignore[untyped-decorator]
def reconcile(trigger: str = Trigger.SCHEDULE.value) -> None:
    """Each 60 s and when a trader begins, in ops: our books against the venue and the chain."""
    ran = services.reconcile(Trigger(trigger))
    if ran is not None and trigger == Trigger.START.value:
        tell_at_start(standing.check())


@shared_task(name="trading.forget_decisions", ignore_result=True)  # type: ignore[untyped-decorator]
def forget_decisions() -> None:
    """Each minute: keep the table of decisions bounded, in batches small enough for SQLite's one writer."""
    for _ in range(BATCHES):
        older = Ms(now_ms() - DECISION_AGE_MS)
        if not services.forget_decisions(keep=DECISIONS_KEPT, older_than_ms=older, batch=FORGOTTEN_AT_ONCE):
            return
