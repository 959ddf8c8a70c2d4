"""Halt, and end a halt: the only ways in. Other apps find every write of risk here.

A halt is a row first and a message second. Pressing again is allowed at any time and makes a new round: the
runners cancel and prove once more (``proof``). ``valuations`` keeps what accounts are worth.
"""

from typing import Final

from django.db import transaction

from core.events import Halted, Resumed
from core.ids import MarketId
from core.units import Ms
from infra import checks, logs
from infra.checks import Verdict
from risk import notices, selectors, stops
from risk.audit import record, refuse, require_reason
from risk.errors import ChecksFailed, Contended, NotHalted, RiskError
from risk.markets import register_market_resolver, resolve_market
from risk.models import AuditOutcome, Halt, HaltCode, HaltRound, MarketHalt, MarketHaltCode
from risk.people import Actor, Role, process, role_of, shell
from risk.powers import Control, allows, require
from risk.proof import acknowledge_halt, dismiss_runner, enlist_runner, prove_halt, step_halt_report
from risk.selectors import HaltInForce
from risk.valuations import record_valuation, thin_valuations, trip_daily_loss

__all__ = [
    "Actor",
    "Control",
    "HaltCode",
    "MarketHaltCode",
    "Role",
    "acknowledge_halt",
    "allows",
    "dismiss_runner",
    "enlist_runner",
    "halt_market",
    "halt_trading",
    "lift_halt",
    "process",
    "prove_halt",
    "record_valuation",
    "register_market_resolver",
    "reset_trading",
    "resolve_market",
    "resume_market",
    "role_of",
    "shell",
    "step_halt_report",
    "thin_valuations",
    "trip_daily_loss",
]

TEXT_MAX: Final = 300

log = logs.get("risk")


def halt_trading(*, code: HaltCode, detail: str, by: Actor, at: Ms) -> HaltInForce:
    """Stop all trading from ``at`` on, or stop it once more: a new round of cancelling and proof.

    The runners hear of it on commit and cancel their own orders. Should the bus be down they still stop: each
    reads the row once a second, and no order row is written while a halt is in force. Raises ``NotAllowed``.
    """
    require(by, Control.HALT, target=None, reason=detail, at=at)
    detail = detail[:TEXT_MAX]
    with transaction.atomic():
        halt = stops.press(Halt, {}, code=code, detail=detail, by=by, at=at)
        before = {"halt": halt.code if halt.pressed > 1 else None, "pressed": halt.pressed - 1}
        stops.harden(halt, code, detail)
        opened = stops.open_round(HaltRound(halt=halt), number=halt.pressed, by=by, at=at)
        after = {"halt": halt.code, "pressed": halt.pressed, "asked": opened.expected}
        record(by, "halt", outcome=AuditOutcome.DONE, reason=detail, before=before, after=after, at=at)
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


def halt_market(*, market_id: str, code: MarketHaltCode, detail: str, by: Actor, at: Ms) -> HaltInForce:
    """Stop one market, or stop it once more. The id is not looked up here. Raises ``NotAllowed``."""
    require(by, Control.HALT_MARKET, target=market_id, reason=detail, at=at)
    detail = detail[:TEXT_MAX]
    with transaction.atomic():
        scope = {"market_id": market_id}
        halt = stops.press(MarketHalt, scope, code=code, detail=detail, by=by, at=at)
        opened = stops.open_round(HaltRound(market_halt=halt), number=halt.pressed, by=by, at=at)
        record(
            by,
            "halt-market",
            target=market_id,
            outcome=AuditOutcome.DONE,
            reason=detail,
            before={"halt": halt.code if halt.pressed > 1 else None, "pressed": halt.pressed - 1},
            after={"halt": halt.code, "pressed": halt.pressed},
            at=at,
        )
        notices.on_commit(Halted(market_id=MarketId(market_id), reason=halt.code, heard_ms=at))
    log.warning("market halted", market_id=market_id, reason=halt.code, detail=detail, by=by.name)
    return selectors.in_force(halt, opened)


