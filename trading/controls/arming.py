"""The gate of a shard that must be armed: whose money it trades with, and until when.

A shard that begins while somebody has armed trades with the wallet, one that begins otherwise trades on paper; each
lives until that changes (``trading.shard.shard.run``). The row is read with those of the halts, each second and after
every message (``trading.controls.halting``): a reading that fails for three seconds stops all trading there.
"""

import asyncio
from typing import Final

from django.conf import settings

from infra import clock, heartbeat, logs
from risk import selectors, services
from risk.selectors import ArmingInForce

NOT_ARMED: Final = services.NOT_ARMED

log = logs.get("trading")


def armed_now() -> ArmingInForce | None:
    """The arming under which this process may trade now, by its row. Touches the database."""
    return selectors.armed_here(heartbeat.LIFE, clock.now_ms())


class Gate:
    """``under``: the arming this shard trades with the wallet under; ``None``: on paper, until somebody arms."""

    def __init__(self, under: int | None) -> None:
        self.under = under
        self.switched = asyncio.Event()  # the shard is to end, and to begin on the other side of the gate

    @property
    def withdraws(self) -> bool:
        """Whether what rests goes when the shard ends, whatever the settings say: its arming ends too."""
        stays = settings.POLYLOLY.live_stays_armed
        return self.under is not None and (self.switched.is_set() or not stays)

    def take(self, found: int | None) -> None:
        """What the row says now: the arming that holds for this process. Another one than ours ends ours too."""
        if found == self.under or self.switched.is_set():
            return
        log.warning("the gate turns", event_type="state_transition", was=self.under, armed=found)
        self.switched.set()

    @property
    def stops(self) -> str | None:
        """Why nothing may be traded on this side any more. On paper nothing stops: it only ends."""
        return NOT_ARMED if self.under is not None and self.switched.is_set() else None
