"""Run every check that real money needs, and keep what was found. It is the health check, and then some.

The checks are those of ``infra.checks``: readiness makes most of them all the time. Here everything is asked anew,
what only real money needs is added, and some warnings count as failures.
"""

from dataclasses import asdict

from django.conf import settings
from django.db import transaction

from core.arming import Place
from core.units import Ms
from infra import checks, logs
from infra.checks import Area, Check, Verdict
from infra.clock import to_datetime
from risk.access.people import Actor
from risk.access.powers import Control, require
from risk.arming import armings
from risk.audit.record import record
from risk.models import AuditOutcome, Preflight

log = logs.get("risk")


def run(*, by: Actor, at: Ms) -> Preflight:
    """Ask everything anew and write it down: an operator. It takes seconds, up to half a minute.

    ``at`` is when it began, from which its ten minutes count. Raises ``NotAllowed``.
    """
    require(by, Control.PREFLIGHT, target=None, reason="", at=at)
    checks.ask_all()
    found = checks.run_for_money()
    failing = [check.name for check in found if check.verdict is Verdict.FAIL]
    where = armings.place() or Place(settings.POLYLOLY.mode.value, "")
    with transaction.atomic():
        row = Preflight.objects.create(
            mode=where.mode,
            wallet=where.wallet,
            at=to_datetime(at),
            by_name=by.name,
            passed=not failing,
            checks=[asdict(check) for check in found],
        )
        record(
            by,
            Control.PREFLIGHT,
            target=where.wallet or None,
            outcome=AuditOutcome.DONE,
            reason="passed" if not failing else f"failed: {', '.join(failing)}",
            before={},
            after={"preflight": row.pk, "passed": not failing, "failing": failing},
            at=at,
        )
    log.info("preflight", passed=not failing, failing=failing, by=by.name)
    return row


def read(row: Preflight) -> list[Check]:
    """What a run found, as checks."""
    return [
        Check(**{**check, "verdict": Verdict(check["verdict"]), "area": Area(check["area"])})
        for check in row.checks
    ]
