"""What risk asks of the apps that know the venue. They register it when they are ready: risk may not import them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from core.units import Ms


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What ops found and did at the venue by its own hand, in one go.

    Units:
        found:       orders of ours that were open there at first.
        still_open:  ids that are open there after the cancelling; ``None`` when it did not answer.
        unknown:     ids of orders of which nobody can say that they are over.
        last_sent:   when an order may have left last, by the rows; ``None``: never.
        provable_from: before this moment an order sent earlier could still appear.
        note:        what these figures cannot say; ``None`` when they say it all.
    """

    found: int
    still_open: tuple[str, ...] | None
    unknown: tuple[str, ...]
    last_sent: Ms | None
    provable_from: Ms
    note: str | None


@dataclass(slots=True)
class Links:
    """What was registered; ``None`` where nobody did.

    withdraw:    cancel everything, or one market's orders, and look what is left. Bounded in time, never raises for
                 what the venue does.
    frame_age:   real ms since a runner last heard a frame of the venue; ``None`` when nobody says.
    time_answers: does ``GET /time`` answer? A venue that restarts (425) answers. Bounded in time, never raises.
    sources_age: real ms since any esports source was connected; ``None`` when nobody says.
    reconciled:  is the ledger the venue's? Absent it counts as clean: nothing else is known then.
    """

    withdraw: Callable[[str | None], Withdrawn] | None = None
    frame_age: Callable[[], int | None] | None = None
    time_answers: Callable[[], bool] | None = None
    sources_age: Callable[[], int | None] | None = None
    reconciled: list[Callable[[], bool]] = field(default_factory=list)


links: Final = Links()


def register_withdraw(withdraw: Callable[[str | None], Withdrawn]) -> None:
    links.withdraw = withdraw


def register_signs(*, frame_age: Callable[[], int | None], time_answers: Callable[[], bool]) -> None:
    links.frame_age, links.time_answers = frame_age, time_answers


def register_reconciliation(clean: Callable[[], bool]) -> None:
    """Add one that must agree before a disconnection ends by itself."""
    links.reconciled.append(clean)


def reconciled() -> bool:
    return all(clean() for clean in links.reconciled)
