"""What was earned, and the ledger's lines behind every figure of it."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, QueryDict

from core.units import text
from dashboard import names, past
from dashboard.views.frame import draw, page
from dashboard.views.records import CSV_ROWS_MAX, NOBODY, ROWS_A_PAGE, as_csv, choices, moment
from infra import clock
from infra.reading import one_reading
from trading import selectors as trading

DATE: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WantedEntries(forms.Form):
    """Which lines of the ledger. A field that does not validate filters nothing."""

    market = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "market  /", "data-filter": True}),
    )
    strategy = forms.ChoiceField(required=False, choices=choices("strategy", trading.STRATEGIES))
    kind = forms.ChoiceField(required=False, choices=choices("kind", trading.ENTRY_KINDS))
    since = forms.DateField(required=False, label="from", widget=DATE)
    until = forms.DateField(required=False, label="to", widget=DATE)


def found(query: QueryDict) -> tuple[WantedEntries, QuerySet[Any]]:
    """The lines that fit a query, newest first."""
    wanted = WantedEntries(query)
    wanted.is_valid()
    chosen = wanted.cleaned_data
    rows = trading.entries(past.account_in_use() or NOBODY)
    if chosen.get("market"):
        rows = rows.filter(market_id__in=names.market_ids(chosen["market"]) or [chosen["market"]])
    exact = {field: chosen[field] for field in ("strategy", "kind") if chosen.get(field)}
    return wanted, trading.entries_within(rows.filter(**exact), chosen.get("since"), chosen.get("until"))


@page
def pnl(request: HttpRequest) -> HttpResponse:
    """The browser asks the API for the figures; here: names of markets that the trader may have forgotten."""
    account_id = past.account_in_use()
    traded = trading.entries(account_id or NOBODY).order_by("market_id").values_list("market_id", flat=True)
    titles = names.short_titles(market for market in traded.distinct() if market)
    return draw(request, "console/pnl.html", {"account_id": account_id, "titles": titles})


@page
def entries(request: HttpRequest) -> HttpResponse:
    wanted, rows = found(request.GET)
    query = request.GET.copy()
    query.pop("page", None)
    with one_reading():
        shown = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
        shown.object_list = list(shown.object_list)
        sums = rows.order_by().aggregate(
            usdc=Sum("usdc", default=0),
            yes=Sum("shares", filter=Q(outcome="yes"), default=0),
            no=Sum("shares", filter=Q(outcome="no"), default=0),
        )
    return draw(
        request,
        "console/entries.html",
        {
            "wanted": wanted,
            "shown": shown,
            "sums": sums,
            "titles": names.short_titles(row.market_id for row in shown if row.market_id),
            "query": query.urlencode(),
            "filtered": any(query.values()),
            "csv_rows_max": CSV_ROWS_MAX,
            "as_of": clock.now_ms(),
        },
    )


@page
def entries_csv(request: HttpRequest) -> HttpResponse:
    _, rows = found(request.GET)
    columns: dict[str, Callable[[Any], str]] = {
        "number": lambda row: str(row.pk),
        "at": lambda row: moment(row.at_ms),
        "market_id": lambda row: row.market_id or "",
        "strategy": lambda row: row.strategy or "",
        "kind": lambda row: row.kind,
        "outcome": lambda row: row.outcome or "",
        "shares": lambda row: text(row.shares, 6),
        "usdc": lambda row: text(row.usdc, 6),
        "fill_id": lambda row: row.fill_id or "",
        "note": lambda row: row.note or "",
    }
    return as_csv("entries.csv", columns, rows[:CSV_ROWS_MAX])
