"""How a halt's row is pressed and ended. Guarded UPDATEs, so that two people at once make one halt."""

from typing import Final, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F

from core.units import Ms
from infra import clock
from infra.clock import to_datetime
from risk.access.people import Actor
from risk.errors import Contended, NotHalted
from risk.models import Halt, HaltCode, HaltRound, MarketHalt, Runner

S = TypeVar("S", Halt, MarketHalt)

# A halt that ends by itself gives way to a graver one, never the other way round (trading.md 12).
GRAVITY: Final = {HaltCode.VENUE_LOST: 0, HaltCode.ESPORTS_LOST: 0, HaltCode.DAILY_LOSS: 1}
GRAVEST: Final = 2
TRIES: Final = 5


def press(model: type[S], scope: dict[str, str], *, code: str, detail: str, by: Actor, at: Ms) -> S:
    """The halt in force, pressed once more, or a new one. Inside a transaction, which then holds its row."""
    in_force = model.objects.filter(ended__isnull=True, **scope)
    for _ in range(TRIES):
        if in_force.update(pressed=F("pressed") + 1):
            return in_force.get()
        try:
            with transaction.atomic():
                return model.objects.create(
                    code=code,
                    detail=detail,
                    by_name=by.name,
                    by=by.user,
                    began=to_datetime(at),
                    pressed=1,
                    **scope,
                )
        except IntegrityError:
            # Somebody pressed in the same moment and the database picked theirs: press that one.
            continue
    raise Contended(f"the halt was ended and begun again {TRIES} times in this moment; press again")


def harden(halt: Halt, code: HaltCode, detail: str) -> None:
    """Give a halt that would end by itself the graver reason it was pressed again with."""
    if gravity(code) <= gravity(HaltCode(halt.code)):
        return
    Halt.objects.filter(pk=halt.pk, ended__isnull=True).update(code=code, detail=detail)
    halt.code, halt.detail = code, detail


def gravity(code: HaltCode) -> int:
    return GRAVITY.get(code, GRAVEST)


def open_round(opened: HaltRound, *, number: int, by: Actor, at: Ms) -> HaltRound:
    """Begin the round ``opened``: every enlisted runner owes an answer to it. Committed with its halt."""
    opened.number = number
    opened.asked = to_datetime(at)
    opened.by_name = by.name
    opened.expected = list(
        Runner.objects.filter(left__isnull=True).order_by("name").values_list("name", flat=True)
    )
    opened.save(force_insert=True)
    transaction.on_commit(lambda: committed(opened.pk))
    return opened


def committed(round_id: int) -> None:
    """Note when the row was safe: the first step of the proof."""
    HaltRound.objects.filter(pk=round_id, committed__isnull=True).update(
        committed=to_datetime(clock.now_ms())
    )


def end(model: type[S], halt_id: int, *, pressed: int, reason: str, by: Actor, at: Ms) -> None:
    """End a halt that was pressed ``pressed`` times when its end was decided.

    Raises ``Contended`` when somebody pressed since then: what they saw was not weighed. ``NotHalted`` when it
    ended meanwhile.
    """
    ended = model.objects.filter(pk=halt_id, ended__isnull=True, pressed=pressed).update(
        ended=to_datetime(at), ended_by_name=by.name, ended_by=by.user, ended_reason=reason
    )
    if ended:
        return
    if model.objects.filter(pk=halt_id, ended__isnull=True).exists():
        raise Contended("somebody pressed HALT while this was being decided; look again, then repeat")
    raise NotHalted("the halt was ended by somebody else in this moment")
