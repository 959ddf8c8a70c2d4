"""What a word of the venue on where an order stands means, given what the core was told before. Read ``MOVES``."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.answers import AckStatus
from trading.gateways.polymarket.orders.translate import Standing


class Stage(StrEnum):
    """What the core has been told of an order."""

    SENT = "sent"
    DELAYED = "delayed"
    LIVE = "live"
    MATCHED = "matched"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    REFUSED = "refused"  # rejected or never landed: it should not exist, and is still watched


class Move(StrEnum):
    ACK = "ack"
    CLOSE = "close"
    REJECT = "reject"
    WITHDRAW = "withdraw"  # told as matched, and something rests: the core cannot cancel it, so we do
    REOPEN = "reopen"  # it exists after all
    NOTHING = "nothing"


# Late and repeated words fall on NOTHING.
MOVES: Final[Mapping[Stage, Mapping[Standing, Move]]] = {
    Stage.SENT: {
        Standing.LIVE: Move.ACK,
        Standing.DELAYED: Move.ACK,
        Standing.MATCHED: Move.ACK,
        Standing.CANCELLED: Move.CLOSE,
        Standing.INVALID: Move.REJECT,
    },
    Stage.UNKNOWN: {
        Standing.LIVE: Move.ACK,
        Standing.DELAYED: Move.ACK,
        Standing.MATCHED: Move.ACK,
        Standing.CANCELLED: Move.CLOSE,
        Standing.INVALID: Move.CLOSE,
    },
    Stage.DELAYED: {
        Standing.LIVE: Move.ACK,
        Standing.DELAYED: Move.NOTHING,
        Standing.MATCHED: Move.ACK,
        Standing.CANCELLED: Move.CLOSE,
        Standing.INVALID: Move.REJECT,
    },
    Stage.LIVE: {
        Standing.LIVE: Move.NOTHING,
        Standing.DELAYED: Move.NOTHING,
        Standing.MATCHED: Move.ACK,
        Standing.CANCELLED: Move.CLOSE,
        Standing.INVALID: Move.CLOSE,
    },
    Stage.MATCHED: {
        Standing.LIVE: Move.WITHDRAW,
        Standing.DELAYED: Move.NOTHING,
        Standing.MATCHED: Move.NOTHING,
        Standing.CANCELLED: Move.CLOSE,
        Standing.INVALID: Move.CLOSE,
    },
    Stage.CLOSED: dict.fromkeys(Standing, Move.NOTHING),
    Stage.REFUSED: {
        Standing.LIVE: Move.REOPEN,
        Standing.DELAYED: Move.REOPEN,
        Standing.MATCHED: Move.REOPEN,
        Standing.CANCELLED: Move.CLOSE,
        Standing.INVALID: Move.CLOSE,
    },
}
ACKS: Final = {
    Standing.LIVE: (Stage.LIVE, AckStatus.LIVE),
    Standing.DELAYED: (Stage.DELAYED, AckStatus.DELAYED),
    Standing.MATCHED: (Stage.MATCHED, AckStatus.MATCHED),
}
OVER: Final = frozenset({Stage.CLOSED, Stage.REFUSED})
