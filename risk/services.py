"""Halt, and end a halt: the only ways in. Other apps find every write of risk here.

Pressing again is allowed at any time and makes a new round: the runners cancel and prove once more (``pressing``,
``proof``). What the database did not take is kept until it does (``wishes``, ``recording``), and nothing is ended
before that is written. ``valuations`` keeps what accounts are worth.
"""

from collections.abc import Sequence

from django.db import transaction

from core.events import Resumed
from core.ids import MarketId
from core.units import Ms
from infra import checks, logs
from infra.checks import Check, Verdict
from risk import notices, selectors
from risk.access import consent
from risk.access.auth import by_session
from risk.access.colleagues import set_own_password
from risk.access.known_browser import remember as remember_browser
from risk.access.passwords import try_own_password, try_password, wrong_link
from risk.access.people import Actor, Role, process, role_of, shell
from risk.access.powers import Control, allows, needed_for, require
from risk.adapters import part_of, register_adapter
from risk.alerts.catalogue import AlertCode
from risk.alerts.finders import Found, register_finder
from risk.arming.arming import NOT_ARMED, use_arming
from risk.audit.record import Facts, record, refuse, require_reason
from risk.audit.record import record as record_control
from risk.errors import ChecksFailed, Contended, NotHalted, RiskError, SecondPersonNeeded
from risk.halts import stops
from risk.halts.obeyed import say as say_obeyed
from risk.halts.pressing import TEXT_MAX, halt_market, halt_trading
from risk.halts.proof import acknowledge_halt, dismiss_runner, enlist_runner, prove_halt, step_halt_report
from risk.halts.recording import record_kept_here, record_wishes, written_first
from risk.incidents.state import register_state
from risk.limits.breakers import breaker_of, keep_breaker, resume_breaker
from risk.limits.budgets import acknowledge_budget, deal_budgets
from risk.limits.limits import agree_first as agree_first_limits
from risk.limits.valuations import record_valuation, thin_valuations, trip_daily_loss
from risk.markets import register_market_resolver, resolve_market
from risk.models import AuditOutcome, Consent, Halt, HaltCode, MarketHalt, MarketHaltCode
from risk.selectors import HaltInForce
from risk.venue import Withdrawn, register_reconciliation, register_signs, register_withdraw

__all__ = [
    "NOT_ARMED",
    "Actor",
    "AlertCode",
    "AuditOutcome",
    "Control",
    "Found",
    "HaltCode",
    "MarketHaltCode",
    "Role",
    "Withdrawn",
    "acknowledge_budget",
    "acknowledge_halt",
    "agree_first_limits",
    "allows",
    "by_session",
    "deal_budgets",
    "dismiss_runner",
    "enlist_runner",
    "halt_market",
    "halt_trading",
    "keep_breaker",
    "lift_halt",
    "needed_for",
    "part_of",
    "process",
    "prove_halt",
    "record_control",
    "record_kept_here",
    "record_valuation",
    "record_wishes",
    "register_adapter",
    "register_finder",
    "register_market_resolver",
    "register_reconciliation",
    "register_signs",
    "register_state",
    "register_withdraw",
    "remember_browser",
    "require",
    "require_reason",
    "reset_trading",
    "resolve_market",
    "resume_market",
    "role_of",
    "say_obeyed",
    "set_own_password",
    "shell",
    "step_halt_report",
    "thin_valuations",
    "trip_daily_loss",
    "try_own_password",
    "try_password",
    "use_arming",
    "wrong_link",
]

log = logs.get("risk")


