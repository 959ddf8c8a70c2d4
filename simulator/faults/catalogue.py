"""Which faults there are, and what switching one on says. Read this first."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.units import Ms

ALWAYS: Final = 1_000  # a rate is in thousandths


class Name(StrEnum):
    DROP_BEFORE = "drop_before"
    DROP_AFTER_ACCEPT = "drop_after_accept"
    LATE = "late"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    RATE_LIMIT = "rate_limit"
    STALE_BOOK = "stale_book"
    SKEW = "skew"
    RESTART = "restart"
    REVERT = "revert"
    CLOSE_SOCKETS = "close_sockets"
    FREEZE = "freeze"
    TEAR = "tear"
    MUTE_RESOLVED = "mute_resolved"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    MISSING_MAKERS = "missing_makers"


# What happens, and what its rate is a chance of. ``manage.py simulator_faults list`` prints it.
MEANING: Final[Mapping[Name, str]] = {
    Name.DROP_BEFORE: "the connection breaks before a request is read; rate per request",
    Name.DROP_AFTER_ACCEPT: "a request is carried out, then the connection breaks; rate per accepted request",
    Name.LATE: "a request is carried out at once and answered 2 to 8 s later; rate per request",
    Name.ERROR_BEFORE: "5xx instead of doing what was asked; rate per request",
    Name.ERROR_AFTER: "5xx although it was done; rate per accepted request",
    Name.RATE_LIMIT: "429 with Retry-After instead of doing what was asked; rate per request",
    Name.STALE_BOOK: "/book and /books answer a book of 10 s ago or longer; rate per book",
    Name.SKEW: "the venue's clock is off by some seconds while this is on, whatever the rate",
    Name.RESTART: "425 for some seconds, then two minutes post-only; rate per second without one",
    Name.REVERT: "a trade is tried again or fails after it was matched; rate per trade",
    Name.CLOSE_SOCKETS: "a websocket breaks; rate per socket and second",
    Name.FREEZE: "a websocket loses all data for 5 to 20 s and answers PING; rate per socket and second",
    Name.TEAR: "one token's messages come 1 to 4 s after the other's; rate per market, socket and second",
    Name.MUTE_RESOLVED: "the market channel does not say that a market resolved; rate per resolution",
    Name.DUPLICATE: "an event of the user channel comes twice; rate per event",
    Name.REORDER: "an event of the user channel is overtaken, up to 2 s; rate per event",
    Name.MISSING_MAKERS: "a trade comes without maker_orders; rate per trade event",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, switched on.

    Units:
        rate:    thousandths, 1 to 1,000, of what ``MEANING`` says.
        seed:    the same seed and the same opportunities strike the same ones.
        for_ms:  how long, by the clock; ``None`` is until switched off.
        target:  a path prefix for faults of requests, a channel's name for those of sockets; ``None`` is all
                 that the fault is meant for.
        seconds: of SKEW only, ahead when positive; ``None`` lets the seed decide.
    """

    name: Name
    rate: int
    seed: int
    for_ms: Ms | None = None
    target: str | None = None
    seconds: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.rate <= ALWAYS:
            raise ValueError(f"the rate of {self.name} is 1 to {ALWAYS} thousandths, not {self.rate}")
        if self.for_ms is not None and self.for_ms <= 0:
            raise ValueError(f"{self.name} cannot last {self.for_ms} ms")
        if self.seconds is not None and self.name is not Name.SKEW:
            raise ValueError(f"{self.name} takes no seconds, only {Name.SKEW} does")
