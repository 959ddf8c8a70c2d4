"""Orders and fills as written down: filtered, paged, and as CSV of what is shown; and what waits for an answer."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from django import forms
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

from core.events import Evidence
from core.units import text
from dashboard import names, past
from dashboard.views.frame import draw, page
from infra import clock
from trading import selectors as trading

ROWS_A_PAGE: Final = 50
CSV_ROWS_MAX: Final = 10_000
NOBODY: Final = -1  # an account id that no row has
ORDER_STATES: Final = {
    "open": ("pending", "sent", "live", "delayed", "partial", "cancelling", "unknown"),
    "unknown": ("unknown",),
    "matched": ("matched",),
    "cancelled": ("cancelled", "expired", "never_landed"),
    "rejected": ("rejected",),
}
FILL_STATES: Final = {
    "provisional": ("matched", "mined", "retrying"),
    "confirmed": ("confirmed",),
    "failed": ("failed",),
}
QUEUE_MAX: Final = 20
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

R = TypeVar("R", bound=Model)


def choices(name: str, words: Iterable[str]) -> list[tuple[str, str]]:
    return [("", f"any {name}"), *((word, word) for word in words)]


class Wanted(forms.Form):
    """What orders and fills have in common. Anything else in the query is ignored."""

    market = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "market  /", "data-filter": True}),
    )
    outcome = forms.ChoiceField(required=False, choices=choices("outcome", ("yes", "no")))
    side = forms.ChoiceField(required=False, choices=choices("side", ("buy", "sell")))


class WantedOrders(Wanted):
    status = forms.ChoiceField(required=False, choices=choices("status", ORDER_STATES))


class WantedFills(Wanted):
    evidence = forms.ChoiceField(
        required=False, choices=choices("evidence", (kind.value for kind in Evidence))
    )
    settled = forms.ChoiceField(required=False, choices=choices("settlement", FILL_STATES))


def sound(wanted: Wanted) -> dict[str, Any]:
    """The fields that validate. One that does not filters nothing, and the others still count."""
    wanted.is_valid()
    return wanted.cleaned_data


def common(rows: QuerySet[R], wanted: Wanted) -> QuerySet[R]:
    """Rows that fit the fields both pages have. A field that does not validate filters nothing."""
    chosen = sound(wanted)
    if chosen.get("market"):
        rows = rows.filter(market_id__in=names.market_ids(chosen["market"]))
    exact = {field: chosen[field] for field in ("outcome", "side") if chosen.get(field)}
    return rows.filter(**exact)


def found_orders(query: QueryDict) -> tuple[WantedOrders, QuerySet[Any]]:
    wanted = WantedOrders(query)
    rows = common(trading.orders(past.account_in_use() or NOBODY), wanted)
    status = sound(wanted).get("status")
    return wanted, rows.filter(status__in=ORDER_STATES[status]) if status else rows


def found_fills(query: QueryDict) -> tuple[WantedFills, QuerySet[Any]]:
    wanted = WantedFills(query)
    rows = common(trading.fills(past.account_in_use() or NOBODY), wanted)
    evidence, settled = sound(wanted).get("evidence"), sound(wanted).get("settled")
    if evidence:
        rows = rows.filter(evidence=evidence)
    return wanted, rows.filter(status__in=FILL_STATES[settled]) if settled else rows


@page
def orders(request: HttpRequest) -> HttpResponse:
    wanted, rows = found_orders(request.GET)
    return listing(request, "console/orders.html", wanted, rows, more=waiting(), taken_back=True)


@page
def fills(request: HttpRequest) -> HttpResponse:
    return listing(request, "console/fills.html", *found_fills(request.GET))


def waiting() -> dict[str, Any]:
    """What has no answer yet: orders nobody answered for, oldest first, and what is under way on the chain."""
    account_id = past.account_in_use() or NOBODY
    now = clock.now_ms()
    unknown = trading.unknown_orders(account_id)
    queue = [(order, trading.waiting_for(order, now)) for order in unknown.reverse()[:QUEUE_MAX]]
    on_chain = trading.open_wallet_actions(account_id)
    ids = {order.market_id for order, _ in queue} | {
        action.market_id for action in on_chain if action.market_id
    }
    return {
        "unknown": queue,
        "unknown_count": unknown.count() if len(queue) == QUEUE_MAX else len(queue),
        "on_chain": on_chain[:QUEUE_MAX],
        "on_chain_count": len(on_chain),
        "waiting_titles": names.short_titles(ids),
    }


def listing(
    request: HttpRequest,
    template: str,
    wanted: Wanted,
    rows: QuerySet[Any],
    *,
    more: Mapping[str, Any] | None = None,
    taken_back: bool = False,
) -> HttpResponse:
    """One page of rows with the titles of their markets, and the query of its links."""
    shown = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return draw(
        request,
        template,
        {
            "wanted": wanted,
            "shown": shown,
            "titles": names.short_titles(row.market_id for row in shown),
            "query": query.urlencode(),
            "filtered": any(query.values()),
            "csv_rows_max": CSV_ROWS_MAX,
            "as_of": clock.now_ms(),
            "taken_back": past.taken_back(row.key for row in shown) if taken_back else {},
            **(more or {}),
        },
    )


@page
def orders_csv(request: HttpRequest) -> HttpResponse:
    rows = list(found_orders(request.GET)[1][:CSV_ROWS_MAX])
    reversed_shares = past.taken_back(row.key for row in rows)
    columns: dict[str, Callable[[Any], str]] = {
        "decided": lambda row: moment(row.decided_ms),
        "market_id": lambda row: row.market_id,
        "strategy": lambda row: row.strategy,
        "side": lambda row: row.side,
        "outcome": lambda row: row.outcome,
        "price": lambda row: text(row.price, 4),
        "shares": lambda row: text(row.shares, 6),
        "filled": lambda row: text(row.filled, 6),
        "reversed": lambda row: text(reversed_shares.get(row.key, 0), 6),
        "kind": lambda row: row.kind,
        "purpose": lambda row: row.purpose,
        "status": lambda row: row.status,
        "reason": lambda row: row.reason or "",
        "closed": lambda row: "" if row.closed_ms is None else moment(row.closed_ms),
        "order_id": lambda row: row.order_id,
    }
    return as_csv("orders.csv", columns, rows)


@page
def fills_csv(request: HttpRequest) -> HttpResponse:
    _, rows = found_fills(request.GET)
    columns: dict[str, Callable[[Any], str]] = {
        "heard": lambda row: moment(row.heard_ms),
        "market_id": lambda row: row.market_id,
        "side": lambda row: row.side,
        "outcome": lambda row: row.outcome,
        "shares": lambda row: text(row.shares, 6),
        "price": lambda row: row.price,
        "amount": lambda row: text(row.amount, 6),
        "fee": lambda row: text(row.fee, 6),
        "evidence": lambda row: row.evidence,
        "status": lambda row: row.status,
        "order_id": lambda row: row.order.order_id,
        "fill_id": lambda row: row.fill_id,
    }
    return as_csv("fills.csv", columns, rows[:CSV_ROWS_MAX])


def moment(ms: int) -> str:
    return clock.to_datetime(ms).isoformat(timespec="milliseconds")


def as_csv(name: str, columns: dict[str, Callable[[Any], str]], rows: Iterable[object]) -> HttpResponse:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(tame([value(row) for value in columns.values()]) for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def tame(cells: Sequence[str]) -> list[str]:
    """Text that a spreadsheet would run as a formula is quoted; no number of ours begins like one but a minus."""
    return [f"'{cell}" if cell.startswith(FORMULA) and not is_number(cell) else cell for cell in cells]


def is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdigit()