def reset_trading(*, reason: str, by: Actor, at: Ms, override: bool = False) -> None:
    """End the halt in force: a risk admin, with a reason, while every health check passes (warnings do).

    override: end it although checks fail; each of them is named in the record.
    Raises ``NotAllowed``, ``ReasonMissing``, ``NotHalted``, ``ChecksFailed``, ``SecondPersonNeeded``, ``NotInPerson``,
    or ``Contended`` when somebody pressed HALT meanwhile. Every refusal is recorded.
    """
    require(by, Control.RESET, target=None, reason=reason, at=at)
    require_reason(by, "reset", target=None, reason=reason, at=at)
    try:
        written_first(None)
        halt = selectors.halt_in_force()
        if halt is None:
            raise NotHalted("trading is not halted")
        failing = _failing_checks()
        if failing and not override:
            raise _checks_failed(failing)
        about = {"halt": halt.halt_id, "pressed": halt.pressed, consent.OVER: [each.name for each in failing]}
        agreed = consent.second(Control.RESET, about=about, reason=reason, by=by, at=at)
        _end_halt(halt, what="reset", reason=reason, by=by, at=at, agreed=agreed, over=failing)
    except SecondPersonNeeded:
        raise  # recorded as asked for
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
        written_first(None)
        _end_halt(halt, what="lift", reason=reason, by=by, at=at, agreed=None, over=())
    except (Contended, NotHalted) as error:
        log.info("halt not lifted", code=code, error=str(error))
        return False
    return True


def resume_market(*, market_id: str, reason: str, by: Actor, at: Ms) -> None:
    """End the halt of one market, and its open breaker; a halt of everything stays. Refusals are recorded.

    Raises ``NotAllowed``, ``ReasonMissing``, ``NotHalted`` or ``Contended``.
    """
    what = Control.RESUME_MARKET
    require(by, what, target=market_id, reason=reason, at=at)
    require_reason(by, what, target=market_id, reason=reason, at=at)
    try:
        written_first(market_id)
        halt, breaker = selectors.market_halts().get(market_id), breaker_of(market_id)
        if halt is None and breaker is None:
            raise NotHalted(f"market {market_id} is not halted, and its breaker is closed")
        with transaction.atomic():
            reason = reason[:TEXT_MAX]
            if halt is not None:
                stops.end(MarketHalt, halt.halt_id, pressed=halt.pressed, reason=reason, by=by, at=at)
            if breaker is not None:
                resume_breaker(breaker, by=by, reason=reason, at=at)
            before = ({} if halt is None else _facts(halt)) | {"breaker": str(breaker) if breaker else None}
            after = {"halt": None, "breaker": None}
            _record_end(what, market_id, reason=reason, before=before, after=after, by=by, at=at)
            notices.on_commit(Resumed(market_id=MarketId(market_id), reason=reason, heard_ms=at))
    except RiskError as refusal:
        refuse(by, what, target=market_id, reason=reason, why=refusal, at=at)
        raise
    log.info("market resumed", market_id=market_id, reason=reason, by=by.name)


def _end_halt(
    halt: HaltInForce,
    *,
    what: str,
    reason: str,
    by: Actor,
    at: Ms,
    agreed: Consent | None,
    over: Sequence[Check],
) -> None:
    """``over``: the failing checks it is ended in spite of."""
    reason = reason[:TEXT_MAX]
    with transaction.atomic():
        stops.end(Halt, halt.halt_id, pressed=halt.pressed, reason=reason, by=by, at=at)
        overridden = (
            {"override": [{"check": each.name, "detail": each.detail} for each in over]} if over else {}
        )
        after = {"halt": None, **overridden, **consent.use(agreed, at=at)}
        _record_end(what, None, reason=reason, before=_facts(halt), after=after, by=by, at=at)
        notices.on_commit(Resumed(market_id=None, reason=reason, heard_ms=at))
    log.warning(
        "kill switch reset",
        event_type="kill_switch_reset",
        was=halt.code,
        reason=reason,
        by=by.name,
        override=[each.name for each in over],
    )


def _facts(halt: HaltInForce) -> dict[str, object]:
    return {"halt": halt.code, "detail": halt.detail, "by": halt.by, "pressed": halt.pressed}


def _record_end(
    what: str,
    target: str | None,
    *,
    reason: str,
    before: Facts,
    after: Facts,
    by: Actor,
    at: Ms,
) -> None:
    outcome = AuditOutcome.DONE
    record(by, what, target=target, outcome=outcome, reason=reason, before=before, after=after, at=at)


def _failing_checks() -> tuple[Check, ...]:
    return tuple(check for check in checks.run_all() if check.verdict is Verdict.FAIL)


def _checks_failed(failing: Sequence[Check]) -> ChecksFailed:
    """Names every failing check and what to do about it."""
    words = "; ".join(f"{check.name}: {check.detail} ({check.next_step})" for check in failing)
    return ChecksFailed(failing, f"the health check fails, so it stays halted: {words}")
