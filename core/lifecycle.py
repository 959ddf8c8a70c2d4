"""The life of an order, as a table. Everything that affects its status is in this file; for what it traded see
``core.settlement``.

``NEXT`` is total with ``IGNORED`` beside it: a pair of state and happening is a move or a harmless repeat. Only
what we ourselves can never do is ``IllegalTransition``; a venue may say anything, late, twice and in any order.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    PENDING = "pending"  # decided; the row may not be written yet
    SENT = "sent"  # on the wire, no answer yet
    LIVE = "live"
    DELAYED = "delayed"  # held by the venue's taker delay; cannot be cancelled
    PARTIAL = "partial"
    MATCHED = "matched"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    NEVER_LANDED = "never_landed"


class Happening(StrEnum):
    SENT = "sent"
    ACKED_LIVE = "acked_live"
    ACKED_DELAYED = "acked_delayed"
    ACKED_MATCHED = "acked_matched"
    REJECTED = "rejected"
    UNANSWERED = "unanswered"
    FILLED_PART = "filled_part"
    FILLED_WHOLE = "filled_whole"
    CANCEL_ASKED = "cancel_asked"
    CANCEL_FAILED = "cancel_failed"
    CANCELLED = "cancelled"  # also the killed rest of a marketable order
    EXPIRED = "expired"
    NOT_FOUND = "not_found"  # asked twice, the venue has never heard of it
    REAPPEARED = (
        "reappeared"  # told as over, and it is there; who says so has made sure that it is no late word
    )


NEXT: Final[Mapping[Status, Mapping[Happening, Status]]] = {
    Status.PENDING: {
        Happening.SENT: Status.SENT,
        Happening.REJECTED: Status.REJECTED,  # it never left
        Happening.UNANSWERED: Status.UNKNOWN,  # the process died before it could say
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.SENT: {
        Happening.REAPPEARED: Status.LIVE,
        Happening.ACKED_LIVE: Status.LIVE,
        Happening.ACKED_DELAYED: Status.DELAYED,
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.REJECTED: Status.REJECTED,
        Happening.UNANSWERED: Status.UNKNOWN,
        # The channel may tell the end before the request's own answer is there.
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.NOT_FOUND: Status.NEVER_LANDED,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.DELAYED: {
        Happening.REAPPEARED: Status.LIVE,
        Happening.ACKED_LIVE: Status.LIVE,
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.REJECTED: Status.REJECTED,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.UNANSWERED: Status.UNKNOWN,
        Happening.NOT_FOUND: Status.NEVER_LANDED,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.LIVE: {
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.CANCEL_ASKED: Status.CANCELLING,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.NOT_FOUND: Status.NEVER_LANDED,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.PARTIAL: {
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.CANCEL_ASKED: Status.CANCELLING,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.NOT_FOUND: Status.CANCELLED,  # it traded, so it was there: the rest is gone
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.CANCELLING: {
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.NOT_FOUND: Status.NEVER_LANDED,
        # A cancel that was not carried out does not say what the order is now.
        Happening.CANCEL_FAILED: Status.UNKNOWN,
        Happening.UNANSWERED: Status.UNKNOWN,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.UNKNOWN: {
        Happening.REAPPEARED: Status.LIVE,
        Happening.ACKED_LIVE: Status.LIVE,
        Happening.ACKED_DELAYED: Status.DELAYED,
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.REJECTED: Status.REJECTED,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.NOT_FOUND: Status.NEVER_LANDED,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.MATCHED: {
        Happening.CANCELLED: Status.CANCELLED,  # the rest of a match was killed
        Happening.EXPIRED: Status.EXPIRED,
        Happening.FILLED_PART: Status.MATCHED,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.CANCELLED: {
        Happening.REAPPEARED: Status.LIVE,
        # Matched before the cancel, told after it.
        Happening.FILLED_PART: Status.CANCELLED,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.EXPIRED: {
        Happening.REAPPEARED: Status.LIVE,
        Happening.FILLED_PART: Status.EXPIRED,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    # We were told it does not exist, and it was seen on the book or traded: it does, and its rest may still be there.
    Status.REJECTED: {
        Happening.REAPPEARED: Status.LIVE,
        Happening.ACKED_LIVE: Status.LIVE,
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
    Status.NEVER_LANDED: {
        Happening.REAPPEARED: Status.LIVE,
        Happening.ACKED_LIVE: Status.LIVE,
        Happening.ACKED_DELAYED: Status.DELAYED,
        Happening.ACKED_MATCHED: Status.MATCHED,
        Happening.CANCELLED: Status.CANCELLED,
        Happening.EXPIRED: Status.EXPIRED,
        Happening.FILLED_PART: Status.PARTIAL,
        Happening.FILLED_WHOLE: Status.MATCHED,
    },
}

CLOSED: Final = (Status.CANCELLED, Status.EXPIRED, Status.REJECTED, Status.NEVER_LANDED)

# Answers come twice, over two roads and late. These say nothing new and change nothing.
IGNORED: Final = frozenset(
    {
        # We cannot cancel what is not yet on the book: the wish is noted, the status stays.
        (Status.PENDING, Happening.CANCEL_ASKED),
        (Status.SENT, Happening.CANCEL_ASKED),
        (Status.SENT, Happening.CANCEL_FAILED),
        (Status.SENT, Happening.SENT),
        (Status.DELAYED, Happening.SENT),
        (Status.DELAYED, Happening.CANCEL_ASKED),
        (Status.DELAYED, Happening.CANCEL_FAILED),
        (Status.DELAYED, Happening.ACKED_DELAYED),
        (Status.CANCELLING, Happening.CANCEL_ASKED),
        (Status.CANCELLING, Happening.ACKED_LIVE),
        (Status.CANCELLING, Happening.ACKED_DELAYED),
        (Status.CANCELLING, Happening.SENT),
        (Status.CANCELLING, Happening.REAPPEARED),
        # A cancel by id of an UNKNOWN order does not make it known.
        (Status.UNKNOWN, Happening.CANCEL_ASKED),
        (Status.UNKNOWN, Happening.CANCEL_FAILED),
        (Status.UNKNOWN, Happening.UNANSWERED),
        (Status.UNKNOWN, Happening.SENT),
    }
    | {
        (status, happening)
        for status in (Status.LIVE, Status.PARTIAL)
        for happening in (
            Happening.SENT,
            Happening.ACKED_LIVE,
            Happening.ACKED_DELAYED,
            Happening.UNANSWERED,
            Happening.CANCEL_FAILED,
            Happening.REAPPEARED,
        )
    }
    | {
        (Status.MATCHED, happening)
        for happening in (
            Happening.REAPPEARED,
            Happening.SENT,
            Happening.ACKED_LIVE,
            Happening.ACKED_DELAYED,
            Happening.ACKED_MATCHED,
            Happening.UNANSWERED,
            Happening.CANCEL_ASKED,
            Happening.CANCEL_FAILED,
            Happening.NOT_FOUND,
        )
    }
    # A refusal of what was seen on the book is one of a copy: identical bytes were sent again, and the first of
    # them lock the balance that the second would need.
    | {
        (status, Happening.REJECTED)
        for status in (Status.LIVE, Status.PARTIAL, Status.CANCELLING, Status.MATCHED, Status.REJECTED)
    }
    | {
        (status, happening)
        for status in CLOSED
        for happening in (Happening.CANCEL_ASKED, Happening.CANCEL_FAILED, Happening.UNANSWERED)
    }
    # Its end was told over one road before its beginning came over the other.
    | {
        (status, happening)
        for status in (Status.CANCELLED, Status.EXPIRED)
        for happening in (
            Happening.SENT,
            Happening.ACKED_LIVE,
            Happening.ACKED_DELAYED,
            Happening.ACKED_MATCHED,
            Happening.REJECTED,
            Happening.CANCELLED,
            Happening.EXPIRED,
            Happening.NOT_FOUND,
        )
    }
    | {
        (
            Status.REJECTED,
            Happening.ACKED_DELAYED,
        ),  # refused after the delay: the answer to the request is late
        (Status.REJECTED, Happening.NOT_FOUND),
        (Status.NEVER_LANDED, Happening.NOT_FOUND),
        (Status.NEVER_LANDED, Happening.REJECTED),
    }
)

# In these the order may still match, now or when the venue gets to it.
OPEN: Final = frozenset(
    {
        Status.PENDING,
        Status.SENT,
        Status.LIVE,
        Status.DELAYED,
        Status.PARTIAL,
        Status.CANCELLING,
        Status.UNKNOWN,
    }
)


class IllegalTransition(Exception):
    """The venue, or we, said something that cannot follow the state that was reached."""

    def __init__(self, state: StrEnum, happening: StrEnum) -> None:
        super().__init__(f"{happening} cannot follow {state}")
        self.state = state
        self.happening = happening


def step(status: Status, happening: Happening) -> Status:
    """Return the order's status after ``happening``; ``status`` itself if it is a harmless repeat."""
    if (status, happening) in IGNORED:
        return status
    try:
        return NEXT[status][happening]
    except KeyError:
        raise IllegalTransition(status, happening) from None