def reset_trading(*, reason: str, by: Actor, at: Ms) -> None:
    """End the halt in force: a risk admin, with a reason, while every health check passes (warnings do).

    Raises ``NotAllowed``, ``ReasonMissing``, ``NotHalted``, ``ChecksFailed``, or ``Contended`` when somebody
    pressed HALT meanwhile. Every refusal is recorded.
    """
    require(by, Control.RESET, target=None, reason=reason, at=at)
    require_reason(by, "reset", target=None, reason=reason, at=at)
    try:
        halt = selectors.halt_in_force()
        if halt is None:
            raise NotHalted("trading is not halted")
        _pass_health_check()
        _end_halt(halt, what="reset", reason=reason, by=by, at=at)
    except RiskError as refusal:
        refuse(by, "reset", target=None, reason=reason, why=refusal, at=at)
        raise


def lift_halt(*, code: HaltCode, reason: str, by: Actor, at: Ms) -> bool:
    """End a halt that ends by itself, when it is in force for ``code`` and nothing graver. True when it did."""
    assert code in stops.GRAVITY, f"{code} ends by reset only"
    halt = selectors.halt_in_force()
    if halt is None or halt.code != code:
        return False
    try:
        _end_halt(halt, what="lift", reason=reason, by=by, at=at)
    except (Contended, NotHalted) as error:
        log.info("halt not lifted", code=code, error=str(error))
        return False
    return True


def resume_market(*, market_id: str, reason: str, by: Actor, at: Ms) -> None:
    """End the halt of one market; a halt of everything stays. Refusals are recorded.

    Raises ``NotAllowed``, ``ReasonMissing``, ``NotHalted`` or ``Contended``.
    """
    what = Control.RESUME_MARKET
    require(by, what, target=market_id, reason=reason, at=at)
    require_reason(by, what, target=market_id, reason=reason, at=at)
    try:
        halt = selectors.market_halts().get(market_id)
        if halt is None:
            raise NotHalted(f"market {market_id} is not halted")
        with transaction.atomic():
            reason = reason[:TEXT_MAX]
            stops.end(MarketHalt, halt.halt_id, pressed=halt.pressed, reason=reason, by=by, at=at)
            _record_end(halt, what, reason=reason, by=by, at=at)
            notices.on_commit(Resumed(market_id=MarketId(market_id), reason=reason, heard_ms=at))
    except RiskError as refusal:
        refuse(by, what, target=market_id, reason=reason, why=refusal, at=at)
        raise
    log.info("market resumed", market_id=market_id, reason=reason, by=by.name)


def _end_halt(halt: HaltInForce, *, what: str, reason: str, by: Actor, at: Ms) -> None:
    reason = reason[:TEXT_MAX]
    with transaction.atomic():
        stops.end(Halt, halt.halt_id, pressed=halt.pressed, reason=reason, by=by, at=at)
        _record_end(halt, what, reason=reason, by=by, at=at)
        notices.on_commit(Resumed(market_id=None, reason=reason, heard_ms=at))
    log.warning("kill switch reset", event_type="kill_switch_reset", was=halt.code, reason=reason, by=by.name)


def _record_end(halt: HaltInForce, what: str, *, reason: str, by: Actor, at: Ms) -> None:
    before = {"halt": halt.code, "detail": halt.detail, "by": halt.by, "pressed": halt.pressed}
    record(
        by,
        what,
        target=halt.market_id,
        outcome=AuditOutcome.DONE,
        reason=reason,
        before=before,
        after={"halt": None},
        at=at,
    )


def _pass_health_check() -> None:
    """Raise ``ChecksFailed`` naming every failing check and what to do about it."""
    failing = [check for check in checks.run_all() if check.verdict is Verdict.FAIL]
    if failing:
        words = "; ".join(f"{check.name}: {check.detail} ({check.next_step})" for check in failing)
        raise ChecksFailed(
            [check.name for check in failing], f"the health check fails, so it stays halted: {words}"
        )
