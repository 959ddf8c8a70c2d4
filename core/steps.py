"""What an engine is built with, and what it answers to one event."""

from dataclasses import dataclass, replace
from typing import Final

from core.intents import Cancel, Resync, WalletAction
from core.limits import Limits
from core.notes import Note
from core.risk import Approved, Refused
from core.strategies.params import Params


@dataclass(frozen=True, slots=True)
class Setup:
    """What an engine needs to know before the first event. ``account`` must not contain ``|``.

    ``own_shown``: the venue's book contains our own orders (not so on paper). ``limits_number``: the version of the
    limits; ``None`` where nobody agreed on any, as in a replay.
    """

    account: str
    params: Params
    limits: Limits
    limits_number: int | None
    own_shown: bool

    def with_limits(self, number: int, limits: Limits) -> "Setup":
        """The same under other limits. A leg's lead is both a limit and what a strategy plans with."""
        params = replace(self.params, imbalance_shares=limits.imbalance_shares)
        return replace(self, limits_number=number, limits=limits, params=params)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done, and what to remember, because of one event."""

    approved: tuple[Approved, ...]
    cancels: tuple[Cancel, ...]
    wallet_actions: tuple[WalletAction, ...]
    resyncs: tuple[Resync, ...]
    refusals: tuple[Refused, ...]
    notes: tuple[Note, ...]

    def __bool__(self) -> bool:
        return self is not NOTHING


NOTHING: Final = Step((), (), (), (), (), ())


class Draft:
    """A step being written."""

    __slots__ = ("approved", "cancels", "notes", "refusals", "resyncs", "wallet_actions")

    def __init__(self) -> None:
        self.approved: list[Approved] = []
        self.cancels: list[Cancel] = []
        self.wallet_actions: list[WalletAction] = []
        self.resyncs: list[Resync] = []
        self.refusals: list[Refused] = []
        self.notes: list[Note] = []

    def done(self) -> Step:
        step = Step(
            tuple(self.approved),
            tuple(self.cancels),
            tuple(self.wallet_actions),
            tuple(self.resyncs),
            tuple(self.refusals),
            tuple(self.notes),
        )
        return NOTHING if step == NOTHING else step
