"""Orders of an earlier life of the process, as its rows tell them: what an engine takes up before it trades."""

from dataclasses import dataclass

from core.ids import FillId, OrderId
from core.intents import Place
from core.lifecycle import Status
from core.units import Ms, Shares, Usdc


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """One order as it was left. What had not ended is UNKNOWN: nobody heard what became of it since.

    Units:
        fills:   all that were booked, those that FAILED included.
        filled, amount, fee: totals of these fills; ``amount`` is before the fee.
        since_ms: when the status began; of an UNKNOWN one when it became so.
        orphaned_ms: when a later life of its shard first found it open: by then its process was gone, and with it
                     every socket that carried it. ``None`` of one that no process left open.
    """

    place: Place
    order_id: OrderId
    status: Status
    fills: tuple[FillId, ...]
    filled: Shares
    amount: Usdc
    fee: Usdc
    since_ms: Ms
    orphaned_ms: Ms | None
