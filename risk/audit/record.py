"""The record of every control somebody used, or tried to."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from core.units import Ms
from infra import logs
from infra.clock import to_datetime
from risk.access.people import Actor
from risk.audit import chain
from risk.errors import ReasonMissing
from risk.http import carried_out
from risk.models import Audit, AuditHead, AuditOutcome

Facts = Mapping[str, object]
REASON_MAX: Final = 300
HEAD: Final = 1  # the one row of the chain's end

log = logs.get("risk")


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
    """Write one link of the chain. Inside a transaction it stands or falls with what it records.

    Whoever writes holds the chain's end until the transaction is over: write it last, after the rows it is about.
    """
    link: dict[str, Any] = {
        "at": at,
        "who": by.name,
        "role": by.role.value,
        "from_address": by.address,
        "what": what,
        "target": target,
        "outcome": outcome.value,
        "reason": reason[:REASON_MAX],
        "before": dict(before),
        "after": dict(after),
    }
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=HEAD, defaults={"number": 0, "digest": chain.GENESIS})
        AuditHead.objects.filter(pk=HEAD).update(number=F("number") + 1)
        head = AuditHead.objects.get(pk=HEAD)
        link |= {"number": head.number, "before_digest": head.digest}
        digest = chain.digest(link)
        Audit.objects.create(**(link | {"at": to_datetime(at), "digest": digest}))
        AuditHead.objects.filter(pk=HEAD).update(digest=digest)
        if outcome is AuditOutcome.DONE:
            carried_out.note(what if target is None else f"{what} {target}")
    log.info("control used", what=what, who=by.name, outcome=outcome.value, number=head.number, digest=digest)


def refuse(by: Actor, what: str, *, target: str | None, reason: str, why: Exception, at: Ms) -> None:
    """Record that a control was refused. Never inside the transaction that was refused."""
    facts = {"refused": str(why)}
    record(
        by, what, target=target, outcome=AuditOutcome.REFUSED, reason=reason, before={}, after=facts, at=at
    )


def require_reason(by: Actor, what: str, *, target: str | None, reason: str, at: Ms) -> None:
    """Let a reason through or record the attempt and raise ``ReasonMissing``."""
    if reason.strip():
        return
    refusal = ReasonMissing(f"{what} needs a reason: say why trading may go on")
    refuse(by, what, target=target, reason="", why=refusal, at=at)
    raise refusal
