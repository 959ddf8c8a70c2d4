"""Each life of a trader begins with a reconciliation (product.md 3), asked of ops: trading does not wait for it.

What must be known before the first order is compared by the floor itself (``live.LiveFloor.take_up``).
"""

from typing import Final

from celery import current_app
from kombu.exceptions import OperationalError

from infra import logs
from trading.models import Trigger

TASK: Final = "trading.reconcile"
AFTER_S: Final = 10  # by then the trader has said what rests and what it holds
EXPIRES_S: Final = 120

log = logs.get("trading")


def ask() -> None:
    """From the trader's worker, once it is ready. Without a queue the schedule's next run is the first."""
    try:
        current_app.send_task(
            TASK, (Trigger.START.value,), queue="ops", countdown=AFTER_S, expires=EXPIRES_S, retry=False
        )
    except (OperationalError, OSError) as error:
        log.warning("reconciliation at the start not asked for", error=str(error))
