"""Tell the runners and the consoles, after the commit. Redis may be down: the row alone already holds.

Runners read the row each second and consoles read it when they connect, so a lost message costs a second.
"""

from functools import partial
from typing import Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis import RedisError

from core.events import Halted, Resumed
from infra import bus, logs

TOPIC: Final = "control"
GROUP: Final = "control"

log = logs.get("risk")


def on_commit(event: Halted | Resumed) -> None:
    """Publish ``event`` and nudge the consoles once the running transaction is committed."""
    transaction.on_commit(partial(_publish, event))
    consoles_on_commit()


def consoles_on_commit() -> None:
    """Let every console read the control state again."""
    transaction.on_commit(nudge_consoles)


def nudge_consoles() -> None:
    """As ``consoles_on_commit``, now."""
    layer = get_channel_layer()
    assert layer is not None, "CHANNEL_LAYERS has a default"
    try:
        async_to_sync(layer.group_send)(GROUP, {"type": "control.changed"})
    except (RedisError, OSError) as error:
        log.warning("consoles not told, they read at the next chance", error=str(error))


def _publish(event: Halted | Resumed) -> None:
    try:
        bus.publish(TOPIC, event)
    except (RedisError, OSError) as error:
        log.error("runners not told, they read the row", error=str(error), event_type="error")
