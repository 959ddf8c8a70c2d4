"""Pressing HALT: told at once, then written down; kept as a wish where the database does not take it.

The message leaves before anything is waited for, so that no order leaves while a row waits for a lock. It alone
holds for seconds only (``trading.controls.halting``): the row, or the wish that stands for it, is what keeps us
stopped.
"""

from typing import Final

from django.db import DatabaseError, transaction

from core.events import Halted
from core.ids import MarketId
from core.units import Ms
from infra import logs
from infra.clock import now_ms
from infra.deadline import answered_within
from risk import notices, selectors
from risk.access.people import Actor
from risk.access.powers import Control, require
from risk.audit.record import record
from risk.errors import HaltKept
from risk.halts import obeyed, stops, wishes
from risk.halts.wishes import Kept, Wish
from risk.models import AuditOutcome, Halt, HaltCode, HaltRound, MarketHalt, MarketHaltCode
from risk.selectors import HaltInForce

TEXT_MAX: Final = 300
# A row that is not written by then is kept as a wish: nothing may leave later than 3 s after the press.
PATIENCE_MS: Final = 1_500

log = logs.get("risk")


def halt_trading(*, code: HaltCode, detail: str, by: Actor, at: Ms) -> HaltInForce:
    """Stop all trading from ``at`` on, or stop it once more: a new round of cancelling and proof.

    The runners hear of it at once and cancel their own orders. Should the bus be down they still stop: each reads
    the row once a second, and no order row is written while a halt is in force. Raises ``NotAllowed``, and
    ``HaltKept`` when the database did not take it: then it is in force all the same.
    """
    require(by, Control.HALT, target=None, reason=detail, at=at)
    detail = detail[:TEXT_MAX]
    told = notices.tell_runners_meanwhile(Halted(market_id=None, reason=code, heard_ms=at))
    try:
        with answered_within(PATIENCE_MS):
            return press_all(code=code, detail=detail, by=by, at=at, wish_id=None)
    except DatabaseError as error:
        wanted = wishes.wish(market_id=None, code=code, detail=detail, by=by, at=at)
        raise keep(wanted, error, told=told.result()) from error


def halt_market(*, market_id: str, code: MarketHaltCode, detail: str, by: Actor, at: Ms) -> HaltInForce:
    """Stop one market, or stop it once more. The id is not looked up here. Raises as ``halt_trading``."""
    require(by, Control.HALT_MARKET, target=market_id, reason=detail, at=at)
    detail = detail[:TEXT_MAX]
    told = notices.tell_runners_meanwhile(Halted(market_id=MarketId(market_id), reason=code, heard_ms=at))
    try:
        with answered_within(PATIENCE_MS):
            return press_market(market_id, code=code, detail=detail, by=by, at=at, wish_id=None)
    except DatabaseError as error:
        wanted = wishes.wish(market_id=market_id, code=code, detail=detail, by=by, at=at)
        raise keep(wanted, error, told=told.result()) from error


def press_all(*, code: HaltCode, detail: str, by: Actor, at: Ms, wish_id: str | None) -> HaltInForce:
    """Write a press down. ``wish_id``: the wish it was kept as; then an ``IntegrityError`` says it is a row already."""
    with transaction.atomic():
        halt = stops.press(Halt, {}, code=code, detail=detail, by=by, at=at)
        before = {"halt": halt.code if halt.pressed > 1 else None, "pressed": halt.pressed - 1}
        stops.harden(halt, code, detail)
        opened = HaltRound(halt=halt, wish=wish_id)
        stops.open_round(opened, number=halt.pressed, by=by, at=at)
        after = {"halt": halt.code, "pressed": halt.pressed, "asked": opened.expected, **late(wish_id)}
        record(by, Control.HALT, outcome=AuditOutcome.DONE, reason=detail, before=before, after=after, at=at)
        notices.on_commit(Halted(market_id=None, reason=halt.code, heard_ms=at))
    log.warning(
        "kill switch activated",
        event_type="kill_switch_activated",
        reason=halt.code,
        detail=detail,
        by=by.name,
        pressed=halt.pressed,
    )
    return selectors.in_force(halt, opened)


def press_market(
    market_id: str, *, code: MarketHaltCode, detail: str, by: Actor, at: Ms, wish_id: str | None
) -> HaltInForce:
    """As ``press_all``, for one market."""
    with transaction.atomic():
        scope = {"market_id": market_id}
        halt = stops.press(MarketHalt, scope, code=code, detail=detail, by=by, at=at)
        opened = HaltRound(market_halt=halt, wish=wish_id)
        stops.open_round(opened, number=halt.pressed, by=by, at=at)
        record(
            by,
            Control.HALT_MARKET,
            target=market_id,
            outcome=AuditOutcome.DONE,
            reason=detail,
            before={"halt": halt.code if halt.pressed > 1 else None, "pressed": halt.pressed - 1},
            after={"halt": halt.code, "pressed": halt.pressed, **late(wish_id)},
            at=at,
        )
        notices.on_commit(Halted(market_id=MarketId(market_id), reason=halt.code, heard_ms=at))
    log.warning("market halted", market_id=market_id, reason=halt.code, detail=detail, by=by.name)
    return selectors.in_force(halt, opened)


def late(wish_id: str | None) -> dict[str, object]:
    """What the audit adds when a press is written down later than it was made: its own time is that of the press."""
    return {} if wish_id is None else {"recorded_ms": now_ms(), "wish": wish_id}


def keep(wanted: Wish, error: DatabaseError, *, told: bool) -> DatabaseError | HaltKept:
    """Keep a press that the database did not take; what to raise. ``told``: the message left.

    The database's own error when there is no place left to keep it: then nothing but the message was done.
    """
    log.error("halt not written, kept instead", error=str(error), wish=wanted.wish_id, event_type="error")
    where = wishes.keep(wanted)
    if where.nowhere and not told:
        return error
    # The runners look at once, and say that they have stopped.
    told = notices.tell_runners(_message(wanted)) or told
    stopped = obeyed.words(wanted.wish_id) if where.no_redis is None else ()
    return HaltKept(
        market_id=wanted.market_id,
        code=wanted.code,
        detail=wanted.detail,
        by=wanted.by,
        at_ms=wanted.at_ms,
        words=(*_words(where, told=told), *stopped),
    )


def _message(wanted: Wish) -> Halted:
    market_id = None if wanted.market_id is None else MarketId(wanted.market_id)
    return Halted(market_id=market_id, reason=wanted.code, heard_ms=wanted.at_ms)


def _words(where: Kept, *, told: bool) -> tuple[str, ...]:
    """What is proven of a halt without a row, and what is not."""
    words = ["not recorded yet: the database does not answer; it becomes a row as soon as it does"]
    if told:
        words.append("the runners were told by the bus")
    else:
        words.append("Redis does not answer either: only runners on this machine hear of it, within a second")
    if where.no_file is not None:
        words.append(f"it is kept in Redis alone: no file was written ({where.no_file})")
    if where.nowhere:
        words.append("it is kept nowhere: press again, or end the trader's process")
    words.append("no order row can be written meanwhile, and no order leaves without its row")
    words.append("nothing is proven: open orders are being cancelled, the report follows with the row")
    return tuple(words)
