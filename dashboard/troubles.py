"""What needs a person and stands only in the database: fills taken back, orders the venue refuses, open incidents.

The trader's board says nothing of them: they are over, or they concern no market alone.
"""

from typing import Final

from dashboard import names, past
from infra import clock
from risk import selectors as risk
from trading import selectors as trading

Trouble = dict[str, object]

REVERSED_MS_MAX: Final = 900_000
REFUSED_MS_MAX: Final = 60_000
REFUSED_MIN: Final = 5  # a minute: one or two are the game, five have a reason
LOOKED_AT: Final = 100  # of the newest rows; the reading stays as short in a year
NAMED: Final = 3
SHOWN_NOWHERE_ELSE: Final = frozenset(
    {"disk_low", "channel_failing", "feed_reconnects", "reconciliation_mismatch", "runner_silent"}
)


def found() -> list[Trouble]:
    """Rows as the console's "needs you" draws them; of orders and fills none before the account's first start."""
    account_id = past.account_in_use()
    told = [*alerts(), *incidents()]
    if account_id is None:
        return told
    now = clock.now_ms()
    return [*reversed_fills(account_id, now), *refused_orders(account_id, now), *told]


def incidents() -> list[Trouble]:
    """Incidents nobody closed yet: somebody is to write down what happens."""
    return [
        {
            "key": f"incident-{each.pk}",
            "severity": each.severity,
            "text": each.title,
            "detail": f"incident {each.pk}, opened by {each.opened_by_name}, not closed yet",
            "href": f"/incidents/{each.pk}/",
        }
        for each in risk.open_incidents()
    ]


def alerts() -> list[Trouble]:
    """Alerts in force that nothing else on the console shows, as long as nobody sees to them."""
    return [
        {
            "key": f"alert-{each.pk}",
            "severity": each.severity,
            "text": each.text,
            "detail": "an alert nobody sees to yet",
            "href": "/alerts/",
        }
        for each in risk.alerts_in_force()
        if each.acknowledged is None and each.code in SHOWN_NOWHERE_ELSE
    ]


def reversed_fills(account_id: int, now: int) -> list[Trouble]:
    """Fills of the last quarter of an hour that failed on the chain: the ledger took them back."""
    newest = trading.fills(account_id).filter(heard_ms__gte=now - REVERSED_MS_MAX)[:LOOKED_AT]
    failed = [fill for fill in newest if fill.status == "failed"]
    if not failed:
        return []
    titles = names.short_titles({fill.market_id for fill in failed})
    markets = sorted({titles.get(fill.market_id, fill.market_id[:12]) for fill in failed})
    detail = ", ".join(markets[:NAMED]) + (
        f" and {len(markets) - NAMED} more" if len(markets) > NAMED else ""
    )
    return [
        {
            "key": "reversed",
            "severity": 2,
            "text": "A fill was reversed" if len(failed) == 1 else f"{len(failed)} fills were reversed",
            "detail": f"failed on the chain, taken back from the ledger: {detail}",
            "href": "/fills/?settled=failed",
        }
    ]


def refused_orders(account_id: int, now: int) -> list[Trouble]:
    """Orders of the last minute that the venue did not take, with the reason given most."""
    newest = trading.orders(account_id).values_list("status", "reason", "decided_ms")[:LOOKED_AT]
    reasons = [
        reason or "no reason given"
        for status, reason, decided in newest
        if status == "rejected" and decided >= now - REFUSED_MS_MAX
    ]
    if len(reasons) < REFUSED_MIN:
        return []
    return [
        {
            "key": "refused",
            "severity": 1,
            "text": "The venue refuses our orders",
            "detail": f"{len(reasons)} in the last minute: {max(set(reasons), key=reasons.count)}",
            "href": "/orders/?status=rejected",
        }
    ]
