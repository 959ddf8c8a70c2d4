"""The audit: who used which control, from where, why, and what it changed."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

from dashboard import names
from dashboard.differences import Difference, differences
from dashboard.views.frame import draw, page
from dashboard.views.records import CSV_ROWS_MAX, as_csv
from infra import clock
from risk import selectors as risk

LINKS_A_PAGE: Final = 50
NUMBER_DIGITS: Final = 18
SPANS: Final = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
BETWEEN: Final = "between"
DATE_TIME: Final = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")

Links = QuerySet[Any]


class WantedLinks(forms.Form):
    """Which links of the chain. A field that does not validate filters nothing."""

    text = forms.CharField(
        required=False,
        max_length=100,
        label="who, what it was about, or why",
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "who, on what, why  /", "data-filter": True}
        ),
    )
    what = forms.ChoiceField(required=False, label="control")
    outcome = forms.ChoiceField(
        required=False, choices=[("", "any outcome"), ("done", "done"), ("refused", "refused")]
    )
    when = forms.ChoiceField(
        required=False,
        choices=[
            ("", "any time"),
            ("hour", "last hour"),
            ("day", "last 24 hours"),
            ("week", "last 7 days"),
            ("month", "last 30 days"),
            (BETWEEN, "between …"),
        ],
    )
    since = forms.DateTimeField(
        required=False,
        label="from, UTC",
        input_formats=DATE_TIME,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DATE_TIME[0]),
    )
    until = forms.DateTimeField(
        required=False,
        label="until, UTC",
        input_formats=DATE_TIME,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DATE_TIME[0]),
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        control = self.fields["what"]
        assert isinstance(control, forms.ChoiceField), "declared above"
        control.choices = [("", "any control"), *((what, what) for what in risk.controls_used())]


def found(query: QueryDict, now: datetime) -> tuple[WantedLinks, Links]:
    """The links that fit a query, newest first."""
    wanted = WantedLinks(query)
    wanted.is_valid()
    chosen = wanted.cleaned_data
    rows = risk.audit_rows()
    exact = {field: chosen[field] for field in ("what", "outcome") if chosen.get(field)}
    rows = rows.filter(**exact)
    if chosen.get("text"):
        rows = rows.filter(about(chosen["text"]))
    since, until = span(chosen, now)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return wanted, rows if until is None else rows.filter(at__lte=until)


def about(text: str) -> Q:
    """Links whose person, address, target or reason has ``text`` in it; a market by its name too, a link by its
    number.
    """
    markets = names.market_ids(text)
    number = Q(number=int(text)) if text.isdecimal() and len(text) < NUMBER_DIGITS else Q()
    plain = Q(who__icontains=text) | Q(from_address__icontains=text) | Q(reason__icontains=text)
    return plain | Q(target__icontains=text) | Q(target__in=markets) | number


def span(chosen: dict[str, Any], now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when until when; ``None`` where it is open."""
    when = chosen.get("when")
    if when in SPANS:
        return now - SPANS[when], None
    if when == BETWEEN:
        return chosen.get("since"), chosen.get("until")
    return None, None


@page
def audit(request: HttpRequest) -> HttpResponse:
    now = clock.to_datetime(clock.now_ms())
    wanted, rows = found(request.GET, now)
    shown = Paginator(rows, LINKS_A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return draw(
        request,
        "console/audit.html",
        {
            "wanted": wanted,
            "shown": shown,
            "links": [(link, changes(link)) for link in shown],
            "titles": names.short_titles(link.target for link in shown if link.target),
            "query": query.urlencode(),
            "filtered": any(query.values()),
            "csv_rows_max": CSV_ROWS_MAX,
        },
    )


def changes(link: Any) -> list[Difference]:  # noqa: ANN401 a row of risk, whose models stay there
    """What a link says was changed; nothing for a refusal, whose words are shown by themselves."""
    return [] if "refused" in link.after else differences(link.before, link.after)


@page
def audit_csv(request: HttpRequest) -> HttpResponse:
    _, rows = found(request.GET, clock.to_datetime(clock.now_ms()))
    columns: dict[str, Callable[[Any], str]] = {
        "number": lambda link: str(link.number),
        "at": lambda link: link.at.isoformat(timespec="milliseconds"),
        "who": lambda link: link.who,
        "role": lambda link: link.role,
        "from": lambda link: link.from_address,
        "control": lambda link: link.what,
        "on": lambda link: link.target or "",
        "outcome": lambda link: link.outcome,
        "reason": lambda link: link.reason,
        "before": lambda link: json.dumps(link.before, sort_keys=True),
        "after": lambda link: json.dumps(link.after, sort_keys=True),
        "digest": lambda link: link.digest,
    }
    return as_csv("audit.csv", columns, rows[:CSV_ROWS_MAX])
