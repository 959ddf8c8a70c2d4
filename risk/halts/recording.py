"""Turns kept wishes into rows, once each, by whoever comes first: the web process, ops, or a runner.

A wish's id is unique among the rounds. Of several who write it down together the database picks one; the others find
it written. Only then it is let go, so one that is written and still lies there is let go by the next who looks.
"""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import IntegrityError

from infra import logs
from infra.deadline import answered_within
from risk.access.people import Actor, Role
from risk.errors import Contended
from risk.halts import wishes
from risk.halts.pressing import PATIENCE_MS, press_all, press_market
from risk.halts.wishes import Wish
from risk.models import HaltCode, HaltRound, MarketHaltCode

log = logs.get("risk")


def record_wishes(kept: Sequence[Wish]) -> None:
    """Write down what is not written yet, and let go of all of it. Raises what the database raises."""
    if not kept:
        return
    with answered_within(PATIENCE_MS):
        for wanted in kept:
            if not is_recorded(wanted):
                _record(wanted)
            wishes.forget([wanted.wish_id])


def record_kept_here() -> None:
    """The web process each second: write down what was kept on this machine. No query while there is nothing."""
    if wishes.kept_here():
        record_wishes(wishes.kept())


def written_first(market_id: str | None) -> None:
    """Before a halt is ended: write down what was pressed and is not written yet.

    Raises ``Contended`` when that is about the same halt: whoever ends it has not seen it.
    """
    kept = wishes.kept()
    record_wishes(kept)
    if any(wanted.market_id in (None, market_id) for wanted in kept):
        raise Contended(
            "a HALT pressed while the database was away was written down just now; look, then repeat"
        )


def is_recorded(wanted: Wish) -> bool:
    return HaltRound.objects.filter(wish=wanted.wish_id).exists()


def _record(wanted: Wish) -> None:
    """One wish, with its own time, person and reason."""
    user = None if wanted.user_id is None else User.objects.filter(pk=wanted.user_id).first()
    by = Actor(wanted.by, Role(wanted.role), wanted.address, user)
    try:
        if wanted.market_id is None:
            code = HaltCode(wanted.code)
            press_all(code=code, detail=wanted.detail, by=by, at=wanted.at_ms, wish_id=wanted.wish_id)
        else:
            press_market(
                wanted.market_id,
                code=MarketHaltCode(wanted.code),
                detail=wanted.detail,
                by=by,
                at=wanted.at_ms,
                wish_id=wanted.wish_id,
            )
    except IntegrityError:
        if not is_recorded(wanted):
            raise
        log.info("kept halt was written by another", wish=wanted.wish_id)
    else:
        log.warning("kept halt recorded", wish=wanted.wish_id, pressed_ms=wanted.at_ms, by=wanted.by)
