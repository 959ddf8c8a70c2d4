"""What was agreed and how near we are to it, what stands still and why, and the halts there were."""

from collections.abc import Callable
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from dashboard import names
from dashboard.views.frame import draw, page
from dashboard.views.records import as_csv
from risk import selectors

HALTS_A_PAGE: Final = 20
CSV_ROWS_MAX: Final = 500  # each with its rounds and reports


@page
def risk(request: HttpRequest) -> HttpResponse:
    """The live panels are the browser's; the history is drawn here, as of now."""
    keys = Paginator(selectors.halt_keys(), HALTS_A_PAGE).get_page(request.GET.get("page"))
    halts = selectors.past_halts(keys)
    return draw(
        request,
        "console/risk.html",
        {
            "shown": keys,
            "halts": halts,
            "titles": names.short_titles(halt.market_id for halt in halts if halt.market_id is not None),
        },
    )


@page
def halts_csv(request: HttpRequest) -> HttpResponse:
    """Every halt there was, newest first."""
    rows = selectors.past_halts(selectors.halt_keys()[:CSV_ROWS_MAX])
    columns: dict[str, Callable[[Any], str]] = {
        "began": lambda halt: halt.began.isoformat(timespec="milliseconds"),
        "market_id": lambda halt: halt.market_id or "",
        "why": lambda halt: halt.code,
        "detail": lambda halt: halt.detail,
        "by": lambda halt: halt.by,
        "pressed": lambda halt: str(len(halt.rounds)),
        "proven_after_ms": lambda halt: "" if halt.proof_ms is None else str(halt.proof_ms),
        "ended": lambda halt: "" if halt.ended is None else halt.ended.isoformat(timespec="milliseconds"),
        "ended_by": lambda halt: halt.ended_by or "",
        "ended_reason": lambda halt: halt.ended_reason or "",
    }
    return as_csv("halts.csv", columns, rows)


@page
def halts(request: HttpRequest) -> HttpResponse:
    """The page they had before there was one for risk."""
    return redirect(f"{reverse('console:risk')}#history")
