"""Who may what: one row for every endpoint, control and page. ``test_access`` tries each of them as everybody.

A new endpoint or page fails ``tests/test_house_rules.py`` until it has its row here: add it with the lowest role that
is let in, and for a POST with a body that fits, since a body is looked at before a role.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from polyloly_site.api import api
from risk.access.people import Role

VIEWER, OPERATOR, RISK_ADMIN = Role.VIEWER, Role.OPERATOR, Role.RISK_ADMIN
PASSWORD: Final = "a long passphrase"
WHY: Final = {"reason": "tried by a test"}


class By(Enum):
    """Which of those with the role: everybody; no personal token; only a person at the console."""

    ANY = "any"
    HAND = "hand"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint or control: the lowest role that is let in, and a body it takes."""

    needs: Role
    body: dict[str, Any] | None = None
    by: By = By.ANY
    query: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the console, for sessions only. ``refuses``: what somebody without the role is answered."""

    needs: Role
    refuses: int = 403


class Open(Enum):
    """Asked by anybody: it says nothing that must not be known, or looks after itself."""

    TO_ALL = "to all"
    NOT_ELSEWHERE = "401 for who is not on this machine, with whatever token of ours"


API: Final[dict[str, Door]] = {
    "get /api/v1/accounts": Door(VIEWER),
    "get /api/v1/adapters": Door(VIEWER),
    "get /api/v1/alerts": Door(VIEWER),
    "get /api/v1/arming": Door(VIEWER),
    "get /api/v1/armings": Door(VIEWER),
    "get /api/v1/audit": Door(VIEWER),
    "get /api/v1/audit/verify": Door(VIEWER),
    "get /api/v1/breakers": Door(VIEWER),
    "get /api/v1/budgets": Door(VIEWER),
    "get /api/v1/consents": Door(VIEWER),
    "get /api/v1/control": Door(VIEWER),
    "get /api/v1/decisions": Door(VIEWER),
    "get /api/v1/deliveries": Door(VIEWER),
    "get /api/v1/entries": Door(VIEWER),
    "get /api/v1/equity": Door(VIEWER),
    "get /api/v1/failures": Door(VIEWER),
    "get /api/v1/fills": Door(VIEWER),
    "get /api/v1/halts": Door(VIEWER),
    "get /api/v1/health/full": Door(VIEWER),
    "get /api/v1/incidents": Door(VIEWER),
    "get /api/v1/incidents/{incident_id}": Door(VIEWER),
    "get /api/v1/incidents/{incident_id}/export": Door(VIEWER),
    "get /api/v1/limits": Door(VIEWER),
    "get /api/v1/limits/history": Door(VIEWER),
    "get /api/v1/lockouts": Door(VIEWER),
    "get /api/v1/market-halts": Door(VIEWER),
    "get /api/v1/markets": Door(VIEWER),
    "get /api/v1/matches": Door(VIEWER),
    "get /api/v1/orders": Door(VIEWER),
    "get /api/v1/people": Door(VIEWER),
    "get /api/v1/pnl": Door(VIEWER),
    "get /api/v1/pnl/by-day": Door(VIEWER),
    "get /api/v1/pnl/by-market": Door(VIEWER),
    "get /api/v1/pnl/by-strategy": Door(VIEWER),
    "get /api/v1/pnl/report": Door(VIEWER),
    "get /api/v1/positions": Door(VIEWER, query="account_id=1"),
    "get /api/v1/preflights": Door(VIEWER),
    "get /api/v1/reconciliations": Door(VIEWER),
    "get /api/v1/reconciliations/newest": Door(VIEWER),
    "get /api/v1/reconciliations/resolutions": Door(VIEWER),
    "get /api/v1/reconciliations/{number}": Door(VIEWER),
    "get /api/v1/sources": Door(VIEWER),
    "get /api/v1/tokens": Door(VIEWER),
    "get /api/v1/unknown-orders": Door(VIEWER),
    "get /api/v1/wallet-actions": Door(VIEWER),
    "post /api/v1/adapters/{name}/restart": Door(OPERATOR, WHY),
    "post /api/v1/alerts/test": Door(OPERATOR),
    "post /api/v1/alerts/{alert_id}/acknowledge": Door(OPERATOR),
    "post /api/v1/arm": Door(RISK_ADMIN, WHY | {"phrase": "arm live"}),
    "post /api/v1/consents/{consent_id}/agree": Door(RISK_ADMIN, {"password": PASSWORD}, By.PERSON),
    "post /api/v1/consents/{consent_id}/decline": Door(RISK_ADMIN, WHY),
    "post /api/v1/disarm": Door(OPERATOR, WHY),
    "post /api/v1/halts": Door(OPERATOR, WHY),
    "post /api/v1/health/full": Door(VIEWER),
    "post /api/v1/incidents": Door(OPERATOR, {"title": "odd", "severity": 2}),
    "post /api/v1/incidents/{incident_id}/close": Door(OPERATOR, {"cause": "a feed"}),
    "post /api/v1/incidents/{incident_id}/notes": Door(OPERATOR, {"text": "seen"}),
    "post /api/v1/incidents/{incident_id}/severity": Door(OPERATOR, WHY | {"severity": 1}),
    "post /api/v1/incidents/{incident_id}/snapshot": Door(OPERATOR),
    "post /api/v1/limits": Door(RISK_ADMIN, WHY | {"changes": {"open_orders": 4}, "expected_number": 1}),
    "post /api/v1/lockouts/{lockout_id}/lift": Door(RISK_ADMIN, WHY),
    "post /api/v1/markets/{market}/halt": Door(OPERATOR, WHY),
    "post /api/v1/markets/{market}/resume": Door(OPERATOR, WHY),
    "post /api/v1/people": Door(RISK_ADMIN, {"name": "nelly", "role": "viewer"}, By.HAND),
    "post /api/v1/people/{name}/let-go": Door(RISK_ADMIN, WHY, By.HAND),
    "post /api/v1/people/{name}/login-link": Door(RISK_ADMIN, None, By.HAND),
    "post /api/v1/people/{name}/role": Door(RISK_ADMIN, WHY | {"role": "operator"}, By.HAND),
    "post /api/v1/preflights": Door(OPERATOR),
    "post /api/v1/reconciliations": Door(OPERATOR),
    "post /api/v1/reconciliations/differences/{number}/resolve": Door(RISK_ADMIN, WHY),
    "post /api/v1/reset": Door(RISK_ADMIN, WHY),
    "post /api/v1/tokens": Door(VIEWER, {"name": "new", "scope": "read"}, By.HAND),
    "post /api/v1/tokens/{token_id}/revoke": Door(RISK_ADMIN),  # somebody else's
}
CONTROLS: Final[dict[str, Door]] = {
    "admin/halt": Door(OPERATOR, WHY),
    "admin/halt-market": Door(OPERATOR, WHY, query="market_id={market}"),
    "admin/reset": Door(RISK_ADMIN, WHY),
    "admin/restart-adapter": Door(OPERATOR, WHY, query="adapter=discovery"),
    "admin/resume-market": Door(OPERATOR, WHY, query="market_id={market}"),
}
PAGES: Final[dict[str, Page | Open]] = {
    "": Page(VIEWER),
    "admin/": Page(
        VIEWER, refuses=302
    ),  # whoever is staff and has a role; others may log in as somebody else
    "alerts/": Page(VIEWER),
    "api/docs": Page(VIEWER),
    "api/openapi.json": Page(VIEWER),
    "audit.csv": Page(VIEWER),
    "audit/": Page(VIEWER),
    "curves/equity/": Page(VIEWER),
    "curves/market/<str:market_id>/": Page(VIEWER),
    "doctor/": Page(VIEWER),
    "fills.csv": Page(VIEWER),
    "fills/": Page(VIEWER),
    "halts.csv": Page(VIEWER),
    "halts/": Page(VIEWER),
    "incidents.csv": Page(VIEWER),
    "incidents/": Page(VIEWER),
    "incidents/<int:incident_id>/": Page(VIEWER),
    "markets/": Page(VIEWER),
    "markets/<str:market_id>/": Page(VIEWER),
    "orders.csv": Page(VIEWER),
    "orders/": Page(VIEWER),
    "password/": Page(VIEWER),
    "people/": Page(VIEWER),
    "pnl/": Page(VIEWER),
    "pnl/ledger.csv": Page(VIEWER),
    "pnl/ledger/": Page(VIEWER),
    "reconciliation/": Page(VIEWER),
    "risk/": Page(VIEWER),
    "health/live": Open.TO_ALL,
    "health/ready": Open.TO_ALL,
    "login/": Open.TO_ALL,
    "login/once/<str:token>/": Open.TO_ALL,
    "logout/": Open.TO_ALL,
    "metrics": Open.NOT_ELSEWHERE,
}
# Not ours to list: ninja's own root, which answers nobody, and what is inside the Django admin (``admin/`` above).
LEFT_OUT: Final = frozenset({"api/"})


def endpoints() -> set[str]:
    """Every endpoint of the API, as it describes itself."""
    paths = api.get_openapi_schema()["paths"]
    return {f"{method} {path}" for path, operations in paths.items() for method in operations}


def addresses() -> set[str]:
    """Every other address of the site, as its routes have it."""
    return {route for route in _routes(get_resolver(), "") if not route.startswith("api/v1/")} - LEFT_OUT


def _routes(resolver: URLResolver, before: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern) or each.namespace == "admin":
            yield route
        else:
            yield from _routes(each, route)
