"""What a refused order says about the trouble we are in: one table over every reject code.

Circuit breakers (``core.breaker``) and errors in a row (``core.errors_in_a_row``) weigh refusals by it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.answers import RejectCode


class Weight(StrEnum):
    COUNTS = "counts"  # the venue refused what we believed in order: we, or it, have got something wrong
    BENIGN = "benign"  # the price was there first: part of the trade, neither an error nor a success
    WINDOW = "window"  # the venue takes no orders now, ours or anybody's (``core.windows``)
    OURS = "ours"  # a halt or a lease came first: the order never left, the venue said nothing
    UNWRITTEN = "unwritten"  # our own database failed: it never left either, but that is an error


WEIGHT: Final[Mapping[RejectCode, Weight]] = {
    RejectCode.POST_ONLY_WOULD_CROSS: Weight.BENIGN,
    RejectCode.NOT_FILLED: Weight.BENIGN,
    RejectCode.NOT_ENOUGH_BALANCE: Weight.COUNTS,
    RejectCode.OFF_TICK: Weight.COUNTS,
    RejectCode.BELOW_MINIMUM: Weight.COUNTS,
    RejectCode.NOT_READY: Weight.COUNTS,
    RejectCode.RATE_LIMITED: Weight.COUNTS,
    RejectCode.RESTARTING: Weight.WINDOW,
    RejectCode.POST_ONLY_MODE: Weight.WINDOW,
    RejectCode.CANCEL_ONLY: Weight.WINDOW,
    RejectCode.TRADING_OFF: Weight.WINDOW,
    RejectCode.UNTRADABLE: Weight.COUNTS,
    RejectCode.UNAUTHORIZED: Weight.COUNTS,
    RejectCode.NOT_SENT: Weight.OURS,
    RejectCode.NOT_WRITTEN: Weight.UNWRITTEN,
    RejectCode.OTHER: Weight.COUNTS,
}
