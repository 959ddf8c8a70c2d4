"""The live pages. The server draws their frame and hands over the first snapshot; the browser does the rest."""

from django.http import HttpRequest, HttpResponse

from dashboard import names
from dashboard.views.frame import draw, page
from trading.selectors import board


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
