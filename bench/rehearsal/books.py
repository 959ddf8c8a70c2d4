"""Our books beside the venue's: the database of one run against what the simulator says of the same wallet.

Runs where Django is set up for that run. Read ``compare`` first. All amounts are integers in millionths.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Sum

from bench.rehearsal.plan import Compared
from feeds.models import Outcome as ListedOutcome
from trading.models import Account, Entry, Fill, Order, WalletAction

FAILED: Final = "failed"


def compare(truth: Mapping[str, Any], wallet: str) -> Compared:
    """Hold the rehearsal account of ``wallet`` against the venue's truth about it."""
    found = Compared()
    account = Account.objects.filter(mode="rehearsal", name__iexact=wallet).order_by("-pk").first()
    if account is None:
        found.differences.append(f"no rehearsal account of {wallet} in the database")
        return found
    _orders(found, account, truth["orders"])
    _fills(found, account, truth["trades"])
    _cash(found, account, truth)
    _tokens(found, account, truth["tokens"])
    found.merges = WalletAction.objects.filter(account=account, kind="merge", state="confirmed").count()
    found.unknown_left = Order.objects.filter(account=account, status="unknown").count()
    return found


def _orders(found: Compared, account: Account, theirs: list[dict[str, Any]]) -> None:
    """Each accepted order must be one of ours, and no two of them may be of one decision."""
    ours = {row.order_id.lower(): row for row in Order.objects.filter(account=account)}
    found.orders = len(theirs)
    salts = Counter(str(order["salt"]) for order in theirs)
    found.duplicates += [f"salt {salt} in {count} orders" for salt, count in salts.items() if count > 1]
    keys = Counter(ours[order["id"].lower()].key for order in theirs if order["id"].lower() in ours)
    found.duplicates += [f"{key} has {count} orders" for key, count in keys.items() if count > 1]
    for order in theirs:
        row = ours.get(order["id"].lower())
        if row is None:
            found.differences.append(f"the venue has order {order['id'][:12]} that is in no row")
        elif row.filled != order["filled"]:
            found.differences.append(
                f"order {order['id'][:12]}: {row.filled} filled in its row, {order['filled']} at the venue"
            )


def _fills(found: Compared, account: Account, theirs: list[dict[str, Any]]) -> None:
    """Each trade of each order of ours is a fill, with the venue's shares, amount, fee and end."""
    rows: dict[str, list[Fill]] = {}
    for row in Fill.objects.filter(account=account):
        rows.setdefault(row.fill_id.partition(":")[0], []).append(row)
    told = {str(trade["id"]): trade for trade in theirs}
    found.lost += [f"trade {trade_id} is in no row" for trade_id in sorted(told.keys() - rows.keys())]
    found.differences += [
        f"trade {trade_id} is not the venue's" for trade_id in sorted(rows.keys() - told.keys())
    ]
    for trade_id in told.keys() & rows.keys():
        _trade(found, told[trade_id], rows[trade_id])


def _trade(found: Compared, told: Mapping[str, Any], rows: list[Fill]) -> None:
    """One trade may have met several of our orders; the venue states what they moved together."""
    found.fills += len(rows)
    failed = told["status"].lower() == FAILED
    found.failed_fills += len(rows) if failed else 0
    missing = set(told["orders"]) - {row.order.order_id for row in rows}
    found.lost += [f"trade {told['id']} of order {order_id[:12]} is in no row" for order_id in missing]
    mine = (sum(row.shares for row in rows), sum(row.amount for row in rows), sum(row.fee for row in rows))
    its = (told["shares"], told["amount"], told["fee"])
    if mine != its:
        found.differences.append(f"trade {told['id']}: {mine} in its rows, {its} at the venue")
    if any((row.status == FAILED) is not failed for row in rows):
        ends = ", ".join(row.status for row in rows)
        found.differences.append(f"trade {told['id']}: {ends} in its rows, {told['status']} at the venue")


def _cash(found: Compared, account: Account, truth: Mapping[str, Any]) -> None:
    mine = Entry.objects.filter(account=account).aggregate(total=Sum("usdc"))["total"] or 0
    if mine != truth["cash"]:
        found.differences.append(f"cash: {mine} by the ledger, {truth['cash']} at the venue")


def _tokens(found: Compared, account: Account, theirs: Mapping[str, int]) -> None:
    """Shares of every token, by the ledger and by the venue; one that only one of them knows counts as 0."""
    tokens = {(row.market_id, row.outcome_name): row.token_id for row in _listed()}
    mine: dict[str, int] = {}
    rows = Entry.objects.filter(account=account, outcome__isnull=False)
    for row in rows.values("market_id", "outcome").annotate(held=Sum(F("shares"))).order_by():
        if row["held"]:
            mine[tokens[str(row["market_id"]), str(row["outcome"])]] = row["held"]
    for token in sorted(mine.keys() | {token for token, held in theirs.items() if held}):
        if mine.get(token, 0) != theirs.get(token, 0):
            found.differences.append(
                f"token {token[:12]}: {mine.get(token, 0)} by the ledger, {theirs.get(token, 0)} at the venue"
            )


@dataclass(frozen=True, slots=True)
class _Listed:
    market_id: str
    outcome_name: str
    token_id: str


def _listed() -> list[_Listed]:
    return [
        _Listed(row.market_id, "yes" if row.index == 0 else "no", row.token_id)
        for row in ListedOutcome.objects.all()
    ]


def restless(wallet: str) -> str | None:
    """What of the account has not come to its end yet, in words; ``None`` when nothing moves any more."""
    account = Account.objects.filter(mode="rehearsal", name__iexact=wallet).order_by("-pk").first()
    if account is None:
        return "no account"
    moving = {
        "orders open": Order.objects.filter(account=account, closed_ms__isnull=True).count(),
        "fills unsettled": Fill.objects.filter(account=account)
        .exclude(status__in=("confirmed", FAILED))
        .count(),
        "wallet actions open": WalletAction.objects.filter(account=account)
        .exclude(state__in=("confirmed", FAILED))
        .count(),
    }
    confirmed = WalletAction.objects.filter(account=account, kind__in=("merge", "redeem"), state="confirmed")
    booked = Entry.objects.filter(account=account, note__in=confirmed.values("action_id"))
    moving["wallet actions unbooked"] = confirmed.exclude(action_id__in=booked.values("note")).count()
    left = [f"{count} {what}" for what, count in moving.items() if count]
    return ", ".join(left) or None
