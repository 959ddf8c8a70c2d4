"""The record of every control somebody used, or tried to."""

from collections.abc import Mapping
from typing import Final

from core.units import Ms
from infra.clock import to_datetime
from risk.errors import NotAllowed, ReasonMissing
from risk.models import Audit, AuditOutcome
from risk.people import Actor, Role

Facts = Mapping[str, object]
REASON_MAX: Final = 300


def record(
    by: Actor,
    what: str,
    *,
    outcome: AuditOutcome,
    reason: str,
    before: Facts,
    after: Facts,
    at: Ms,
    target: str | None = None,
) -> None:
    """Write one row. Inside a transaction it stands or falls with what it records."""
    Audit.objects.create(
        at=to_datetime(at),
        who=by.name,
        role=by.role,
        from_address=by.address,
        what=what,
        target=target,
        outcome=outcome,
        reason=reason[:REASON_MAX],
        before=dict(before),
        after=dict(after),
    )


def refuse(by: Actor, what: str, *, target: str | None, reason: str, why: Exception, at: Ms) -> None:
    """Record that a control was refused. Never inside the transaction that was refused."""
    facts = {"refused": str(why)}
    record(
        by, what, target=target, outcome=AuditOutcome.REFUSED, reason=reason, before={}, after=facts, at=at
    )


def require(by: Actor, needed: Role, what: str, *, target: str | None, reason: str, at: Ms) -> None:
    """Let ``by`` through or record the attempt and raise ``NotAllowed``."""
    if by.may(needed):
        return
    refusal = NotAllowed(who=by.name, role=by.role, needed=needed, what=what)
    refuse(by, what, target=target, reason=reason, why=refusal, at=at)
    raise refusal


def require_reason(by: Actor, what: str, *, target: str | None, reason: str, at: Ms) -> None:
    """Let a reason through or record the attempt and raise ``ReasonMissing``."""
    if reason.strip():
        return
    refusal = ReasonMissing(f"{what} needs a reason: say why trading may go on")
    refuse(by, what, target=target, reason="", why=refusal, at=at)
    raise refusal
