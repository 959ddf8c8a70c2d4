"""The live pages. The server draws their frame and hands over the first snapshot; the browser does the rest."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from dashboard import names
from dashboard.views.frame import draw, page
from risk import selectors as risk
from trading.selectors import board

HALTS_A_PAGE = 50


@page
def overview(request: HttpRequest) -> HttpResponse:
    return draw(request, "console/overview.html", {})


@page
def markets(request: HttpRequest) -> HttpResponse:
    return draw(request, "console/markets.html", {})


@page
def market(request: HttpRequest, market_id: str) -> HttpResponse:
    """One market: known to the trader now, or to the database. 404 for neither."""
    published = board()
    row = None if published is None else published.rows.get(f"market:{market_id}")
    title = row["title"] if row is not None else names.market_titles([market_id]).get(market_id)
    if title is None:
        return draw(request, "console/no_market.html", {"market_id": market_id}, status=404)
    tick = row["tick"] if row is not None else "0.01"
    return draw(request, "console/market.html", {"market_id": market_id, "title": title, "tick": tick})


@page
def halts(request: HttpRequest) -> HttpResponse:
    """Every halt there was, how it was proven and ended; and the record of controls."""
    record = Paginator(risk.audit_rows(), HALTS_A_PAGE).get_page(request.GET.get("page"))
    recent = list(risk.market_halt_rows()[:HALTS_A_PAGE])
    ids = {halt.market_id for halt in recent} | {row.target for row in record if row.target is not None}
    return draw(
        request,
        "console/halts.html",
        {
            "halts": risk.halt_rows()[:HALTS_A_PAGE],
            "market_halts": recent,
            "record": record,
            "titles": names.short_titles(ids),
        },
    )
