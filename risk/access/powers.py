"""What each role may do: one table, read by services, API, console and the test of every door.

A control is named as the audit names it. Reading is open to every role.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.units import Ms
from risk.access.people import RANK, Actor, Role
from risk.audit.record import refuse
from risk.errors import NotAllowed


class Control(StrEnum):
    """Everything somebody may use, by the word it has in the audit."""

    HALT = "halt"
    HALT_MARKET = "halt-market"
    RESUME_MARKET = "resume-market"
    RESTART_ADAPTER = "restart-adapter"
    CANCEL = "cancel"
    ACKNOWLEDGE = "acknowledge"
    TEST_ALERT = "test-alert"
    INCIDENT = "incident"
    RESET = "reset"
    LIMITS = "limits"
    PREFLIGHT = "preflight"
    ARM = "arm"
    DISARM = "disarm"
    CONSENT = "consent"
    RECONCILE = "reconcile"
    APPROVE_MAPPING = "approve-mapping"
    MAKE_TOKEN = "make-token"  # noqa: S105 the control's name
    REVOKE_TOKEN = "revoke-token"  # noqa: S105 the control's name
    TOKENS_OF_OTHERS = "tokens-of-others"
    USERS = "users"


NEEDED: Final[Mapping[Control, Role]] = {
    Control.MAKE_TOKEN: Role.VIEWER,  # one's own, and never for more than one's own role
    Control.REVOKE_TOKEN: Role.VIEWER,  # one's own
    Control.HALT: Role.OPERATOR,
    Control.HALT_MARKET: Role.OPERATOR,
    Control.RESUME_MARKET: Role.OPERATOR,
    Control.RESTART_ADAPTER: Role.OPERATOR,
    Control.CANCEL: Role.OPERATOR,
    Control.ACKNOWLEDGE: Role.OPERATOR,
    Control.TEST_ALERT: Role.OPERATOR,
    Control.INCIDENT: Role.OPERATOR,
    Control.PREFLIGHT: Role.OPERATOR,
    Control.DISARM: Role.OPERATOR,  # the safe direction
    Control.RESET: Role.RISK_ADMIN,
    Control.LIMITS: Role.RISK_ADMIN,
    Control.ARM: Role.RISK_ADMIN,
    Control.CONSENT: Role.RISK_ADMIN,
    Control.RECONCILE: Role.RISK_ADMIN,
    Control.APPROVE_MAPPING: Role.RISK_ADMIN,
    Control.TOKENS_OF_OTHERS: Role.RISK_ADMIN,
    Control.USERS: Role.RISK_ADMIN,
}


def allows(role: Role | None, control: Control) -> bool:
    """Whether a role is enough for a control; none is enough for nothing."""
    return role is not None and RANK[role] >= RANK[NEEDED[control]]


def needed_for(control: Control) -> Role:
    """The lowest role that may use a control."""
    return NEEDED[control]


def require(by: Actor, control: Control, *, target: str | None, reason: str, at: Ms) -> None:
    """Let ``by`` through or record the attempt and raise ``NotAllowed``."""
    if allows(by.role, control):
        return
    refusal = NotAllowed(who=by.name, role=by.role, needed=NEEDED[control], what=control)
    refuse(by, control, target=target, reason=reason, why=refusal, at=at)
    raise refusal
