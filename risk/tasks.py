"""What risk does by itself, in the ops worker. Each task is short; beat asks again."""

from typing import Final

from celery import shared_task
from django.conf import settings

from infra.clock import now_ms
from risk import watchdog
from risk.services import thin_valuations

THINNED_AT_ONCE: Final = 2_000


@shared_task(name="risk.watch", ignore_result=True)  # type: ignore[untyped-decorator]
def watch() -> None:
    """Each second: the daily loss, halts that end by themselves, and proofs that do not come."""
    watchdog.watch(at=now_ms(), daily_loss=settings.POLYLOLY.limits.daily_loss)


@shared_task(name="risk.thin_valuations", ignore_result=True)  # type: ignore[untyped-decorator]
def thin() -> None:
    """Each minute: keep one valuation a minute of what is older than a day."""
    thin_valuations(at=now_ms(), batch=THINNED_AT_ONCE)
