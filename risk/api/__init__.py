"""``/api/v1``: what this room answers, a module for each subject. ``acted`` is what their controls share."""

from risk.api import (
    adapters,
    alerts,
    arming,
    audit,
    breakers,
    budgets,
    consents,
    halts,
    incidents,
    limits,
    lockouts,
    people,
    profit,
    tokens,
)

ROUTERS = (
    halts.router,
    arming.router,
    profit.router,
    adapters.router,
    alerts.router,
    audit.router,
    breakers.router,
    budgets.router,
    consents.router,
    incidents.router,
    limits.router,
    tokens.router,
    people.router,
    lockouts.router,
)
