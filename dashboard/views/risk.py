"""What was agreed and how near we are to it, what stands still and why, and the halts there were."""

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from dashboard import names
from dashboard.views.frame import draw, page
from risk import selectors

HALTS_A_PAGE: Final = 20


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
def halts(request: HttpRequest) -> HttpResponse:
    """The page they had before there was one for risk."""
    return redirect(f"{reverse('console:risk')}#history")
