"""What risk does by itself, in the ops worker. Each task is short; beat asks again."""

from typing import Final

from celery import shared_task

from infra.clock import now_ms
from risk.http.remembered import forget_old
from risk.services import thin_valuations

THINNED_AT_ONCE: Final = 2_000
FORGOTTEN_AT_ONCE: Final = 2_000


@shared_task(name="risk.thin_valuations", ignore_result=True)  # type: ignore[untyped-decorator]
def thin() -> None:
    """Each minute: keep one valuation a minute of what is older than a day."""
    thin_valuations(at=now_ms(), batch=THINNED_AT_ONCE)


@shared_task(name="risk.forget_answers", ignore_result=True)  # type: ignore[untyped-decorator]
def forget_answers() -> None:
    """Each minute: forget the answers to POSTs with an ``Idempotency-Key`` that are older than 24 hours."""
    forget_old(at=now_ms(), batch=FORGOTTEN_AT_ONCE)
