"""Tell the runners and the consoles. Redis may be down: the row alone already holds.

Runners read the row each second and consoles read it when they connect, so a lost message costs a second. A halt is
told twice: at once, so that nothing leaves while its row is being written, and after the commit, when it is there.
"""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
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
CONTROL: Final = "control.changed"
INCIDENTS: Final = "incidents.changed"
NUDGED_WITHIN_S: Final = 0.5

_messengers: Final = ThreadPoolExecutor(4, thread_name_prefix="telling runners")

log = logs.get("risk")


def on_commit(event: Halted | Resumed) -> None:
    """Publish ``event`` and nudge the consoles once the running transaction is committed."""
    transaction.on_commit(partial(tell_runners, event))
    consoles_on_commit()


def consoles_on_commit() -> None:
    """Let every console read the control state again."""
    transaction.on_commit(nudge_consoles)


def incidents_on_commit() -> None:
    """Let every console that shows incidents ask for them again."""
    transaction.on_commit(partial(nudge_consoles, INCIDENTS))


def nudge_consoles(what: str = CONTROL) -> None:
    """As ``consoles_on_commit``, now. A Redis that hangs is not waited for."""
    async_to_sync(_nudge)(what)


async def _nudge(what: str) -> None:
    layer = get_channel_layer()
    assert layer is not None, "CHANNEL_LAYERS has a default"
    sending = asyncio.ensure_future(layer.group_send(GROUP, {"type": what}))
    _, late = await asyncio.wait({sending}, timeout=NUDGED_WITHIN_S)
    if late:
        sending.cancel()
        log.warning("consoles not told, they read at the next chance", error="Redis hangs")
        return
    try:
        sending.result()
    except (RedisError, OSError) as error:
        log.warning("consoles not told, they read at the next chance", error=str(error))


def tell_runners_meanwhile(event: Halted | Resumed) -> "Future[bool]":
    """As ``tell_runners``, on a thread: whoever presses goes on at once, also where Redis hangs."""
    return _messengers.submit(tell_runners, event)


def tell_runners(event: Halted | Resumed) -> bool:
    """Publish ``event`` now. False when it did not leave: the runners then read the row."""
    try:
        bus.publish_quickly(TOPIC, event)
    except (RedisError, OSError) as error:
        log.error("runners not told, they read the row", error=str(error), event_type="error")
        return False
    return True
