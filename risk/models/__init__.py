"""What risk remembers: halts and their proof, limits, breakers, people, alerts, incidents, valuations, who did what.

Money is in the core's units (millionths of a USDC). Times are those of ``infra.clock``, in UTC. State changes
only by guarded UPDATE in ``risk.services``. One file a noun.
"""

from risk.models.alerts import Alert, Delivery, Severity
from risk.models.arming import Arming, Preflight
from risk.models.audit import Audit, AuditHead, AuditOutcome
from risk.models.breakers import Breaker
from risk.models.halts import (
    Halt,
    HaltCode,
    HaltReport,
    HaltRound,
    MarketHalt,
    MarketHaltCode,
    Runner,
    Stop,
)
from risk.models.incidents import Incident, IncidentNote, NoteKind
from risk.models.limits import Budget, LimitsVersion
from risk.models.lockouts import Lockout, LockoutKind
from risk.models.people import ApiToken, Consent, Remembered, Scope
from risk.models.valuations import DayStart, Valuation

__all__ = [
    "Alert",
    "ApiToken",
    "Arming",
    "Audit",
    "AuditHead",
    "AuditOutcome",
    "Breaker",
    "Budget",
    "Consent",
    "DayStart",
    "Delivery",
    "Halt",
    "HaltCode",
    "HaltReport",
    "HaltRound",
    "Incident",
    "IncidentNote",
    "LimitsVersion",
    "Lockout",
    "LockoutKind",
    "MarketHalt",
    "MarketHaltCode",
    "NoteKind",
    "Preflight",
    "Remembered",
    "Runner",
    "Scope",
    "Severity",
    "Stop",
    "Valuation",
]
